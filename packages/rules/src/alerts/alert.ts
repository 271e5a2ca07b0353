/** The state machine of alerts: Prometheus', and what may hold an alert beyond it. Pure: what was, what the rule found, what it means that it
 *  did not find an alert, and when, give what is. Source: Prometheus, rules/alerting.go, Eval. */
import type { LabelSet } from '@vigie/promql/labels/label-set';

export type AlertState = 'inactive' | 'pending' | 'firing';

/** - recovered: its condition is no longer true
 *  - no_data: what its condition is about is gone
 *  - rule_removed: nobody looks after it any more */
export type ResolveReason = 'recovered' | 'no_data' | 'rule_removed';

/** Why an alert stays as it is although the rule does not find it. `keep_firing_for` is none of these. */
export type HeldBy = 'no_data' | 'clear_expr' | 'flapping';

/** One alert of a rule. Times are Unix ms, of evaluations. */
export interface Alert {
  /** `inactive`: it fired, and is over. */
  readonly state: AlertState;
  /** With alertname. */
  readonly labels: LabelSet;
  /** Of the series that the expression gave, without the metric's name. */
  readonly source: LabelSet;
  /** May have empty values. */
  readonly annotations: LabelSet;
  /** Of the evaluation that found it last; 0 for a histogram. */
  readonly value: number;
  readonly activeAtMs: number;
  readonly firedAtMs: number | undefined;
  readonly resolvedAtMs: number | undefined;
  /** Of one that is resolved. */
  readonly resolveReason: ResolveReason | undefined;
  readonly lastSentAtMs: number | undefined;
  /** Until when a receiver that hears nothing more takes it for firing. */
  readonly validUntilMs: number | undefined;
  /** The first evaluation that no longer found it, where `keep_firing_for` keeps it. */
  readonly keepFiringSinceMs: number | undefined;
  /** Since the first evaluation that held it so. */
  readonly held: { readonly by: HeldBy; readonly sinceMs: number } | undefined;
}

/** By the key of their labels. */
export type Alerts = ReadonlyMap<string, Alert>;

export type FoundAlert = Pick<Alert, 'labels' | 'source' | 'annotations' | 'value'>;

export interface AlertTiming {
  /** `for` */
  readonly holdMs: number;
  /** `keep_firing_for` */
  readonly keepFiringMs: number;
}

/** What it means that the rule does not find an alert that is pending or firing. */
export type Absence =
  | { readonly kind: 'over'; readonly reason: 'recovered' | 'no_data' }
  | { readonly kind: 'held'; readonly by: HeldBy };

/** So that a resolved alert is told again to a receiver that was down, or restarted before it passed it on. Prometheus' own. */
export const RESOLVED_RETENTION_MS = 15 * 60_000;

export interface AdvancedAlerts {
  readonly alerts: Alerts;
  /** Those pending or firing. */
  readonly active: readonly Alert[];
}

const RECOVERED: Absence = { kind: 'over', reason: 'recovered' };

/** @param found what the rule finds now, by the key of its labels
 *  @param absenceOf of an alert that it does not find; Prometheus': it is over
 *  Cost: O(alerts + found). */
export function advanceAlerts(
  before: Alerts,
  found: ReadonlyMap<string, FoundAlert>,
  timestampMs: number,
  timing: AlertTiming,
  absenceOf: (alert: Alert) => Absence = () => RECOVERED,
): AdvancedAlerts {
  const alerts = new Map<string, Alert>();
  const active: Alert[] = [];
  const put = (key: string, alert: Alert): void => {
    const isSettled = alert.state === 'inactive' || alert.held !== undefined;
    const settled = isSettled ? alert : settle(alert, timestampMs, timing.holdMs);
    alerts.set(key, settled);
    if (settled.state !== 'inactive') active.push(settled);
  };
  for (const [key, alert] of before) {
    const again = found.get(key);
    const next =
      again === undefined
        ? withoutResult(alert, timestampMs, timing, absenceOf)
        : withResult(alert, again, timestampMs);
    if (next !== undefined) put(key, next);
  }
  for (const [key, one] of found) if (!before.has(key)) put(key, begun(one, timestampMs));
  return { alerts, active };
}

function begun(found: FoundAlert, timestampMs: number): Alert {
  return {
    ...found,
    state: 'pending',
    activeAtMs: timestampMs,
    firedAtMs: undefined,
    resolvedAtMs: undefined,
    resolveReason: undefined,
    lastSentAtMs: undefined,
    validUntilMs: undefined,
    keepFiringSinceMs: undefined,
    held: undefined,
  };
}

function withResult(alert: Alert, found: FoundAlert, timestampMs: number): Alert {
  if (alert.state === 'inactive') return begun(found, timestampMs);
  const { source, value, annotations } = found;
  return { ...alert, source, value, annotations, keepFiringSinceMs: undefined, held: undefined };
}

/** @returns undefined where nothing is left to remember */
function withoutResult(
  alert: Alert,
  timestampMs: number,
  { keepFiringMs }: AlertTiming,
  absenceOf: (alert: Alert) => Absence,
): Alert | undefined {
  switch (alert.state) {
    case 'pending': {
      const absence = absenceOf(alert);
      // What has never fired has nothing to be cleared, and does not flap.
      return absence.kind === 'held' && absence.by === 'no_data' ? hold(alert, 'no_data', timestampMs) : undefined;
    }
    case 'inactive':
      return timestampMs - (alert.resolvedAtMs ?? timestampMs) > RESOLVED_RETENTION_MS ? undefined : alert;
    case 'firing': {
      const absence = absenceOf(alert);
      if (absence.kind === 'held') return hold(alert, absence.by, timestampMs);
      const sinceMs = alert.keepFiringSinceMs ?? timestampMs;
      const unheld = { ...alert, held: undefined };
      if (keepFiringMs > 0 && timestampMs - sinceMs < keepFiringMs) return { ...unheld, keepFiringSinceMs: sinceMs };
      return { ...unheld, state: 'inactive', resolvedAtMs: timestampMs, resolveReason: absence.reason };
    }
  }
}

function hold(alert: Alert, by: HeldBy, timestampMs: number): Alert {
  const sinceMs = alert.held?.by === by ? alert.held.sinceMs : timestampMs;
  return { ...alert, keepFiringSinceMs: undefined, held: { by, sinceMs } };
}

/** `for` may have become longer by a reload: an alert that fires too early for it is pending again. */
function settle(alert: Alert, timestampMs: number, holdMs: number): Alert {
  const isDue = timestampMs - alert.activeAtMs >= holdMs;
  if (alert.state === 'pending' && isDue) return { ...alert, state: 'firing', firedAtMs: timestampMs };
  if (alert.state === 'firing' && !isDue) {
    return { ...alert, state: 'pending', firedAtMs: undefined, lastSentAtMs: undefined, keepFiringSinceMs: undefined };
  }
  return alert;
}
