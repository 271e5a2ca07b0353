/** histogram_count, _sum, _avg, _stddev and _stdvar: a number of each native histogram. */
import type { Histogram } from '../../histogram/histogram.ts';
import { histogramVariance } from '../../histogram/variance.ts';
import { ABSENT, type VectorBlock } from '../block.ts';
import type { Evaluation } from '../evaluation.ts';
import { dropEmptyRows, dropNames, mapCells } from '../map-rows.ts';

export const HISTOGRAM_VALUES: ReadonlyMap<string, (histogram: Histogram) => number> = new Map([
  ['histogram_avg', ({ sum, count }) => sum / count],
  ['histogram_count', ({ count }) => count],
  ['histogram_stddev', (histogram) => Math.sqrt(histogramVariance(histogram))],
  ['histogram_stdvar', histogramVariance],
  ['histogram_sum', ({ sum }) => sum],
]);

/** Floats go. */
export async function mapHistograms(
  evaluation: Evaluation,
  block: VectorBlock,
  numberOf: (histogram: Histogram) => number,
): Promise<VectorBlock> {
  await mapCells(evaluation, block, (cell) => {
    const histogram = block.histogramAt(cell);
    if (histogram === undefined) block.kinds[cell] = ABSENT;
    else block.setFloat(cell, numberOf(histogram));
  });
  block.histograms = undefined;
  return dropNames(evaluation, dropEmptyRows(block));
}
