/** Native histograms from the log to the wire. */
import type { CounterResetHint, Histogram } from '@vigie/promql/histogram/histogram';
import type { NativeHistogram, ResetHint } from '@vigie/wire/native-histogram';

const HINTS: Readonly<Record<CounterResetHint, ResetHint>> = {
  unknown: 'unknown',
  reset: 'yes',
  not_reset: 'no',
  gauge: 'gauge',
};

/** A series of histograms ends with one of its kind: receivers may read the floats of a request before its histograms. */
export const STALE_HISTOGRAM: NativeHistogram = {
  isFloat: false,
  schema: 0,
  zeroThreshold: 0,
  zeroCount: 0,
  count: 0,
  sum: 0,
  positiveSpans: [],
  positiveCounts: [],
  negativeSpans: [],
  negativeCounts: [],
  customValues: [],
  resetHint: 'unknown',
  isStale: true,
};

/** Counts are whole on the wire where all of them are: the log does not say what the target had. */
export function toNativeHistogram(histogram: Histogram): NativeHistogram {
  const { counterResetHint, schema, zeroThreshold, zeroCount, count, sum, positiveSpans, negativeSpans } = histogram;
  const { positiveBuckets, negativeBuckets, customValues } = histogram;
  const counts = [zeroCount, count, ...positiveBuckets, ...negativeBuckets];
  return {
    isFloat: !counts.every((value) => Number.isSafeInteger(value) && value >= 0),
    schema,
    zeroThreshold,
    zeroCount,
    count,
    sum,
    positiveSpans,
    positiveCounts: positiveBuckets,
    negativeSpans,
    negativeCounts: negativeBuckets,
    customValues,
    resetHint: HINTS[counterResetHint],
    isStale: false,
  };
}
