/** What neighbours say of resets, where only sums and counts of histograms will be looked at: Prometheus leaves the buckets
 *  of those behind, and looks for resets as long as it still has them. Source: Prometheus, HistogramStatsIterator. */
import { isReset } from '../histogram/compare.ts';
import type { Histogram } from '../histogram/histogram.ts';
import type { SampleColumns } from '../storage/sample-columns.ts';

/** Sets the hint of each histogram that has none and comes behind another one. */
export function detectResets({ histograms, length }: SampleColumns): void {
  if (histograms === undefined) return;
  let before: Histogram | undefined;
  for (let at = 0; at < length; at++) {
    const current = histograms[at];
    if (current === undefined) continue;
    if (current.counterResetHint === 'unknown' && before !== undefined) {
      histograms[at] = { ...current, counterResetHint: isReset(current, before) ? 'reset' : 'not_reset' };
    }
    before = current;
  }
}
