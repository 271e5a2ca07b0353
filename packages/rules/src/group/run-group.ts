/** Evaluates a group at its times until it is told to end. Source: Prometheus, rules/group.go, run. */
import type { Clock } from '@vigie/core/clock';
import { type DueEvaluation, dueEvaluation } from './evaluation-times.ts';
import type { GroupEvaluator } from './group-evaluator.ts';
import type { EvaluationSignals } from './rule-world.ts';

/** By then, what is scraped and what other rules record is there again. Prometheus' own. */
const EVALUATIONS_BEFORE_RESTORE = 2;

export interface GroupRun {
  /** Of the first run; undefined where there is nothing to restore. */
  readonly restore: (() => Promise<void>) | undefined;
  /** Asked at each time: whether the group is evaluated here now. */
  readonly isOurs: () => boolean;
}

export async function runGroup(
  group: GroupEvaluator,
  clock: Clock,
  signals: EvaluationSignals,
  { restore, isOurs }: GroupRun,
): Promise<void> {
  let lastMs = group.evaluationTimeBefore(clock.nowMs());
  try {
    for (let evaluations = 0; !signals.ending.aborted; ) {
      const { timestampMs, missed } = await nextEvaluation(group, lastMs, clock, signals.ending);
      lastMs = timestampMs;
      if (!isOurs()) continue;
      group.counts.missed += missed;
      group.counts.iterations += missed;
      await group.evaluate(timestampMs, signals);
      evaluations += 1;
      if (evaluations === EVALUATIONS_BEFORE_RESTORE) await restore?.();
    }
  } catch (error) {
    if (!signals.ending.aborted) throw error;
  }
}

async function nextEvaluation(
  group: GroupEvaluator,
  lastMs: number,
  clock: Clock,
  ending: AbortSignal,
): Promise<DueEvaluation> {
  let beforeMs = lastMs;
  for (;;) {
    const nowMs = clock.nowMs();
    // The clock has been set back: waiting for it to come again would take as long as that.
    if (nowMs < beforeMs) beforeMs = group.evaluationTimeBefore(nowMs);
    const due = dueEvaluation(beforeMs, group.intervalMs, nowMs);
    if (due !== undefined) return due;
    await clock.sleep(beforeMs + group.intervalMs - nowMs, ending);
  }
}
