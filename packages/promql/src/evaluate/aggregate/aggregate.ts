/** Aggregations by their operator. */
import type { VectorBlock } from '../block.ts';
import { type Evaluation, release, type Steps } from '../evaluation.ts';
import { evaluationError } from '../failure.ts';
import { isMetadataName } from '../label-cache.ts';
import type { AggregationPlan } from '../plan.ts';
import { countValues } from './count-values.ts';
import { pick, pickingOf } from './pick.ts';
import { aggregateQuantile } from './quantile.ts';
import { Reducer, reductionOf } from './reduce.ts';

export async function evaluateAggregation(
  evaluation: Evaluation,
  plan: AggregationPlan,
  steps: Steps,
): Promise<VectorBlock> {
  const reduction = reductionOf(plan.operator);
  if (reduction !== undefined) {
    const reducer = new Reducer(evaluation, plan, reduction, steps.count);
    if (looksAtNames(plan)) {
      const input = await evaluation.vector(plan.expr, steps);
      await reducer.take(input);
      release(evaluation, input);
    } else await evaluation.rows(plan.expr, steps, (batch) => reducer.take(batch));
    return reducer.finish();
  }
  const { param } = plan;
  const isLabel = param === undefined || param.kind === 'string';
  const params = isLabel ? undefined : await evaluation.scalar(param, steps);
  const input = await (looksAtNames(plan) ? evaluation.vector : evaluation.nameless)(plan.expr, steps);
  const output = await aggregate(evaluation, plan, params, param?.kind === 'string' ? param.value : '', input);
  release(evaluation, input);
  return output;
}

/** Those that count values or pick series show labels of the series themselves. */
function looksAtNames({ operator, grouping, without }: AggregationPlan): boolean {
  if (reductionOf(operator) === undefined && operator !== 'quantile') return true;
  return !without && grouping.some(isMetadataName);
}

function aggregate(
  evaluation: Evaluation,
  plan: AggregationPlan,
  params: Float64Array | undefined,
  label: string,
  input: VectorBlock,
): Promise<VectorBlock> {
  if (plan.operator === 'count_values') return countValues(evaluation, plan, label, input);
  if (params === undefined) throw evaluationError(`${plan.operator} without its parameter`);
  const picking = pickingOf(plan.operator);
  if (picking !== undefined) return pick(evaluation, plan, picking, params, input);
  return aggregateQuantile(evaluation, plan, params, input);
}
