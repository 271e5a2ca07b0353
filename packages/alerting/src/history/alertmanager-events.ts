/** Events as Alertmanager's event recorder writes them: a line of protojson each. What has no message there has no line, and what nobody knows is left
 *  out, as are values that are empty, 0 or false. Source: Alertmanager 0.34, eventrecorder/events.go. */
import { assertNever, bug } from '@vigie/core/errors';
import type { LabelSet } from '@vigie/promql/labels/label-set';
import type { NotificationReason } from '../dispatch/notification-log.ts';
import { dedupKeyOf, routeKeyOf } from '../identity/group-key.ts';
import type { AlertMatcher, MatchOperator } from '../matchers/alert-matcher.ts';
import type { AlertmanagerSchema } from './alertmanager-schemas.ts';
import type { EventHistory } from './event-history.ts';
import type { NumberedEvent } from './event-ring.ts';
import type {
  AlertEvent,
  EventKind,
  GroupedEvent,
  HistoryEvent,
  InhibitingRule,
  MuteEvent,
  SendEvent,
} from './history-event.ts';
import { KnownThings } from './known-things.ts';
import { matcherSetsIn } from './silence-event.ts';

/** Those of which there is a message. */
export const ALERTMANAGER_KINDS: ReadonlySet<EventKind> = new Set<EventKind>([
  'created',
  'resolved',
  'grouped',
  'muted',
  'sent',
  'silenced',
  'unsilenced',
]);
const EVERYTHING = {
  kinds: new Set<EventKind>([...ALERTMANAGER_KINDS, 'changed']),
  matchers: [],
  fingerprint: undefined,
  receiver: undefined,
  fromMs: -Infinity,
  toMs: Infinity,
  limit: Infinity,
};

const REASONS: Readonly<Record<NotificationReason, string>> = {
  'first notification': 'NOTIFY_REASON_FIRST_NOTIFICATION',
  'new alerts added': 'NOTIFY_REASON_NEW_ALERTS_IN_GROUP',
  'some alerts resolved': 'NOTIFY_REASON_NEW_RESOLVED_ALERTS',
  'all alerts resolved': 'NOTIFY_REASON_ALL_ALERTS_RESOLVED',
  'repeat interval elapsed': 'NOTIFY_REASON_REPEAT_INTERVAL_ELAPSED',
};
const MATCHER_TYPES: Readonly<Record<MatchOperator, string>> = {
  '=': 'TYPE_EQUAL',
  '=~': 'TYPE_REGEXP',
  '!=': 'TYPE_NOT_EQUAL',
  '!~': 'TYPE_NOT_REGEXP',
};

/** @param page of the history, newest first
 *  @param instance name of this replica
 *  @returns in the order of the page; none of events that have no message
 *  Cost: O(events of the history): alerts and silences are as the history knows them at the time of each event. */
export function alertmanagerLines(
  history: Pick<EventHistory, 'query'>,
  page: readonly NumberedEvent[],
  schema: AlertmanagerSchema,
  instance: string,
): readonly string[] {
  const [newest] = page;
  if (newest === undefined) return [];
  const asked = new Set(page.map(({ sequence }) => sequence));
  const known = new KnownThings();
  const messages = new Messages(known, schema);
  const lines: string[] = [];
  for (const { sequence, event } of history.query({ ...EVERYTHING, before: newest.sequence + 1 }).events.toReversed()) {
    known.note(event);
    const data = asked.has(sequence) ? messages.of(event) : undefined;
    if (data !== undefined)
      lines.push(`${JSON.stringify({ '@timestamp': timestamp(event.timeMs), instance: filled(instance), data })}\n`);
  }
  return lines.reverse();
}

type Message = Readonly<Record<string, unknown>>;

class Messages {
  readonly #known: KnownThings;
  readonly #schema: AlertmanagerSchema;

  constructor(known: KnownThings, schema: AlertmanagerSchema) {
    this.#known = known;
    this.#schema = schema;
  }

  /** By its name; undefined where there is none. */
  of(event: HistoryEvent): Message | undefined {
    switch (event.kind) {
      case 'created':
        return { alertCreated: { alert: this.#alert(event.fingerprint, event, false) } };
      case 'resolved':
        return { alertResolved: { alert: this.#schema.inGroup(this.#alert(event.fingerprint, event, true)) } };
      case 'grouped': {
        const alert = this.#inGroup(event.fingerprint, false, event);
        return { alertGrouped: { alert, groupInfo: this.#group(event) } };
      }
      case 'muted':
        return this.#muted(event);
      case 'sent':
        return { notification: this.#notification(event) };
      case 'silenced':
        return { [event.isChange ? 'silenceUpdated' : 'silenceCreated']: { silence: this.#silence(event.silence) } };
      case 'unsilenced':
        return { silenceUpdated: { silence: this.#silence(event.silence) } };
      case 'changed':
      case 'pending':
      case 'lapsed':
      case 'failed':
      case 'acknowledged':
      case 'reopened':
      case 'escalated':
      case 'ended':
        return undefined;
      default:
        return assertNever(event);
    }
  }

  #muted({ by, cause, rule, fingerprint, labels }: MuteEvent): Message | undefined {
    const mutedAlert = { labels: this.#labels(labels), fingerprint: uint64(fingerprint) };
    switch (by) {
      case 'silence':
        return { silenceMutedAlert: { silence: this.#silence(cause), mutedAlert } };
      case 'inhibition':
        return {
          inhibitionMutedAlert: {
            inhibitRules: rule === undefined ? undefined : [this.#inhibitRule(rule)],
            mutedAlert,
            inhibitingFingerprints: [uint64(cause)],
          },
        };
      case 'time_interval':
        return undefined;
      default:
        return assertNever(by);
    }
  }

  #notification(event: SendEvent): Message {
    const firing = event.firing.map((fingerprint) => this.#inGroup(fingerprint, false));
    const resolved = event.resolved.map((fingerprint) => this.#inGroup(fingerprint, true));
    return {
      alerts: [...firing, ...resolved],
      firingAlerts: firing.length === 0 ? undefined : firing,
      resolvedAlerts: resolved.length === 0 ? undefined : resolved,
      groupInfo: this.#group(event),
      repeatInterval: durationText(event.repeatIntervalMs),
      flushId: event.flushAtMs === undefined ? undefined : String(event.flushAtMs),
      reason: REASONS[event.reason],
      integration: integrationOf(event.integration),
    };
  }

  #group({ groupKey, groupLabels, receiver }: GroupedEvent | SendEvent): Message {
    return {
      groupKey,
      groupLabels: this.#labels(groupLabels),
      groupId: dedupKeyOf(groupKey),
      receiverName: filled(receiver),
      matchers: matchersIn(routeKeyOf(groupKey, groupLabels)),
    };
  }

  #inhibitRule({ name, source, target, equal }: InhibitingRule): unknown {
    const equalLabels = equal.length === 0 ? undefined : equal.toSorted();
    const rule = { sourceMatchers: matchersIn(source), targetMatchers: matchersIn(target), equalLabels };
    return this.#schema.inhibitRule(rule, filled(name));
  }

  /** @param event that has its labels, where the history has forgotten what it was */
  #inGroup(fingerprint: string, isResolved: boolean, event?: Pick<GroupedEvent, 'labels'>): unknown {
    return this.#schema.inGroup(this.#alert(fingerprint, this.#known.alert(fingerprint) ?? event, isResolved));
  }

  #alert(
    fingerprint: string,
    alert: (Pick<AlertEvent, 'labels'> & Partial<AlertEvent>) | undefined,
    isResolved: boolean,
  ): Message {
    return {
      fingerprint: uint64(fingerprint),
      name: filled(alert?.labels.get('alertname')),
      labels: this.#labels(alert?.labels),
      annotations: this.#labels(alert?.annotations),
      startsAt: timestamp(alert?.startsAtMs),
      endsAt: timestamp(alert?.endsAtMs),
      resolved: isResolved || undefined,
    };
  }

  #silence(id: string): Message {
    const silence = this.#known.silence(id);
    const sets = matcherSetsIn(silence?.matchers ?? '').map((matchers) => matchers.map(matcherOf));
    return {
      id,
      matchers: sets[0],
      annotations: this.#labels(silence?.annotations),
      startsAt: timestamp(silence?.startsAtMs),
      endsAt: timestamp(silence?.endsAtMs),
      updatedAt: timestamp(silence?.updatedAtMs),
      createdBy: filled(silence?.by),
      comment: filled(silence?.comment),
      matcherSets: sets.length === 0 ? undefined : sets.map((matchers) => ({ matchers })),
    };
  }

  #labels(labels: LabelSet | undefined): unknown {
    return labels === undefined || labels.size === 0 ? undefined : this.#schema.labels(labels);
  }
}

/** Of the last set: of a route's key, that of the route itself.
 *  @returns undefined where it has none */
function matchersIn(sets: string): readonly Message[] | undefined {
  const matchers = matcherSetsIn(sets).at(-1) ?? [];
  return matchers.length === 0 ? undefined : matchers.map(matcherOf);
}

function matcherOf(matcher: AlertMatcher): Message {
  const { operator, name, value } = matcher;
  return { type: MATCHER_TYPES[operator], name, pattern: filled(value), rendered: String(matcher) };
}

/** @param id `shop/webhook/0` */
function integrationOf(id: string): Message {
  const [, name, index] = /\/([^/]+)\/(\d+)$/.exec(id) ?? [];
  if (name === undefined || index === undefined) throw bug(`${id} is no integration`);
  return { name, index: index === '0' ? undefined : index };
}

function filled(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

/** Numbers of 64 bits are text.
 *  @param digits hexadecimal, 16 at most */
function uint64(digits: string): string {
  return BigInt(`0x${digits}`).toString();
}

/** `14400s`, with a fraction where there is one. */
function durationText(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : `${(ms / 1000).toFixed(ms % 1000 === 0 ? 0 : 3)}s`;
}

/** With a fraction where there is one. */
function timestamp(timeMs: number | undefined): string | undefined {
  return timeMs === undefined ? undefined : new Date(timeMs).toISOString().replace('.000Z', 'Z');
}
