/** sum_over_time and avg_over_time of histograms. */
import type { Histogram } from '../../histogram/histogram.ts';
import { TEXT } from '../annotations.ts';
import { HistogramSum } from '../histogram-sum.ts';
import type { RangeWindow } from '../range-window.ts';

export function sumHistograms(window: RangeWindow): void {
  const sum = total(window);
  if (sum !== undefined) window.giveHistogram(sum.sum());
}

export function averageHistograms(window: RangeWindow): void {
  const sum = total(window);
  if (sum !== undefined) window.giveHistogram(sum.average());
}

function total(window: RangeWindow): HistogramSum | undefined {
  const histograms: readonly Histogram[] = window.samples.histograms;
  const sum = new HistogramSum(histograms[window.histogramFrom]!);
  for (let at = window.histogramFrom + 1; at < window.histogramTo; at++) {
    if (!sum.add(histograms[at]!)) {
      window.warn(TEXT.mixedSchemas(window.metricName));
      return undefined;
    }
  }
  if (sum.resetsCollide) window.warn(TEXT.resetCollision('aggregation'));
  if (sum.boundsReconciled) window.info(TEXT.boundsReconciled('aggregation'));
  return sum;
}
