/** What a notification's templates, and web hooks, are told. Source: Alertmanager 0.34, template/template.go, Data and Alert. */
import { escapeRegex } from '@vigie/core/regex/escape-regex';
import { goTime, ZERO_TIME_NANOS } from '@vigie/core/template/go-time';
import { formatLayout } from '@vigie/core/template/time-layout';
import { type TimeZone, UTC } from '@vigie/core/template/time-zone';
import { type FunctionMap, GoFunction, GoList, GoStruct, type Value } from '@vigie/core/template/values';
import type { LabelSet } from '@vigie/promql/labels/label-set';
import { type Alert, isResolved } from '../dispatch/alert.ts';
import type { Notification } from '../receivers/integration.ts';
import type { Json } from './go-json.ts';
import { KeyValues } from './key-values.ts';

type Texts = ReadonlyMap<string, string>;

interface AlertData {
  readonly status: 'firing' | 'resolved';
  readonly labels: Texts;
  readonly annotations: Texts;
  readonly startsAtNanos: bigint;
  /** The zero time while it fires. */
  readonly endsAtNanos: bigint;
  readonly generatorUrl: string;
  readonly fingerprint: string;
}

export interface AlertCounts {
  readonly firing: number;
  readonly resolved: number;
}

export interface NotificationData {
  /** As a regular expression that matches it alone. */
  readonly receiver: string;
  readonly status: 'firing' | 'resolved';
  readonly alerts: readonly AlertData[];
  /** How many alerts there are, where `alerts` lists some; undefined: as many as it has. */
  readonly counts?: AlertCounts | undefined;
  readonly notificationReason: string;
  readonly groupLabels: Texts;
  readonly commonLabels: Texts;
  readonly commonAnnotations: Texts;
  readonly routeLabels: Texts;
  readonly externalUrl: string;
}

/** @param externalUrl under which users reach the alerting service */
export function notificationData(notification: Notification, externalUrl: string): NotificationData {
  const { alerts, listed, groupLabels, routeLabels, timeMs, context } = notification;
  const told = alerts.map((alert) => alertData(alert, timeMs, context?.annotations.get(alert.fingerprint)));
  // What is said of one alert is no summary of them all, though there be no other.
  const own = context === undefined ? told : alerts.map(({ annotations }) => ({ annotations: textsOf(annotations) }));
  const firing = told.filter(({ status }) => status === 'firing').length;
  return {
    receiver: escapeRegex(notification.receiver),
    status: firing > 0 ? 'firing' : 'resolved',
    alerts: listed?.map((alert) => alertData(alert, timeMs, context?.annotations.get(alert.fingerprint))) ?? told,
    counts: listed === undefined ? undefined : { firing, resolved: told.length - firing },
    notificationReason: notification.reason,
    groupLabels: textsOf(groupLabels),
    commonLabels: commonOf(told.map(({ labels }) => labels)),
    commonAnnotations: commonOf(own.map(({ annotations }) => annotations)),
    routeLabels: new Map(Object.entries(routeLabels)),
    externalUrl,
  };
}

/** @param context what stands among its annotations beside its own */
function alertData(alert: Alert, timeMs: number, context: Texts | undefined): AlertData {
  const { labels, annotations, startsAtMs, endsAtMs, generatorUrl, fingerprint } = alert;
  const resolved = isResolved(alert, timeMs);
  return {
    status: resolved ? 'resolved' : 'firing',
    labels: textsOf(labels),
    annotations: context === undefined ? textsOf(annotations) : new Map([...annotations.entries(), ...context]),
    startsAtNanos: nanosOf(startsAtMs),
    endsAtNanos: resolved && endsAtMs !== undefined ? nanosOf(endsAtMs) : ZERO_TIME_NANOS,
    generatorUrl,
    fingerprint,
  };
}

function nanosOf(timeMs: number): bigint {
  return BigInt(Math.round(timeMs * 1000)) * 1000n;
}

function textsOf(labels: LabelSet): Texts {
  return new Map(labels.entries());
}

/** Cost: O(all of them), until nothing is in common. */
function commonOf([first, ...others]: readonly Texts[]): Texts {
  const common = new Map(first);
  for (const other of others) {
    if (common.size === 0) break;
    for (const [name, value] of common) if ((other.get(name) ?? '') !== value) common.delete(name);
  }
  return common;
}

/** As a template sees it. */
export function dataValue(data: NotificationData): GoStruct {
  return new GoStruct(
    '*template.Data',
    new Map<string, Value>([
      ['Receiver', data.receiver],
      ['Status', data.status],
      ['Alerts', new Alerts(data.alerts, data.counts)],
      ['NotificationReason', data.notificationReason],
      ['GroupLabels', new KeyValues(data.groupLabels)],
      ['CommonLabels', new KeyValues(data.commonLabels)],
      ['CommonAnnotations', new KeyValues(data.commonAnnotations)],
      ['RouteLabels', new KeyValues(data.routeLabels)],
      ['ExternalURL', data.externalUrl],
      // Seen where all of it is printed, as in an error.
      ['routeLabelsRendered', true],
    ]),
  );
}

/** Of which more are counted than are listed. */
class CountedList extends GoList {
  readonly #count: number;

  constructor(items: readonly Value[], typeName: string, count: number) {
    super(items, typeName);
    this.#count = count;
  }

  override get length(): number {
    return this.#count;
  }
}

class Alerts extends CountedList {
  readonly #counts: AlertCounts | undefined;

  constructor(alerts: readonly AlertData[], counts: AlertCounts | undefined) {
    const length = counts === undefined ? alerts.length : counts.firing + counts.resolved;
    super(alerts.map(alertValue), 'template.Alerts', length);
    this.#counts = counts;
  }

  override get underlying(): string {
    return '[]template.Alert';
  }

  override get methods(): FunctionMap {
    return new Map([
      ['Firing', new GoFunction([], () => this.#of('firing'))],
      ['Resolved', new GoFunction([], () => this.#of('resolved'))],
    ]);
  }

  #of(status: AlertData['status']): GoList {
    const items = this.items.filter((alert) => alert instanceof GoStruct && alert.fields.get('Status') === status);
    return new CountedList(items, this.underlying, this.#counts?.[status] ?? items.length);
  }
}

function alertValue(alert: AlertData): GoStruct {
  return new GoStruct(
    'template.Alert',
    new Map<string, Value>([
      ['Status', alert.status],
      ['Labels', new KeyValues(alert.labels)],
      ['Annotations', new KeyValues(alert.annotations)],
      ['StartsAt', goTime(alert.startsAtNanos)],
      ['EndsAt', goTime(alert.endsAtNanos)],
      ['GeneratorURL', alert.generatorUrl],
      ['Fingerprint', alert.fingerprint],
    ]),
  );
}

/** As a web hook is sent it. */
export function dataJson(data: NotificationData): { readonly [field: string]: Json } {
  return {
    receiver: data.receiver,
    status: data.status,
    alerts: data.alerts.map((alert) => ({
      status: alert.status,
      labels: alert.labels,
      annotations: alert.annotations,
      startsAt: formatJsonTime(alert.startsAtNanos),
      endsAt: formatJsonTime(alert.endsAtNanos),
      generatorURL: alert.generatorUrl,
      fingerprint: alert.fingerprint,
    })),
    notification_reason: data.notificationReason,
    groupLabels: data.groupLabels,
    commonLabels: data.commonLabels,
    commonAnnotations: data.commonAnnotations,
    routeLabels: data.routeLabels,
    externalURL: data.externalUrl,
  };
}

/** RFC 3339 with as many digits of a second as it has. */
export function formatJsonTime(unixNanos: bigint, zone: TimeZone = UTC): string {
  if (zone === UTC && unixNanos === ZERO_TIME_NANOS) return '0001-01-01T00:00:00Z';
  // Two for each of thousands of alerts, and nearly all of whole milliseconds.
  if (zone === UTC && unixNanos > 0n && unixNanos % 1_000_000n === 0n) {
    return new Date(Number(unixNanos / 1_000_000n)).toISOString().replace(/\.?0+Z$/, 'Z');
  }
  return formatLayout(unixNanos, '2006-01-02T15:04:05.999999999Z07:00', zone);
}
