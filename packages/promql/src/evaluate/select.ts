/** Series of a selector: found in the storage, and looked up at each step. */
import type { Matcher } from '../labels/matcher.ts';
import type { Selection, StoredSeries, TimeRange } from '../storage/querier.ts';
import { SampleColumns } from '../storage/sample-columns.ts';
import type { VectorBlock } from './block.ts';
import { type Evaluation, keep, lastStepMs, newBlock, type Steps } from './evaluation.ts';
import { keepStats } from './histogram-stats.ts';
import { hasOnlyName, selectsOneName } from './one-name.ts';
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

export async function evaluateSelector(evaluation: Evaluation, plan: VectorPlan, steps: Steps): Promise<VectorBlock> {
  return selectInstants(evaluation, plan, steps, (columns, at) => columns.values[at]!);
}

/** The newest sample in (reference - lookback, reference] unless it is a staleness marker.
 *  @param toValue what becomes of a sample; histograms stay histograms where it is not given for them */
export async function selectInstants(
  evaluation: Evaluation,
  plan: VectorPlan,
  steps: Steps,
  toValue: (columns: SampleColumns, at: number) => number,
  histogramsToo = false,
): Promise<VectorBlock> {
  const { budget, lookbackMs } = evaluation;
  const fromMs = referenceMs(plan, steps.startMs) - lookbackMs + 1;
  const toMs = referenceMs(plan, lastStepMs(steps));
  const series = await selectSeries(
    evaluation,
    plan.matchers,
    { fromMs, toMs },
    { ...plan.use, stepMs: steps.stepMs, rangeMs: 0 },
  );
  const block = newBlock(evaluation, steps.count, series.length);
  const columns = new SampleColumns();
  let isDistinct = selectsOneName(plan.matchers);
  for (const one of series) {
    if (budget.isDue()) await budget.pause();
    columns.clear();
    one.read({ fromMs, toMs }, columns);
    if (columns.length === 0) continue;
    if (plan.isStatsOnly) keepStats(columns);
    if (isDistinct) isDistinct = hasOnlyName(one.labels);
    const row = block.addRow(one.labels, false);
    if (!fillRow(block, row, columns, plan, steps, lookbackMs, toValue, histogramsToo)) block.removeLastRow();
  }
  block.isDistinct = isDistinct;
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
  let next = 0;
  let isFound = false;
  let cell = row * block.steps;
  for (let step = 0; step < steps.count; step++, cell++) {
    const atMs = referenceMs(plan, steps.startMs + step * steps.stepMs);
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
