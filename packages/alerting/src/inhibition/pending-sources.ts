/** Alerts of rules that are pending, and would inhibit others if they fired: those others wait for them, for a short time. */
import type { LabelSet } from '@vigie/promql/labels/label-set';
import type { InhibitRule } from '../config/inhibition-section.ts';
import type { Alert } from '../dispatch/alert.ts';
import { fingerprintOf } from '../identity/fingerprint.ts';
import { Inhibitor } from './inhibitor.ts';

export interface PendingInhibition {
  /** Fingerprint of the one that is pending. */
  readonly by: string;
  readonly rule: InhibitRule;
  /** Then the other has waited long enough, Unix ms. */
  readonly untilMs: number;
}

/** @param pending labels of the alerts that are pending now
 *  @param holdMs since an alert has begun; 0: none waits
 *  @returns for one look at a group: what each alert waits for
 *  Cost: nothing where all have begun longer ago; else a match of each pending alert, once. */
export function pendingInhibitions(
  rules: readonly InhibitRule[],
  pending: () => Iterable<LabelSet>,
  holdMs: number,
): (alert: Alert, timeMs: number) => PendingInhibition | undefined {
  let inhibitor: Inhibitor | undefined;
  return ({ labels, startsAtMs }, timeMs) => {
    const untilMs = startsAtMs + holdMs;
    if (untilMs <= timeMs) return undefined;
    inhibitor ??= inhibitorOf(rules, pending());
    const inhibition = inhibitor.inhibitionOf(labels, timeMs);
    return inhibition && { by: inhibition.source.fingerprint, rule: inhibition.rule, untilMs };
  };
}

function inhibitorOf(rules: readonly InhibitRule[], pending: Iterable<LabelSet>): Inhibitor {
  const inhibitor = new Inhibitor(rules);
  for (const labels of pending) inhibitor.set({ fingerprint: fingerprintOf(labels), labels, endsAtMs: undefined });
  return inhibitor;
}
