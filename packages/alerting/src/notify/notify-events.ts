/** What the history is told of notifying. */
import { createHash } from 'node:crypto';
import type { InhibitRule } from '../config/inhibition-section.ts';
import { type Alert, isResolved } from '../dispatch/alert.ts';
import type { AlertGroup } from '../dispatch/alert-group.ts';
import type { GroupedEvent, InhibitingRule, MuteEvent, SendEvent } from '../history/history-event.ts';
import { formatMatchers } from '../matchers/alert-matcher.ts';
import type { Exchange } from '../receivers/integration.ts';
import type { Attempt } from './deliver.ts';
import type { Mute } from './muting.ts';

const MUTED_BY = {
  inhibition: 'inhibition',
  active_time_interval: 'time_interval',
  mute_time_interval: 'time_interval',
  silence: 'silence',
} as const;

export function muteEvent(
  { fingerprint, labels }: Alert,
  receiver: string,
  { cause, by, rule }: Mute,
  timeMs: number,
): MuteEvent {
  return {
    kind: 'muted',
    timeMs,
    fingerprint,
    labels,
    receiver,
    by: MUTED_BY[cause],
    cause: by,
    rule: rule && inhibitingRule(rule),
  };
}

function inhibitingRule({ name, source, target, equal }: InhibitRule): InhibitingRule {
  return { name, source: formatMatchers(source), target: formatMatchers(target), equal };
}

/** @param timeMs when it ended */
export function sendEvent({ integration, notification, outcome, number, seconds }: Attempt, timeMs: number): SendEvent {
  const { receiver, groupKey, groupLabels, reason, alerts, timeMs: flushAtMs, repeatIntervalMs } = notification;
  const ended = alerts.filter((alert) => isResolved(alert, notification.timeMs));
  const firing = alerts.filter((alert) => !isResolved(alert, notification.timeMs));
  return {
    kind: outcome.kind === 'sent' ? 'sent' : 'failed',
    timeMs,
    receiver,
    integration: integration.id,
    groupKey,
    groupLabels,
    reason,
    firing: firing.map(({ fingerprint }) => fingerprint),
    resolved: ended.map(({ fingerprint }) => fingerprint),
    attempt: number,
    flushAtMs,
    repeatIntervalMs,
    latencyMs: seconds * 1000,
    problem: outcome.kind === 'sent' ? (outcome.problem ?? '') : outcome.reason,
  };
}

/** What of an attempt is known once it has gone over the wire.
 *  Cost: O(bytes that were sent), some 1 ms a MB. */
export function sentOverWire(exchanges: readonly Exchange[]): Pick<SendEvent, 'status' | 'bodySha256'> {
  const status = exchanges.at(-1)?.status;
  if (exchanges.every(({ body }) => body === '')) return { status };
  const hash = createHash('sha256');
  for (const { body } of exchanges) hash.update(body);
  return { status, bodySha256: hash.digest('hex') };
}

export function groupedEvent(
  { key: groupKey, labels: groupLabels, route }: Pick<AlertGroup, 'key' | 'labels' | 'route'>,
  { fingerprint, labels }: Alert,
  timeMs: number,
): GroupedEvent {
  const { receiver } = route.options;
  return { kind: 'grouped', timeMs, fingerprint, labels, receiver, groupKey, groupLabels };
}
