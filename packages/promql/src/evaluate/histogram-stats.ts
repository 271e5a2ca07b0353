/** Histograms of which only sums and counts will be looked at: Prometheus leaves their buckets behind, and with them what
 *  can only be seen in buckets. It looks for resets as long as it has them. Source: Prometheus 3.15, HistogramStatsIterator. */
import { isReset } from '../histogram/compare.ts';
import type { CounterResetHint, Histogram } from '../histogram/histogram.ts';
import type { SampleColumns } from '../storage/sample-columns.ts';

/** Leaves of each histogram its sum, count, schema and hint, which is set where it has none and comes behind another one. */
export function keepStats({ histograms, length }: SampleColumns): void {
  if (histograms === undefined) return;
  let before: Histogram | undefined;
  for (let at = 0; at < length; at++) {
    const current = histograms[at];
    if (current === undefined) continue;
    histograms[at] = statsOf(current, hintOf(current, before));
    before = current;
  }
}

function hintOf(current: Histogram, before: Histogram | undefined): CounterResetHint {
  if (current.counterResetHint !== 'unknown' || before === undefined) return current.counterResetHint;
  return isReset(current, before) ? 'reset' : 'not_reset';
}

function statsOf({ schema, count, sum }: Histogram, counterResetHint: CounterResetHint): Histogram {
  return { ...NO_BUCKETS, schema, count, sum, counterResetHint };
}

const NO_BUCKETS = {
  zeroThreshold: 0,
  zeroCount: 0,
  positiveSpans: [],
  negativeSpans: [],
  positiveBuckets: [],
  negativeBuckets: [],
  customValues: [],
} as const;
