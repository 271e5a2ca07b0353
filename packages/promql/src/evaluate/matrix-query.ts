/** Range vectors as the answer of an instant query: `up[5m]`, and subqueries. */
import { SampleColumns } from '../storage/sample-columns.ts';
import type { Evaluation, Steps } from './evaluation.ts';
import { evaluationError } from './failure.ts';
import { finishNames } from './finish-names.ts';
import type { MatrixPlan, Plan, SubqueryPlan } from './plan.ts';
import { RangeSamples } from './range-samples.ts';
import { type RangeSeries, rangeSeries, sortSeries } from './result.ts';
import { referenceMs, selectSeries } from './select.ts';
import { evaluateSubquery } from './subquery.ts';

/** @param steps a single one */
export async function evaluateMatrix(
  evaluation: Evaluation,
  plan: Plan,
  steps: Steps,
): Promise<readonly RangeSeries[]> {
  if (plan.kind === 'invariant') return evaluateMatrix(evaluation, plan.expr, steps);
  if (plan.kind === 'matrix') return selectMatrix(evaluation, plan, steps);
  if (plan.kind === 'subquery') return evaluateSubqueryMatrix(evaluation, plan, steps);
  throw evaluationError(`${plan.kind} is not a range vector`);
}

async function evaluateSubqueryMatrix(
  evaluation: Evaluation,
  plan: SubqueryPlan,
  steps: Steps,
): Promise<readonly RangeSeries[]> {
  const { block, steps: inner } = await evaluateSubquery(evaluation, plan, steps);
  return rangeSeries(finishNames(evaluation, block), inner);
}

async function selectMatrix(evaluation: Evaluation, plan: MatrixPlan, steps: Steps): Promise<readonly RangeSeries[]> {
  const { budget, lookbackMs } = evaluation;
  const { vector, lengthMs } = plan;
  const toMs = referenceMs(vector, steps.startMs);
  const startMs = toMs - lengthMs;
  const isExtended = vector.modifier !== undefined;
  const range = {
    fromMs: startMs - (isExtended ? lookbackMs : 0) + 1,
    toMs: toMs + (vector.modifier === 'smoothed' ? lookbackMs : 0),
  };
  const hints = { ...vector.use, stepMs: steps.stepMs, rangeMs: lengthMs };
  const found: RangeSeries[] = [];
  const columns = new SampleColumns();
  const samples = new RangeSamples();
  for (const one of await selectSeries(evaluation, vector.matchers, range, hints)) {
    if (budget.isDue()) await budget.pause();
    columns.clear();
    one.read(range, columns);
    samples.take(columns);
    const count = samples.floatCount + samples.histogramCount;
    if (count === 0) continue;
    budget.countRead(count, count);
    budget.holdSamples(count);
    budget.holdBytes(16 * count);
    const series = isExtended
      ? extended(one.labels, samples, startMs, toMs, vector.modifier === 'smoothed')
      : copied(one.labels, samples);
    if (series !== undefined) found.push(series);
  }
  return sortSeries(found);
}

function copied(labels: RangeSeries['labels'], samples: RangeSamples): RangeSeries {
  const { floatCount, histogramCount, times, values } = samples;
  if (histogramCount === 0) {
    return {
      labels,
      timestampsMs: times.slice(0, floatCount),
      values: values.slice(0, floatCount),
      histograms: undefined,
    };
  }
  const floats = Array.from({ length: floatCount }, (_, at) => ({
    timeMs: times[at]!,
    value: values[at]!,
    histogram: undefined,
  }));
  const others = samples.histograms.map((histogram, at) => ({
    timeMs: samples.histogramTimes[at]!,
    value: 0,
    histogram,
  }));
  const all = [...floats, ...others].sort((a, b) => a.timeMs - b.timeMs);
  return {
    labels,
    timestampsMs: Float64Array.from(all, ({ timeMs }) => timeMs),
    values: Float64Array.from(all, ({ value }) => value),
    histograms: all.map(({ histogram }) => histogram),
  };
}

/** With a sample at both ends, for `anchored` and `smoothed`. */
function extended(
  labels: RangeSeries['labels'],
  samples: RangeSamples,
  startMs: number,
  endMs: number,
  isSmoothed: boolean,
): RangeSeries | undefined {
  if (samples.histogramCount > 0) throw evaluationError('anchored modifier is not supported with histograms');
  const { times, values, floatCount } = samples;
  let last = floatCount - 1;
  let first = 0;
  while (first < last && times[first]! <= startMs) first++;
  first = Math.max(0, first - 1);
  if (isSmoothed) {
    let end = 0;
    while (end < last && times[end]! < endMs) end++;
    last = end;
  }
  if (times[last]! <= startMs) return undefined;
  const between = (a: number, b: number, atMs: number): number =>
    values[a]! + ((values[b]! - values[a]!) * (atMs - times[a]!)) / (times[b]! - times[a]!);
  const left = isSmoothed && times[first]! < startMs ? between(first, first + 1, startMs) : values[first]!;
  const right = isSmoothed && last > 0 && times[last]! > endMs ? between(last - 1, last, endMs) : values[last]!;
  if (times[first]! <= startMs) first++;
  if (times[last]! >= endMs) last--;
  const inner = { from: first, to: Math.max(first, last + 1) };
  return {
    labels,
    timestampsMs: Float64Array.of(startMs, ...times.slice(inner.from, inner.to), endMs),
    values: Float64Array.of(left, ...values.slice(inner.from, inner.to), right),
    histograms: undefined,
  };
}
