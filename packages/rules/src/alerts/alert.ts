/** The state machine of alerts, as Prometheus has it. Pure: what was, what the rule found, and when, give what is. Source: Prometheus,
 *  rules/alerting.go, Eval. */
import type { LabelSet } from '@vigie/promql/labels/label-set';

export type AlertState = 'inactive' | 'pending' | 'firing';

/** One alert of a rule. Times are Unix ms, of evaluations. */
export interface Alert {
  /** `inactive`: it fired, and is over. */
  readonly state: AlertState;
  /** With alertname. */
  readonly labels: LabelSet;
  /** May have empty values. */
  readonly annotations: LabelSet;
  /** Of the evaluation that found it last; 0 for a histogram. */
  readonly value: number;
  readonly activeAtMs: number;
  readonly firedAtMs: number | undefined;
  readonly resolvedAtMs: number | undefined;
  readonly lastSentAtMs: number | undefined;
  /** Until when a receiver that hears nothing more takes it for firing. */
  readonly validUntilMs: number | undefined;
  /** The first evaluation that no longer found it, where `keep_firing_for` keeps it. */
  readonly keepFiringSinceMs: number | undefined;
}

/** By the key of their labels. */
export type Alerts = ReadonlyMap<string, Alert>;

export type FoundAlert = Pick<Alert, 'labels' | 'annotations' | 'value'>;

export interface AlertTiming {
  /** `for` */
  readonly holdMs: number;
  /** `keep_firing_for` */
  readonly keepFiringMs: number;
}

/** So that a resolved alert is told again to a receiver that was down, or restarted before it passed it on. Prometheus' own. */
export const RESOLVED_RETENTION_MS = 15 * 60_000;

export interface AdvancedAlerts {
  readonly alerts: Alerts;
  /** Those pending or firing. */
  readonly active: readonly Alert[];
}

/** @param found what the rule finds now, by the key of its labels
 *  Cost: O(alerts + found). */
export function advanceAlerts(
  before: Alerts,
  found: ReadonlyMap<string, FoundAlert>,
  timestampMs: number,
  timing: AlertTiming,
): AdvancedAlerts {
  const alerts = new Map<string, Alert>();
  const active: Alert[] = [];
  const put = (key: string, alert: Alert): void => {
    const settled = alert.state === 'inactive' ? alert : settle(alert, timestampMs, timing.holdMs);
    alerts.set(key, settled);
    if (settled.state !== 'inactive') active.push(settled);
  };
  for (const [key, alert] of before) {
    const again = found.get(key);
    const next =
      again === undefined ? withoutResult(alert, timestampMs, timing) : withResult(alert, again, timestampMs);
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
    lastSentAtMs: undefined,
    validUntilMs: undefined,
    keepFiringSinceMs: undefined,
  };
}

function withResult(alert: Alert, found: FoundAlert, timestampMs: number): Alert {
  if (alert.state === 'inactive') return begun(found, timestampMs);
  return { ...alert, value: found.value, annotations: found.annotations, keepFiringSinceMs: undefined };
}

/** @returns undefined where nothing is left to remember */
function withoutResult(alert: Alert, timestampMs: number, { keepFiringMs }: AlertTiming): Alert | undefined {
  switch (alert.state) {
    case 'pending':
      return undefined;
    case 'inactive':
      return timestampMs - (alert.resolvedAtMs ?? timestampMs) > RESOLVED_RETENTION_MS ? undefined : alert;
    case 'firing': {
      const sinceMs = alert.keepFiringSinceMs ?? timestampMs;
      if (keepFiringMs > 0 && timestampMs - sinceMs < keepFiringMs) return { ...alert, keepFiringSinceMs: sinceMs };
      return { ...alert, state: 'inactive', resolvedAtMs: timestampMs };
    }
  }
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
