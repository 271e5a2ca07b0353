/** Native histograms from the wire to the head. */
import type { CounterResetHint, Histogram } from '@vigie/promql/histogram/histogram';
import type { NativeHistogram, ResetHint } from '@vigie/wire/native-histogram';

const HINTS: Readonly<Record<ResetHint, CounterResetHint>> = {
  unknown: 'unknown',
  yes: 'reset',
  no: 'not_reset',
  gauge: 'gauge',
};

/** @param histogram not a stale one, which a head has as the float that says so */
export function toHistogram(histogram: NativeHistogram): Histogram {
  const { schema, zeroThreshold, zeroCount, count, sum, positiveSpans, negativeSpans, customValues } = histogram;
  return {
    counterResetHint: HINTS[histogram.resetHint],
    schema,
    zeroThreshold,
    zeroCount,
    count,
    sum,
    positiveSpans,
    negativeSpans,
    positiveBuckets: histogram.positiveCounts,
    negativeBuckets: histogram.negativeCounts,
    customValues,
  };
}
