/** Series of a selector: found in the storage, and looked up at each step. */
import type { Matcher } from '../labels/matcher.ts';
import type { Selection, StoredSeries, TimeRange } from '../storage/querier.ts';
import { SampleColumns } from '../storage/sample-columns.ts';
import type { VectorBlock } from './block.ts';
import {
  batchRows,
  type Evaluation,
  handOver,
  isBatch,
  keep,
  lastStepMs,
  newBlock,
  type Steps,
  type TakeRows,
} from './evaluation.ts';
import { keepStats } from './histogram-stats.ts';
import { areApartWithoutNames } from './one-name.ts';
import type { VectorPlan } from './plan.ts';

/** @param use hints beyond the range */
export async function selectSeries(
  evaluation: Evaluation,
  matchers: readonly Matcher[],
  range: TimeRange,
  hints: Selection['hints'],
): Promise<readonly StoredSeries[]> {
  const { querier, budget, annotations } = evaluation;
  budget.check();
  const { series, warnings } = await querier.select({ matchers, range, hints }, budget.signal);
  for (const warning of warnings) annotations.storageWarning(warning);
  budget.check();
  budget.checkSeries(series.length);
  return series;
}

/** Where the selector looks at a step: its own time if it has one, moved by its offset. */
export function referenceMs({ atMs, offsetMs }: VectorPlan, stepMs: number): number {
  return (atMs ?? stepMs) - offsetMs;
}

/** @param take given rows in parts; the rest is returned */
export async function evaluateSelector(
  evaluation: Evaluation,
  plan: VectorPlan,
  steps: Steps,
  take?: TakeRows,
): Promise<VectorBlock> {
  return selectInstants(evaluation, plan, steps, (columns, at) => columns.values[at]!, false, take);
}

/** The newest sample in (reference - lookback, reference] unless it is a staleness marker.
 *  @param toValue what becomes of a sample; histograms stay histograms where it is not given for them
 *  @param take given rows in parts; the rest is returned */
export async function selectInstants(
  evaluation: Evaluation,
  plan: VectorPlan,
  steps: Steps,
  toValue: (columns: SampleColumns, at: number) => number,
  histogramsToo = false,
  take?: TakeRows,
): Promise<VectorBlock> {
  const { budget, lookbackMs } = evaluation;
  const range = plan.sees ?? {
    fromMs: referenceMs(plan, steps.startMs) - lookbackMs + 1,
    toMs: referenceMs(plan, lastStepMs(steps)),
  };
  const series = await selectSeries(evaluation, plan.matchers, range, {
    ...plan.use,
    stepMs: steps.stepMs,
    rangeMs: 0,
  });
  const rows = take === undefined ? series.length : batchRows(steps.count, series.length);
  const block = newBlock(evaluation, steps.count, rows);
  block.isDistinct = areApartWithoutNames(plan.matchers, series);
  const columns = new SampleColumns();
  // Whether a histogram goes on from the one before it shows beside that one only; and what is seen may reach beyond the step.
  const readsNewest = steps.count === 1 && !plan.isStatsOnly && plan.sees === undefined;
  for (const one of series) {
    if (budget.isDue()) await budget.pause();
    columns.clear();
    if (readsNewest) one.readNewest(range, columns);
    else one.read(range, columns);
    if (columns.length === 0) continue;
    if (plan.isStatsOnly) keepStats(columns);
    const row = block.addRow(one.labels, false);
    if (!fillRow(block, row, columns, plan, steps, lookbackMs, toValue, histogramsToo)) block.removeLastRow();
    if (take === undefined || !isBatch(block)) continue;
    const samples = block.countSamples();
    budget.countRead(samples, samples);
    await handOver(evaluation, block, take);
  }
  keep(evaluation, block);
  budget.countRead(block.heldSamples, block.heldSamples);
  return block;
}

/** @returns whether any step has a value */
function fillRow(
  block: VectorBlock,
  row: number,
  columns: SampleColumns,
  plan: VectorPlan,
  steps: Steps,
  lookbackMs: number,
  toValue: (columns: SampleColumns, at: number) => number,
  histogramsToo: boolean,
): boolean {
  const { timestampsMs, length } = columns;
  const firstMs = referenceMs(plan, steps.startMs);
  let next = 0;
  let isFound = false;
  let cell = row * block.steps;
  for (let step = 0; step < steps.count; step++, cell++) {
    const atMs = plan.atMs === undefined ? firstMs + step * steps.stepMs : firstMs;
    while (next < length && timestampsMs[next]! <= atMs) next++;
    const at = next - 1;
    if (at < 0 || timestampsMs[at]! <= atMs - lookbackMs || columns.isStale(at)) continue;
    isFound = true;
    const histogram = columns.histograms?.[at];
    if (histogram !== undefined && !histogramsToo) block.setHistogram(cell, histogram);
    else block.setFloat(cell, toValue(columns, at));
  }
  return isFound;
}
