/** `smoothed` behind an instant vector: interpolates between the samples around a step. Source: Prometheus,
 *  promql/engine.go, smoothSeries. */
import { SampleColumns } from '../storage/sample-columns.ts';
import type { VectorBlock } from './block.ts';
import { type Evaluation, keep, lastStepMs, newBlock, type Steps } from './evaluation.ts';
import { evaluationError } from './failure.ts';
import type { VectorPlan } from './plan.ts';
import { RangeSamples } from './range-samples.ts';
import { referenceMs, selectSeries } from './select.ts';

export async function evaluateSmoothed(evaluation: Evaluation, plan: VectorPlan, steps: Steps): Promise<VectorBlock> {
  const { budget, lookbackMs } = evaluation;
  const range = plan.sees ?? {
    fromMs: referenceMs(plan, steps.startMs) - lookbackMs + 1,
    toMs: referenceMs(plan, lastStepMs(steps)) + lookbackMs,
  };
  const hints = { ...plan.use, stepMs: steps.stepMs, rangeMs: 0 };
  const series = await selectSeries(evaluation, plan.matchers, range, hints);
  const block = newBlock(evaluation, steps.count, series.length);
  const columns = new SampleColumns();
  const samples = new RangeSamples();
  for (const one of series) {
    if (budget.isDue()) await budget.pause();
    columns.clear();
    one.read(range, columns);
    samples.take(columns);
    if (samples.histogramCount > 0) {
      throw evaluationError('smoothed and anchored modifiers do not work with native histograms');
    }
    const row = block.addRow(one.labels, false);
    for (let step = 0; step < steps.count; step++) {
      const atMs = referenceMs(plan, steps.startMs + step * steps.stepMs);
      const value = smoothedAt(samples, atMs, lookbackMs);
      if (value !== undefined) block.setFloat(row * steps.count + step, value);
    }
    if (block.isEmptyRow(row)) block.removeLastRow();
  }
  return keep(evaluation, block);
}

function smoothedAt({ times, values, floatCount }: RangeSamples, atMs: number, lookbackMs: number): number | undefined {
  let next = 0;
  while (next < floatCount && times[next]! < atMs) next++;
  if (next < floatCount && times[next] === atMs) return values[next];
  const before = next - 1;
  if (before < 0 || times[before]! <= atMs - lookbackMs) return undefined;
  const first = values[before]!;
  if (next >= floatCount || times[next]! > atMs + lookbackMs) return first;
  return first + ((values[next]! - first) * (atMs - times[before]!)) / (times[next]! - times[before]!);
}
