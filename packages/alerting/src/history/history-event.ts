/** What has happened to alerts, for those who ask afterwards. */
import { assertNever } from '@vigie/core/errors';
import { jsonLabels, jsonString } from '@vigie/promql/api/json-text';
import { LabelSet } from '@vigie/promql/labels/label-set';
import type { NotificationReason } from '../dispatch/notification-log.ts';
import type { ToldReason } from '../notify/notification-of.ts';

/** An alert has come, has other annotations than before, or has ended. */
export interface AlertEvent {
  readonly kind: 'created' | 'changed' | 'resolved';
  /** Unix ms, as of the others. */
  readonly timeMs: number;
  readonly fingerprint: string;
  readonly labels: LabelSet;
  readonly annotations: LabelSet;
  /** Of one that has ended. */
  readonly reason?: ToldReason | undefined;
}

/** An alert was not told when its group was: once, until something else mutes it. */
export interface MuteEvent {
  readonly kind: 'muted';
  readonly timeMs: number;
  readonly fingerprint: string;
  readonly labels: LabelSet;
  readonly receiver: string;
  readonly by: 'silence' | 'inhibition' | 'time_interval';
  /** Id of the silence, fingerprint of the alert, or names of the time intervals. */
  readonly cause: string;
}

/** A group was told, or an attempt to tell it failed. */
export interface SendEvent {
  readonly kind: 'sent' | 'failed';
  readonly timeMs: number;
  readonly receiver: string;
  /** `shop/webhook/0` */
  readonly integration: string;
  readonly groupKey: string;
  readonly groupLabels: LabelSet;
  readonly reason: NotificationReason;
  /** Fingerprints. */
  readonly firing: readonly string[];
  readonly resolved: readonly string[];
  /** From 1. */
  readonly attempt: number;
  readonly latencyMs: number;
  /** What went wrong; '' where nothing did. */
  readonly problem: string;
}

/** Of a group: somebody has taken it on, it is open again, the receiver of a step is told, or somebody has ended alerts of it by hand. */
export interface PageEvent {
  readonly kind: 'acknowledged' | 'reopened' | 'escalated' | 'ended';
  readonly timeMs: number;
  /** Of the group's route. */
  readonly receiver: string;
  readonly groupKey: string;
  readonly groupLabels: LabelSet;
  /** Who; '' where nobody asked for it. */
  readonly by: string;
  /** The comment, why it is open again, or the receiver of the step. */
  readonly cause: string;
  /** Fingerprints of what fires; of those that were ended. */
  readonly firing: readonly string[];
}

/** Somebody has added or changed a silence, or it was ended before its time. That its time is over is no event. */
export interface SilenceEvent {
  readonly kind: 'silenced' | 'unsilenced';
  readonly timeMs: number;
  /** Id of the silence. */
  readonly silence: string;
  /** `{alertname="Down"}`; of several sets, with `or` between them. */
  readonly matchers: string;
  /** Who made it. */
  readonly by: string;
  /** Its comment; of one that was ended, why. */
  readonly cause: string;
  readonly endsAtMs: number;
}

export type HistoryEvent = AlertEvent | MuteEvent | SendEvent | PageEvent | SilenceEvent;

export const EVENT_KINDS = [
  ...(['created', 'changed', 'resolved', 'muted', 'sent', 'failed'] as const),
  ...(['acknowledged', 'reopened', 'escalated', 'ended', 'silenced', 'unsilenced'] as const),
] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

/** Of the alert, or of its group; a silence has none. */
export function labelsOf(event: HistoryEvent): LabelSet {
  if ('silence' in event) return LabelSet.empty;
  return 'groupLabels' in event ? event.groupLabels : event.labels;
}

/** Whether it is about this alert. */
export function concerns(event: HistoryEvent, fingerprint: string): boolean {
  if ('silence' in event) return false;
  if ('fingerprint' in event) return event.fingerprint === fingerprint;
  return event.firing.includes(fingerprint) || ('resolved' in event && event.resolved.includes(fingerprint));
}

/** @param sequence of the event among all, from 1 */
export function eventJson(sequence: number, event: HistoryEvent): string {
  const head = `{"sequence":${sequence},"time":"${new Date(event.timeMs).toISOString()}","kind":"${event.kind}"`;
  switch (event.kind) {
    case 'created':
    case 'changed':
    case 'resolved': {
      const reason = event.reason === undefined ? '' : `,"reason":"${event.reason}"`;
      return `${head},"fingerprint":"${event.fingerprint}","labels":${jsonLabels(event.labels)},"annotations":${jsonLabels(event.annotations)}${reason}}`;
    }
    case 'muted': {
      const { fingerprint, labels, receiver, by, cause } = event;
      return `${head},"fingerprint":"${fingerprint}","labels":${jsonLabels(labels)},"receiver":${jsonString(receiver)},"by":"${by}","cause":${jsonString(cause)}}`;
    }
    case 'acknowledged':
    case 'reopened':
    case 'escalated':
    case 'ended': {
      const { receiver, groupKey, groupLabels, by, cause, firing } = event;
      return `${head},"receiver":${jsonString(receiver)},"groupKey":${jsonString(groupKey)},"groupLabels":${jsonLabels(groupLabels)},"by":${jsonString(by)},"cause":${jsonString(cause)},"firing":${JSON.stringify(firing)}}`;
    }
    case 'silenced':
    case 'unsilenced': {
      const { silence, matchers, by, cause, endsAtMs } = event;
      return `${head},"silence":${jsonString(silence)},"matchers":${jsonString(matchers)},"by":${jsonString(by)},"cause":${jsonString(cause)},"endsAt":"${new Date(endsAtMs).toISOString()}"}`;
    }
    case 'sent':
    case 'failed': {
      const { receiver, integration, groupKey, groupLabels, reason, firing, resolved, attempt, latencyMs } = event;
      const problem = event.problem === '' ? '' : `,"problem":${jsonString(event.problem)}`;
      return `${head},"receiver":${jsonString(receiver)},"integration":${jsonString(integration)},"groupKey":${jsonString(groupKey)},"groupLabels":${jsonLabels(groupLabels)},"reason":"${reason}","firing":${JSON.stringify(firing)},"resolved":${JSON.stringify(resolved)},"attempt":${attempt},"latencyMs":${Math.round(latencyMs)}${problem}}`;
    }
    default:
      return assertNever(event);
  }
}

/** UTF-16 units of what differs from event to event. */
export function lengthOf(event: HistoryEvent): number {
  if ('silence' in event) return event.matchers.length + event.by.length + event.cause.length;
  const labels = labelsOf(event).key.length;
  if ('annotations' in event) return labels + event.annotations.key.length;
  if ('cause' in event) return labels + event.cause.length;
  return labels + event.groupKey.length + event.problem.length + 16 * (event.firing.length + event.resolved.length);
}
