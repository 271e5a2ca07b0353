/** Tells the receiver of a group's flush: what is not muted, to each of its integrations that has not heard of it. Source: Alertmanager,
 *  notify/notify.go, PipelineBuilder; how it differs is in docs/reference/alerting.md. */
import type { Clock } from '@vigie/core/clock';
import { bug } from '@vigie/core/errors';
import type { Log } from '@vigie/core/log';
import { type Alert, isResolved } from '../dispatch/alert.ts';
import type { AlertGroup, Flush } from '../dispatch/alert-group.ts';
import {
  type NotificationLog,
  type NotificationReason,
  type NotificationRules,
  notificationReason,
} from '../dispatch/notification-log.ts';
import type { HistoryEvent } from '../history/history-event.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { Integration } from '../receivers/integration.ts';
import type { Route } from '../routing/route.ts';
import type { StateRecord } from '../state/state-record.ts';
import type { DeliveryPlan } from './delivery-plan.ts';
import { type Mute, type MutingWorld, muteCauses } from './muting.ts';
import { notificationOf } from './notification-of.ts';
import type { NotifyCounts } from './notify-counts.ts';
import { muteEvent } from './notify-events.ts';
import type { Receiver } from './receiver.ts';

export interface NotifyOptions {
  /** Whether a receiver that was told of an alert is told of its end although it is muted then. */
  readonly resolveWhatFired: boolean;
  /** Whether resolved alerts say why, in an annotation. */
  readonly resolveReason: boolean;
}

/** What the configuration says. */
export interface NotifierSettings extends NotifyOptions {
  /** By their names. */
  readonly receivers: ReadonlyMap<string, Receiver>;
  readonly muting: MutingWorld;
}

export interface NotifierDeps {
  readonly clock: Clock;
  readonly plan: DeliveryPlan;
  readonly notifications: NotificationLog;
  readonly outbox: Outbox;
  /** Resolves when they are on the disk; rejects when they cannot be. */
  readonly persist: (records: readonly StateRecord[]) => Promise<void>;
  readonly counts: NotifyCounts;
  readonly record: (event: HistoryEvent) => void;
  readonly log: Log;
}

/** A flush on its way to one receiver. */
interface Telling {
  readonly group: AlertGroup;
  /** Of the group when the flush began. */
  readonly route: Route;
  readonly flush: Flush;
  readonly receiver: Receiver;
  /** By fingerprint. */
  readonly muted: ReadonlyMap<string, Mute>;
  /** Fingerprints. */
  readonly resolved: ReadonlySet<string>;
  readonly signal: AbortSignal;
}

export class Notifier {
  readonly #settings: NotifierSettings;
  readonly #deps: NotifierDeps;
  /** What was muted at the last flush of a group, by fingerprint. */
  readonly #muted = new WeakMap<AlertGroup, ReadonlyMap<string, Mute>>();

  constructor(settings: NotifierSettings, deps: NotifierDeps) {
    this.#settings = settings;
    this.#deps = deps;
  }

  /** @returns whether every integration has heard of it, or has nothing to hear */
  async tell(group: AlertGroup, flush: Flush, signal: AbortSignal): Promise<boolean> {
    const { route } = group;
    const receiver = this.#settings.receivers.get(route.options.receiver);
    if (receiver === undefined) throw bug(`receiver ${route.options.receiver} is not in the configuration`);
    const muted = muteCauses(route, flush.alerts, flush.timeMs, this.#settings.muting);
    for (const { cause } of muted.values()) this.#deps.counts.suppressed[cause] += 1;
    this.#recordMuted(group, flush, muted);
    const resolved = new Set(flush.resolved.map(({ fingerprint }) => fingerprint));
    const telling = { group, route, flush, receiver, muted, resolved, signal };
    const told = await Promise.all(receiver.integrations.map((integration) => this.#tell(integration, telling)));
    return told.every(Boolean);
  }

  /** Of each alert once, until something else mutes it. */
  #recordMuted(group: AlertGroup, { alerts, timeMs }: Flush, muted: ReadonlyMap<string, Mute>): void {
    const before = this.#muted.get(group);
    this.#muted.set(group, muted);
    for (const alert of alerts) {
      const mute = muted.get(alert.fingerprint);
      if (mute === undefined || before?.get(alert.fingerprint)?.by === mute.by) continue;
      this.#deps.record(muteEvent(alert, group.route.options.receiver, mute, timeMs));
    }
  }

  async #tell(integration: Integration, telling: Telling): Promise<boolean> {
    const { group, route, flush, muted, resolved } = telling;
    const { notifications } = this.#deps;
    const rules: NotificationRules = {
      sendResolved: integration.sendsResolved,
      repeatIntervalMs: route.options.repeatIntervalMs,
      owesResolves: integration.sendsResolved && this.#settings.resolveWhatFired,
    };
    const entry = notifications.get(group.key, integration.id);
    const isOwed = ({ fingerprint }: Alert): boolean => entry?.owed.has(fingerprint) === true;
    const isTold = (alert: Alert): boolean =>
      !muted.has(alert.fingerprint) || (resolved.has(alert.fingerprint) && isOwed(alert));
    const part: Flush = {
      timeMs: flush.timeMs,
      alerts: flush.alerts.filter(isTold),
      resolved: flush.resolved.filter(isTold),
    };
    if (part.alerts.length === 0) return true;
    const reason = notificationReason(entry, part, rules) ?? (part.resolved.some(isOwed) ? endReason(part) : undefined);
    if (reason === undefined) return true;
    return this.#send(integration, telling, part, reason, rules, entry?.viaFallback === true);
  }

  async #send(
    integration: Integration,
    { group, route, receiver, signal }: Telling,
    part: Flush,
    reason: NotificationReason,
    rules: NotificationRules,
    wasViaFallback: boolean,
  ): Promise<boolean> {
    const { clock, plan, outbox } = this.#deps;
    const alerts = integration.sendsResolved
      ? part.alerts
      : part.alerts.filter((alert) => !isResolved(alert, part.timeMs));
    let viaFallback = false;
    if (alerts.length > 0) {
      const claim = {
        groupId: group.id,
        group: group.key,
        integration: integration.id,
        claimedAtMs: clock.nowMs(),
      };
      outbox.claim(claim);
      await this.#persist([{ kind: 'claim', claim }]);
      const told = { alerts, reason, timeMs: part.timeMs };
      const notification = notificationOf(group, route, told, this.#settings.resolveReason);
      const alsoFallback = wasViaFallback && part.resolved.length > 0;
      const delivered = await plan.deliver(receiver, integration, notification, alsoFallback, signal);
      if (!delivered.isDelivered) return false;
      viaFallback = delivered.viaFallback;
    }
    await this.#record(group.key, integration, part, rules, viaFallback);
    return true;
  }

  async #record(
    group: string,
    { id: integration }: Integration,
    part: Flush,
    rules: NotificationRules,
    viaFallback: boolean,
  ): Promise<void> {
    const { notifications, outbox } = this.#deps;
    const entry = notifications.record(group, integration, part, rules, viaFallback);
    outbox.settle({ group, integration });
    await this.#persist([{ kind: 'told', group, integration, entry }]);
  }

  /** A disk that does not take it keeps nobody from being told: after a restart they may be told twice. */
  async #persist(records: readonly StateRecord[]): Promise<void> {
    try {
      await this.#deps.persist(records);
    } catch (error) {
      this.#deps.log.error('what is told cannot be kept: after a restart it may be told again', { error });
    }
  }
}

/** Of alerts whose end is owed for longer than the log remembers that they fired. */
function endReason({ alerts, resolved }: Flush): NotificationReason {
  return alerts.length === resolved.length ? 'all alerts resolved' : 'some alerts resolved';
}
