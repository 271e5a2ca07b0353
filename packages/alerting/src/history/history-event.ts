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
  /** When it began; undefined in histories of before this was kept. */
  readonly startsAtMs?: number | undefined;
  /** When it ended or will, unless it comes again. */
  readonly endsAtMs?: number | undefined;
  /** Of one that has ended. */
  readonly reason?: ToldReason | undefined;
}

/** An alert of a rule is pending; or has lapsed: it was over before it fired. */
export interface PendingEvent {
  readonly kind: 'pending' | 'lapsed';
  readonly timeMs: number;
  readonly fingerprint: string;
  readonly labels: LabelSet;
}

/** An alert that begins to fire has joined a group: once for each group that it is told in. */
export interface GroupedEvent {
  readonly kind: 'grouped';
  readonly timeMs: number;
  readonly fingerprint: string;
  readonly labels: LabelSet;
  readonly receiver: string;
  readonly groupKey: string;
  readonly groupLabels: LabelSet;
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
  /** By which the alert inhibits; undefined of other causes, and in histories of before this was kept. */
  readonly rule?: InhibitingRule | undefined;
}

/** As it was then. */
export interface InhibitingRule {
  /** '' where it has none. */
  readonly name: string;
  /** `{alertname="Down"}`, as of the target. */
  readonly source: string;
  readonly target: string;
  readonly equal: readonly string[];
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
  /** When the flush began: the same for all that are told of it. undefined, as the next, in histories of before they were kept. */
  readonly flushAtMs?: number | undefined;
  /** Of the group's route; undefined where several are told as one, or the route is no more. */
  readonly repeatIntervalMs?: number | undefined;
  readonly latencyMs: number;
  /** Of the answer, by HTTP; undefined where there was none. */
  readonly status?: number | undefined;
  /** Of the bodies that were sent, one behind the other, in hexadecimal digits; undefined where there was none. */
  readonly bodySha256?: string | undefined;
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
  /** undefined: it has none, or they were not kept yet. */
  readonly annotations?: LabelSet | undefined;
  /** undefined in histories of before this was kept. */
  readonly startsAtMs?: number | undefined;
  readonly endsAtMs: number;
  /** Whether there was such a silence before: true, or undefined. */
  readonly isChange?: true | undefined;
}

export type HistoryEvent = AlertEvent | PendingEvent | GroupedEvent | MuteEvent | SendEvent | PageEvent | SilenceEvent;

/** Steps on the way to a notification: of a rule with many alerts there are as many at a time as it has, and what was told must not make room for them. */
const STEPS = ['pending', 'lapsed', 'grouped'] as const;

export const EVENT_KINDS = [
  ...(['created', 'changed', 'resolved', 'muted', 'sent', 'failed'] as const),
  ...(['acknowledged', 'reopened', 'escalated', 'ended', 'silenced', 'unsilenced'] as const),
  ...STEPS,
] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

export function isStep({ kind }: Pick<HistoryEvent, 'kind'>): boolean {
  return STEPS.some((step) => step === kind);
}

/** Of the alert, or of its group; a silence has none. */
export function labelsOf(event: HistoryEvent): LabelSet {
  if ('silence' in event) return LabelSet.empty;
  return 'labels' in event ? event.labels : event.groupLabels;
}

/** Whether it is about this alert. */
export function concerns(event: HistoryEvent, fingerprint: string): boolean {
  if ('silence' in event) return false;
  if ('fingerprint' in event) return event.fingerprint === fingerprint;
  return event.firing.includes(fingerprint) || ('resolved' in event && event.resolved.includes(fingerprint));
}

/** @param sequence of the event among all, from 1 */
export function eventJson(sequence: number, event: HistoryEvent): string {
  const head = `{"sequence":${sequence},"time":"${isoTime(event.timeMs)}","kind":"${event.kind}"`;
  switch (event.kind) {
    case 'created':
    case 'changed':
    case 'resolved': {
      const { fingerprint, labels, annotations, startsAtMs, endsAtMs } = event;
      const times = `${timeMember('startsAt', startsAtMs)}${timeMember('endsAt', endsAtMs)}`;
      const reason = event.reason === undefined ? '' : `,"reason":"${event.reason}"`;
      return `${head},"fingerprint":"${fingerprint}","labels":${jsonLabels(labels)},"annotations":${jsonLabels(annotations)}${times}${reason}}`;
    }
    case 'pending':
    case 'lapsed':
      return `${head},"fingerprint":"${event.fingerprint}","labels":${jsonLabels(event.labels)}}`;
    case 'grouped': {
      const { fingerprint, labels, receiver, groupKey, groupLabels } = event;
      return `${head},"fingerprint":"${fingerprint}","labels":${jsonLabels(labels)},"receiver":${jsonString(receiver)},"groupKey":${jsonString(groupKey)},"groupLabels":${jsonLabels(groupLabels)}}`;
    }
    case 'muted': {
      const { fingerprint, labels, receiver, by, cause, rule } = event;
      const ruleMember = rule === undefined ? '' : `,"rule":${ruleJson(rule)}`;
      return `${head},"fingerprint":"${fingerprint}","labels":${jsonLabels(labels)},"receiver":${jsonString(receiver)},"by":"${by}","cause":${jsonString(cause)}${ruleMember}}`;
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
      const { silence, matchers, by, cause, annotations, startsAtMs, endsAtMs } = event;
      const annotated = annotations === undefined ? '' : `,"annotations":${jsonLabels(annotations)}`;
      const times = `${timeMember('startsAt', startsAtMs)}${timeMember('endsAt', endsAtMs)}`;
      const isChange = event.isChange === undefined ? '' : ',"isChange":true';
      return `${head},"silence":${jsonString(silence)},"matchers":${jsonString(matchers)},"by":${jsonString(by)},"cause":${jsonString(cause)}${annotated}${times}${isChange}}`;
    }
    case 'sent':
    case 'failed': {
      const { receiver, integration, groupKey, groupLabels, reason, firing, resolved, attempt, latencyMs } = event;
      const status = event.status === undefined ? '' : `,"status":${event.status}`;
      const hash = event.bodySha256 === undefined ? '' : `,"bodySha256":"${event.bodySha256}"`;
      const problem = event.problem === '' ? '' : `,"problem":${jsonString(event.problem)}`;
      const { repeatIntervalMs } = event;
      const repeat = repeatIntervalMs === undefined ? '' : `,"repeatIntervalMs":${repeatIntervalMs}`;
      return `${head},"receiver":${jsonString(receiver)},"integration":${jsonString(integration)},"groupKey":${jsonString(groupKey)},"groupLabels":${jsonLabels(groupLabels)},"reason":"${reason}","firing":${JSON.stringify(firing)},"resolved":${JSON.stringify(resolved)},"attempt":${attempt}${timeMember('flushAt', event.flushAtMs)}${repeat},"latencyMs":${Math.round(latencyMs)}${status}${hash}${problem}}`;
    }
    default:
      return assertNever(event);
  }
}

function ruleJson({ name, source, target, equal }: InhibitingRule): string {
  return JSON.stringify({ name, source, target, equal });
}

function timeMember(name: string, timeMs: number | undefined): string {
  return timeMs === undefined ? '' : `,"${name}":"${isoTime(timeMs)}"`;
}

function isoTime(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

/** UTF-16 units of what differs from event to event. */
export function lengthOf(event: HistoryEvent): number {
  if ('silence' in event) {
    const { matchers, by, cause, annotations } = event;
    return matchers.length + by.length + cause.length + (annotations?.key.length ?? 0);
  }
  const labels = labelsOf(event).key.length;
  if ('annotations' in event) return labels + event.annotations.key.length;
  if (event.kind === 'muted') {
    const { cause, rule } = event;
    return labels + cause.length + (rule === undefined ? 0 : ruleJson(rule).length);
  }
  if ('cause' in event) return labels + event.cause.length;
  if ('problem' in event) {
    const { groupKey, problem, bodySha256 = '', firing, resolved } = event;
    return labels + groupKey.length + problem.length + bodySha256.length + 16 * (firing.length + resolved.length);
  }
  return labels + ('groupKey' in event ? event.groupKey.length : 0);
}
