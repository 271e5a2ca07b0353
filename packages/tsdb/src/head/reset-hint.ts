/** What is known of counter resets when a histogram is stored, as Prometheus' storage knows it: that it goes on from the one
 *  before it. A reset is not marked as one (prometheus#15346): evaluation looks for itself. */
import { isReset } from '@vigie/promql/histogram/compare';
import type { CounterResetHint, Histogram } from '@vigie/promql/histogram/histogram';

/** @param before the sample before it in its series, if that is a histogram and still uncompressed
 *  Cost: a comparison of their buckets. */
export function withResetHint(histogram: Histogram, before: Histogram | undefined): Histogram {
  if (histogram.counterResetHint === 'gauge') return histogram;
  const counterResetHint = hintOf(histogram, before);
  return counterResetHint === histogram.counterResetHint ? histogram : { ...histogram, counterResetHint };
}

/** For one that another has come in before. */
export function withoutHint(histogram: Histogram): Histogram {
  const { counterResetHint } = histogram;
  if (counterResetHint === 'gauge' || counterResetHint === 'unknown') return histogram;
  return { ...histogram, counterResetHint: 'unknown' };
}

function hintOf(histogram: Histogram, before: Histogram | undefined): CounterResetHint {
  if (before === undefined || before.counterResetHint === 'gauge' || histogram.counterResetHint === 'reset')
    return 'unknown';
  if (histogram.schema !== before.schema || histogram.zeroThreshold !== before.zeroThreshold) return 'unknown';
  return isReset({ ...histogram, counterResetHint: 'unknown' }, before) ? 'unknown' : 'not_reset';
}
