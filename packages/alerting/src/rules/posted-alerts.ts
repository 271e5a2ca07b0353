/** Alerts of rules, as the engine takes them from a client. */
import { LabelSet } from '@vigie/promql/labels/label-set';
import type { AlertNotification } from '@vigie/rules/alerts/due-alerts';
import type { PostedAlert } from '../alerts/posted-alert.ts';
import { fingerprintOf } from '../identity/fingerprint.ts';

export function postedAlerts(alerts: readonly AlertNotification[], nowMs: number): readonly PostedAlert[] {
  return alerts.map(({ labels, annotations, startsAtMs, endsAtMs, generatorUrl, resolveReason }) => ({
    fingerprint: fingerprintOf(labels),
    labels,
    annotations,
    startsAtMs,
    endsAtMs,
    updatedAtMs: nowMs,
    generatorUrl,
    resolveReason,
    hasTimeout: false,
  }));
}

/** With the external labels that it lacks. */
export function withExternal(labels: LabelSet, external: LabelSet): LabelSet {
  return external.size === 0 ? labels : LabelSet.of([...external.entries(), ...labels.entries()]);
}
