/** Evaluates a group at its times until it is told to end. Source: Prometheus, rules/group.go, run. */
import type { Clock } from '@vigie/core/clock';
import { type DueEvaluation, dueEvaluation } from './evaluation-times.ts';
import type { EvaluationSignals, GroupEvaluator } from './group-evaluator.ts';

/** By then, what is scraped and what other rules record is there again. Prometheus' own. */
const EVALUATIONS_BEFORE_RESTORE = 2;

/** @param restore of the first run; undefined where there is nothing to restore */
export async function runGroup(
  group: GroupEvaluator,
  clock: Clock,
  signals: EvaluationSignals,
  restore: (() => Promise<void>) | undefined,
): Promise<void> {
  let lastMs = group.evaluationTimeBefore(clock.nowMs());
  try {
    for (let evaluations = 1; !signals.ending.aborted; evaluations++) {
      const { timestampMs, missed } = await nextEvaluation(group, lastMs, clock, signals.ending);
      group.counts.missed += missed;
      group.counts.iterations += missed;
      lastMs = timestampMs;
      await group.evaluate(timestampMs, signals);
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
