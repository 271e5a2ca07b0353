/** Which alerts a receiver is told of now, and what. Source: Prometheus, rules/alerting.go, sendAlerts, and rules/manager.go, SendAlerts. */
import { escapeUrlQuery } from '@vigie/core/template/escapes';
import type { LabelSet } from '@vigie/promql/labels/label-set';
import type { AlertingRule } from '../rule.ts';
import type { Alert, Alerts, ResolveReason } from './alert.ts';

export interface AlertNotification {
  readonly labels: LabelSet;
  readonly annotations: LabelSet;
  readonly startsAtMs: number;
  /** When it ended; of one that fires, when it ends for a receiver that hears nothing more of it. */
  readonly endsAtMs: number;
  readonly isResolved: boolean;
  /** Of one that is resolved. */
  readonly resolveReason: ResolveReason | undefined;
  /** Where its expression is shown. */
  readonly generatorUrl: string;
}

export interface SendTiming {
  /** An alert that goes on is told again after this time. */
  readonly resendDelayMs: number;
  /** Of the rule's group. */
  readonly intervalMs: number;
}

/** Evaluations or deliveries that may fail before a receiver takes an alert for resolved. Prometheus' own. */
const TOLERATED_FAILURES = 4;

/** @returns the alerts with what has been sent, and those to send */
export function takeDueAlerts(
  alerts: Alerts,
  timestampMs: number,
  timing: SendTiming,
): { readonly alerts: Alerts; readonly due: readonly Alert[] } {
  const validUntilMs = timestampMs + lifetimeMs(timing);
  const due: Alert[] = [];
  const marked = new Map<string, Alert>();
  for (const [key, alert] of alerts) {
    const isDue = needsSending(alert, timestampMs, timing.resendDelayMs);
    const sent = isDue ? { ...alert, lastSentAtMs: timestampMs, validUntilMs } : alert;
    marked.set(key, sent);
    if (isDue) due.push(sent);
  }
  return { alerts: marked, due };
}

/** How long a receiver takes an alert for firing of which it hears nothing more. */
export function lifetimeMs({ resendDelayMs, intervalMs }: SendTiming): number {
  return TOLERATED_FAILURES * Math.max(intervalMs, resendDelayMs);
}

function needsSending(alert: Alert, timestampMs: number, resendDelayMs: number): boolean {
  if (alert.state === 'pending') return false;
  if (alert.lastSentAtMs === undefined) return true;
  if (alert.resolvedAtMs !== undefined && alert.resolvedAtMs > alert.lastSentAtMs) return true;
  return alert.lastSentAtMs + resendDelayMs < timestampMs;
}

/** @param generatorUrl where the expression is shown; '' where nobody knows it any more */
export function notificationOf(alert: Alert, generatorUrl: string): AlertNotification {
  return {
    labels: alert.labels,
    annotations: alert.annotations,
    startsAtMs: alert.firedAtMs ?? alert.activeAtMs,
    endsAtMs: alert.resolvedAtMs ?? alert.validUntilMs ?? alert.activeAtMs,
    isResolved: alert.resolvedAtMs !== undefined,
    resolveReason: alert.resolveReason,
    generatorUrl,
  };
}

/** @param graphUrl below which users see expressions */
export function generatorUrlOf(rule: AlertingRule, graphUrl: string): string {
  return `${graphUrl}/graph?g0.expr=${escapeUrlQuery(rule.query.text)}&g0.tab=1`;
}
