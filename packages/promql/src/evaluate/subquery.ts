/** Subqueries: an expression at steps of its own. */
import type { VectorBlock } from './block.ts';
import { type Evaluation, lastStepMs, type Steps, stepsBetween } from './evaluation.ts';
import { evaluationError } from './failure.ts';
import type { SubqueryPlan } from './plan.ts';

/** Where the range of a function over it ends, at a step of those around it. */
export function subqueryReferenceMs({ atMs, offsetMs, drifts }: SubqueryPlan, outer: Steps, stepMs: number): number {
  if (atMs === undefined) return stepMs - offsetMs;
  return atMs - offsetMs + (drifts ? stepMs - outer.startMs : 0);
}

/** Evaluates it once for all steps of the query around it. Its own steps are multiples of their distance. */
export async function evaluateSubquery(
  evaluation: Evaluation,
  plan: SubqueryPlan,
  outer: Steps,
): Promise<{ readonly block: VectorBlock; readonly steps: Steps }> {
  const stepMs = plan.stepMs ?? evaluation.defaultSubqueryStepMs;
  if (!(stepMs > 0)) throw evaluationError('subquery step must be at least 1ms');
  const shiftMs = plan.atMs === undefined ? 0 : outer.pinShiftMs;
  const beginMs = subqueryReferenceMs(plan, outer, outer.startMs) + shiftMs - plan.lengthMs;
  let startMs = stepMs * Math.trunc(beginMs / stepMs);
  if (startMs <= beginMs) startMs += stepMs;
  const endMs = subqueryReferenceMs(plan, outer, lastStepMs(outer)) + shiftMs;
  const steps = { ...stepsBetween(startMs, endMs, stepMs), ...pinsWithin(plan, startMs, outer) };
  return { block: await evaluation.series(plan.expr, steps), steps };
}

/** Prometheus sets the times of an @ anew for each subquery, unless it begins when what is around it does: then they are off by
 *  its offset, and by what its own @ says. Source: promql/engine.go, runSubquery and setOffsetForAtModifier. */
function pinsWithin(plan: SubqueryPlan, startMs: number, outer: Steps): Partial<Steps> {
  if (startMs !== outer.startMs) return {};
  const { atMs, offsetMs } =
    plan.atMs === undefined
      ? { atMs: outer.coincident.atMs, offsetMs: outer.coincident.offsetMs + plan.offsetMs }
      : plan;
  return { coincident: { atMs, offsetMs }, pinShiftMs: offsetMs + (atMs === undefined ? 0 : startMs - atMs) };
}
