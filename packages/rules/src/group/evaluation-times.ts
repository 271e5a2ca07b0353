/** When a group is evaluated: at the same distance from each multiple of its interval, which its name and file decide, so that groups do not
 *  all ask at once, and a restart keeps the times; or at the distance that the group names, as vmalert has it. Source: Prometheus,
 *  rules/group.go, EvalTimestamp. */
import { hashLabels } from '@vigie/promql/labels/hash';
import { LabelSet } from '@vigie/promql/labels/label-set';
import type { RuleGroup } from '../rule.ts';

const NANOS_PER_MS = 1_000_000n;

/** @param nowMs Unix ms, a whole number
 *  @returns the group's last time at or before now, to the ms below */
export function evaluationTimeBefore(
  group: Pick<RuleGroup, 'name' | 'file' | 'evalOffsetMs'>,
  intervalMs: number,
  nowMs: number,
): number {
  const intervalNanos = BigInt(intervalMs) * NANOS_PER_MS;
  const offset =
    group.evalOffsetMs === undefined
      ? hashLabels(LabelSet.of({ name: group.name, file: group.file })) % intervalNanos
      : BigInt(group.evalOffsetMs) * NANOS_PER_MS;
  const adjusted = BigInt(Math.floor(nowMs)) * NANOS_PER_MS - offset;
  // The remainder of what is before 1970 is negative.
  const rest = ((adjusted % intervalNanos) + intervalNanos) % intervalNanos;
  return Number((adjusted - rest + offset) / NANOS_PER_MS);
}

export interface DueEvaluation {
  readonly timestampMs: number;
  /** Evaluations that should have been between the last one and this. */
  readonly missed: number;
}

/** @returns undefined where none is due yet */
export function dueEvaluation(lastMs: number, intervalMs: number, nowMs: number): DueEvaluation | undefined {
  const intervals = Math.floor((nowMs - lastMs) / intervalMs);
  return intervals < 1 ? undefined : { timestampMs: lastMs + intervals * intervalMs, missed: intervals - 1 };
}
