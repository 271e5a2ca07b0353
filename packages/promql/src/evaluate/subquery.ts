/** Subqueries: an expression at steps of its own. */
import type { VectorBlock } from './block.ts';
import { type Evaluation, lastStepMs, type Steps, stepsBetween } from './evaluation.ts';
import { evaluationError } from './failure.ts';
import type { SubqueryPlan } from './plan.ts';

export function subqueryReferenceMs({ atMs, offsetMs }: SubqueryPlan, stepMs: number): number {
  return (atMs ?? stepMs) - offsetMs;
}

/** Evaluates it once for all steps of the query around it. Its own steps are multiples of their distance. */
export async function evaluateSubquery(
  evaluation: Evaluation,
  plan: SubqueryPlan,
  outer: Steps,
): Promise<{ readonly block: VectorBlock; readonly steps: Steps }> {
  const stepMs = plan.stepMs ?? evaluation.defaultSubqueryStepMs;
  if (!(stepMs > 0)) throw evaluationError('subquery step must be at least 1ms');
  const beginMs = subqueryReferenceMs(plan, outer.startMs) - plan.lengthMs;
  let startMs = stepMs * Math.trunc(beginMs / stepMs);
  if (startMs <= beginMs) startMs += stepMs;
  const steps = stepsBetween(startMs, subqueryReferenceMs(plan, lastStepMs(outer)), stepMs);
  return { block: await evaluation.vector(plan.expr, steps), steps };
}
