/** Whether alerts get from rules to receivers: what a dead man's switch is told of. Pure. */

export interface HealthView {
  /** Unix ms. */
  readonly nowMs: number;
  /** When the oldest notification that has not arrived was to be sent; undefined: all have. */
  readonly oldestUnsentMs: number | undefined;
  /** Whether something is in memory alone. */
  readonly isStateIncomplete: boolean;
  readonly groups: readonly EvaluatedGroup[];
}

/** A group of rules. */
export interface EvaluatedGroup {
  readonly intervalMs: number;
  /** undefined before the first. */
  readonly lastEvaluationMs: number | undefined;
  /** Of its rules: whether the last evaluation failed. */
  readonly failed: readonly boolean[];
}

export type Ailment = 'deliveries_stuck' | 'state_not_kept' | 'rules_not_evaluated' | 'rules_failing';

/** Evaluations that may be missed: an alert of a rule lives for four. */
const TOLERATED_EVALUATIONS = 4;

/** @param sinceMs from when on there has been something to evaluate: the start
 *  @param stuckAfterMs how old a notification may be that has not arrived */
export function ailmentsOf(
  { nowMs, oldestUnsentMs, isStateIncomplete, groups }: HealthView,
  { sinceMs, stuckAfterMs }: { readonly sinceMs: number; readonly stuckAfterMs: number },
): readonly Ailment[] {
  const isLate = ({ lastEvaluationMs = sinceMs, intervalMs }: EvaluatedGroup): boolean =>
    nowMs - lastEvaluationMs > TOLERATED_EVALUATIONS * intervalMs;
  // One rule may be wrong; where none can be evaluated, whoever they ask does not answer.
  const outcomes = groups.flatMap(({ failed }) => failed);
  return [
    ...(oldestUnsentMs !== undefined && nowMs - oldestUnsentMs > stuckAfterMs ? (['deliveries_stuck'] as const) : []),
    ...(isStateIncomplete ? (['state_not_kept'] as const) : []),
    ...(groups.some(isLate) ? (['rules_not_evaluated'] as const) : []),
    ...(outcomes.length > 0 && outcomes.every(Boolean) ? (['rules_failing'] as const) : []),
  ];
}
