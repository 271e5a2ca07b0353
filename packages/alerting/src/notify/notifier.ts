/** Tells the receiver of a group's flush: what is not muted, to each of its integrations that has not heard of it. Source: Alertmanager,
 *  notify/notify.go, PipelineBuilder; how it differs is in docs/reference/alerting.md. */
import type { Clock } from '@vigie/core/clock';
import { bug } from '@vigie/core/errors';
import type { Log } from '@vigie/core/log';
import type { NotificationContext } from '../context/notification-context.ts';
import type { ContextQuestion } from '../context/page-context.ts';
import { type Alert, compareAlerts, isResolved } from '../dispatch/alert.ts';
import type { AlertGroup, Flush } from '../dispatch/alert-group.ts';
import {
  type NotificationEntry,
  type NotificationLog,
  type NotificationReason,
  type NotificationRules,
  notificationReason,
  type ToldBy,
} from '../dispatch/notification-log.ts';
import { isOwedInPlace } from '../dispatch/told-in-place.ts';
import type { Escalations, FlushOrders } from '../escalation/escalations.ts';
import type { HistoryEvent } from '../history/history-event.ts';
import { groupLabelsIn } from '../identity/group-key.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { Integration } from '../receivers/integration.ts';
import { type Route, UNKNOWN_ROUTE } from '../routing/route.ts';
import type { StateRecord } from '../state/state-record.ts';
import type { Audience, DeliveryPlan } from './delivery-plan.ts';
import { EndsInPlace } from './ends-in-place.ts';
import { type Mute, type MutingWorld, muteCauses } from './muting.ts';
import { endReason, keyOfTold, notificationOf } from './notification-of.ts';
import type { NotifyCounts } from './notify-counts.ts';
import { muteEvent } from './notify-events.ts';
import type { Addressee, Receiver } from './receiver.ts';

export interface NotifyOptions {
  /** Whether a receiver that was told of an alert is told of its end although it is muted then. */
  readonly resolveWhatFired: boolean;
  /** Whether resolved alerts say why, in an annotation. */
  readonly resolveReason: boolean;
  /** Whether notifications have a key by which web hooks know one that they have had; true unless given. */
  readonly idempotencyKey?: boolean | undefined;
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
  /** Whether this replica is to tell of a group, where there are several. */
  readonly ownsGroup?: ((groupKey: string) => boolean) | undefined;
  /** Resolves when they are on the disk; rejects when they cannot be. */
  readonly persist: (records: readonly StateRecord[]) => Promise<void>;
  readonly counts: NotifyCounts;
  readonly record: (event: HistoryEvent) => void;
  readonly log: Log;
  /** undefined where nobody is asked. */
  readonly gatherContext?: GatherContext | undefined;
  readonly escalations: Pick<Escalations, 'review'>;
}

/** What a page says beside its alerts: within its time, and it does not reject. */
export type GatherContext = (question: ContextQuestion, signal: AbortSignal) => Promise<NotificationContext>;

/** A flush on its way to one receiver. */
interface Telling {
  readonly group: Pick<AlertGroup, 'id' | 'key' | 'labels'>;
  /** Of the group when the flush began. */
  readonly route: Pick<Route, 'options'>;
  readonly flush: Flush;
  readonly receiver: Receiver;
  /** By fingerprint. */
  readonly muted: ReadonlyMap<string, Mute>;
  /** Fingerprints. */
  readonly resolved: ReadonlySet<string>;
  readonly signal: AbortSignal;
  /** Gathered when the first integration is told, for all of them; undefined where the receiver wants none. */
  readonly context: (() => Promise<NotificationContext | undefined>) | undefined;
  /** Whether repeats are not told. */
  readonly isAcknowledged: boolean;
  /** Whether it is told of the end of alerts alone. */
  readonly onlyEnds: boolean;
}

/** Of what an integration was told that is no more told of the group, and whoever was told in its place. */
export interface OwedEnd {
  /** Its key. */
  readonly group: string;
  /** Id of the integration. */
  readonly integration: string;
  /** undefined: it is no more in the configuration. */
  readonly to: Addressee | undefined;
  /** All of which are over. */
  readonly alerts: readonly Alert[];
  /** Unix ms. */
  readonly timeMs: number;
}

/** What an integration is to be told of a flush. */
interface Send {
  readonly part: Flush;
  readonly reason: NotificationReason;
  readonly rules: NotificationRules;
  /** What it was told last. */
  readonly entry: NotificationEntry | undefined;
  readonly audience: Audience;
}

/** What has come of it: it was told, or nothing is left for it to hear; others were told in its place, and it is owed an end; nobody was told. */
type Sent = 'told' | 'owed' | 'untold';

/** A flush that an integration has been told, or had nothing to hear of. */
interface Told extends Pick<Send, 'part' | 'rules'> {
  readonly toldBy: ToldBy;
  /** What it had been told before. */
  readonly known: NotificationEntry | undefined;
}

export class Notifier {
  readonly #settings: NotifierSettings;
  readonly #deps: NotifierDeps;
  /** What was muted at the last flush of a group, by fingerprint. */
  readonly #muted = new WeakMap<AlertGroup, ReadonlyMap<string, Mute>>();
  /** Of receivers of steps, by group and name: what they are being told. */
  readonly #turns = new Map<string, Promise<void>>();
  readonly #endsInPlace: EndsInPlace;

  constructor(settings: NotifierSettings, deps: NotifierDeps) {
    const { plan, notifications } = deps;
    this.#settings = settings;
    this.#deps = deps;
    const persist = (records: readonly StateRecord[]): Promise<void> => this.#persist(records);
    this.#endsInPlace = new EndsInPlace(settings, { plan, notifications, persist });
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
    const orders = this.#deps.escalations.review(group, () => ({
      timeMs: flush.timeMs,
      firing: fingerprintsOf(flush.alerts).filter(
        (fingerprint) => !resolved.has(fingerprint) && !muted.has(fingerprint),
      ),
      ended: [...resolved],
    }));
    const isAcknowledged = orders?.isAcknowledged === true;
    const common = { group, route, flush, muted, resolved, signal, isAcknowledged };
    const others = orders === undefined ? [] : this.#tellOthers(orders, common);
    const told = await Promise.all([this.#tellReceiver(receiver, common, false), ...others]);
    return told.every(Boolean);
  }

  /** When alerts that its last flush left out are to be looked at again, though no flush is due: Unix ms. */
  lookAgainMs(group: AlertGroup): readonly number[] {
    return [...(this.#muted.get(group)?.values() ?? [])].flatMap(({ untilMs }) => untilMs ?? []);
  }

  /** Tells receivers of steps of what fires in a group, between its flushes.
   *  @param firing those that are not muted */
  async escalate(
    group: AlertGroup,
    firing: readonly Alert[],
    receivers: readonly string[],
    timeMs: number,
    signal: AbortSignal,
  ): Promise<void> {
    const alerts = firing.map((alert) => ({ ...alert, endsAtMs: undefined })).sort(compareAlerts);
    const flush: Flush = { timeMs, alerts, resolved: [] };
    const orders = { reached: receivers, ending: [] };
    const common = { group, route: group.route, flush, muted: new Map(), resolved: new Set<string>(), signal };
    await Promise.all(this.#tellOthers(orders, { ...common, isAcknowledged: false }));
  }

  /** Tells one that is no more told of a group of the end of what it was told, and whoever was told in its place.
   *  @returns whether they have heard of it */
  tellEnd({ group: key, integration, to, alerts, timeMs }: OwedEnd, signal: AbortSignal): Promise<boolean> {
    const sorted = alerts.toSorted(compareAlerts);
    const group = { id: key, key, labels: groupLabelsIn(key) };
    const route = UNKNOWN_ROUTE;
    const flush = { timeMs, alerts: sorted, resolved: sorted };
    if (to === undefined) return this.#endsInPlace.tell({ group, route, integration, flush, timeoutMs: 0 }, signal);
    return this.#tell(to.integration, {
      group,
      route,
      flush,
      receiver: to.receiver,
      muted: new Map(),
      resolved: new Set(fingerprintsOf(alerts)),
      signal,
      context: undefined,
      isAcknowledged: false,
      onlyEnds: true,
    });
  }

  /** Receivers of steps: one after the other in a group, for a step may be due while the group is told. */
  #tellOthers(
    { reached, ending }: Pick<FlushOrders, 'reached' | 'ending'>,
    common: Omit<Telling, 'receiver' | 'context' | 'onlyEnds'>,
  ): readonly Promise<boolean>[] {
    const tellings = [...reached.map((name) => [name, false] as const), ...ending.map((name) => [name, true] as const)];
    return tellings.map(([name, onlyEnds]) => {
      // It may have gone from the configuration.
      const receiver = this.#settings.receivers.get(name);
      if (receiver === undefined) return Promise.resolve(true);
      const key = `${common.group.id}\n${name}`;
      const turn = this.#turns.get(key) ?? Promise.resolve();
      const told = turn.then(() => this.#tellReceiver(receiver, common, onlyEnds));
      const ended = told.then(
        () => undefined,
        () => undefined,
      );
      this.#turns.set(key, ended);
      void ended.then(() => {
        if (this.#turns.get(key) === ended) this.#turns.delete(key);
      });
      return told;
    });
  }

  async #tellReceiver(
    receiver: Receiver,
    common: Omit<Telling, 'receiver' | 'context' | 'onlyEnds'>,
    onlyEnds: boolean,
  ): Promise<boolean> {
    const context = this.#contextOf(receiver, common.flush, common.muted, common.signal);
    const telling = { ...common, receiver, context, onlyEnds };
    const told = await Promise.all(receiver.integrations.map((integration) => this.#tell(integration, telling)));
    return told.every(Boolean);
  }

  #contextOf(
    { options: { context: options } }: Receiver,
    { alerts, timeMs }: Flush,
    muted: ReadonlyMap<string, Mute>,
    signal: AbortSignal,
  ): Telling['context'] {
    const { gatherContext } = this.#deps;
    if (options === undefined || gatherContext === undefined) return undefined;
    let gathered: Promise<NotificationContext | undefined> | undefined;
    return () => {
      const told = alerts.filter(({ fingerprint }) => !muted.has(fingerprint));
      gathered ??= gatherContext({ alerts: told, timeMs, options }, signal).catch((error: unknown) => {
        this.#deps.log.error('a page goes without its context', { error });
        return undefined;
      });
      return gathered;
    };
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

  /** @returns whether it, and whoever was told in its place, has heard of the flush, or has nothing to hear */
  async #tell(integration: Integration, telling: Telling): Promise<boolean> {
    const send = this.#sendOf(integration, telling);
    if (send?.audience === 'both') {
      // The fallback hears of it at the same time, and by itself where it could not.
      const sent = await this.#send(integration, telling, send);
      return sent !== 'untold' && (await this.#tellInPlace(integration, telling)) && sent === 'told';
    }
    const [sent, areTold] = await Promise.all([
      send === undefined ? this.#nothingToTell(integration, telling.group) : this.#send(integration, telling, send),
      this.#tellInPlace(integration, telling),
    ]);
    return sent === 'told' && areTold;
  }

  /** Tells whoever was told in its place of the ends that they are owed.
   *  @returns whether they have heard of all of them */
  async #tellInPlace({ id: integration }: Integration, telling: Telling): Promise<boolean> {
    const { group, route, receiver, flush, muted, resolved, signal } = telling;
    const known = this.#deps.notifications.get(group.key, integration)?.inPlace;
    if (known === undefined || known.size === 0) return true;
    const owesEnds = this.#owesEnds(telling);
    const isHeard = ({ fingerprint }: Alert): boolean =>
      !muted.has(fingerprint) || (owesEnds && resolved.has(fingerprint));
    const part = { ...flush, alerts: flush.alerts.filter(isHeard), resolved: flush.resolved.filter(isHeard) };
    const timeoutMs = receiver.options.fallback?.timeoutMs ?? 0;
    return this.#endsInPlace.tell({ group, route, integration, flush: part, timeoutMs }, signal);
  }

  /** Whether it is told of the end of every alert that it was told of. */
  #owesEnds({ receiver, route }: Pick<Telling, 'receiver' | 'route'>): boolean {
    // Receivers of steps may be told of nothing but ends.
    return this.#settings.resolveWhatFired || receiver.name !== route.options.receiver;
  }

  /** @returns undefined: nothing */
  #sendOf(integration: Integration, telling: Telling): Send | undefined {
    const { group, route, receiver, flush, muted, resolved, onlyEnds, isAcknowledged } = telling;
    const rules: NotificationRules = {
      sendResolved: integration.sendsResolved,
      repeatIntervalMs: route.options.repeatIntervalMs,
      owesResolves: integration.sendsResolved && this.#owesEnds(telling),
    };
    const entry = this.#deps.notifications.get(group.key, integration.id);
    const isOwed = ({ fingerprint }: Alert): boolean => entry?.owed.has(fingerprint) === true;
    const isTold = (alert: Alert): boolean =>
      muted.has(alert.fingerprint) ? resolved.has(alert.fingerprint) && isOwed(alert) : !onlyEnds || isOwed(alert);
    const part: Flush = {
      timeMs: flush.timeMs,
      alerts: flush.alerts.filter(isTold),
      resolved: flush.resolved.filter(isTold),
    };
    if (part.alerts.length === 0 || (onlyEnds && !part.resolved.some(isOwed))) return undefined;
    const news = notificationReason(entry, part, rules);
    const reason = news ?? (part.resolved.some(isOwed) ? endReason(part) : undefined);
    if (reason === undefined || (isAcknowledged && reason === 'repeat interval elapsed')) return undefined;
    return { part, reason, rules, entry, audience: audienceOf(entry, part, news, this.#fallbackOf(receiver)) };
  }

  /** Ids of the integrations that are told in its place now. */
  #fallbackOf({ options: { fallback } }: Receiver): readonly string[] {
    const integrations = fallback && this.#settings.receivers.get(fallback.receiver)?.integrations;
    return (integrations ?? []).map(({ id }) => id);
  }

  /** What it was to be told before, and has not been, is not to be told any more: nobody waits for that. */
  #nothingToTell({ id: integration }: Integration, group: Telling['group']): Sent {
    const { outbox } = this.#deps;
    const open = outbox.find({ group: group.key, integration });
    // Another group may have the same key.
    if (open?.groupId === group.id) outbox.settle(open);
    return 'told';
  }

  async #send(
    integration: Integration,
    { group, route, receiver, signal, context, onlyEnds }: Telling,
    { part, reason, rules, entry, audience }: Send,
  ): Promise<Sent> {
    const { clock, plan, outbox } = this.#deps;
    const kept = reason === 'first notification' ? undefined : entry?.kept;
    let toldBy: ToldBy = { own: true, inPlace: [], kept };
    if (integration.sendsResolved || part.alerts.some((alert) => !isResolved(alert, part.timeMs))) {
      // Of an end that somebody else has heard of, what is owed is on the disk, and nobody waits for it.
      const isClaimed = audience !== 'own' && !onlyEnds;
      const claimedAtMs = clock.nowMs();
      const open = outbox.find({ group: group.key, integration: integration.id });
      const claim = {
        groupId: group.id,
        group: group.key,
        integration: integration.id,
        claimedAtMs,
        beganAtMs: open?.beganAtMs ?? (isClaimed ? claimedAtMs : (entry?.timeMs ?? claimedAtMs)),
      };
      if (isClaimed) outbox.claim(claim);
      const [gathered] = await Promise.all([
        context?.(),
        isClaimed ? this.#persist([{ kind: 'claim', claim }]) : undefined,
      ]);
      const notification = {
        ...notificationOf(group, route, { ...part, reason }, this.#settings.resolveReason),
        receiver: receiver.name,
        context: gathered,
        idempotencyKey: this.#settings.idempotencyKey === false ? undefined : keyOfTold(claim, part),
        kept,
      };
      const { own, inPlace } = await plan.deliver(receiver, integration, notification, audience, signal);
      if (own === undefined && inPlace.length === 0) return 'untold';
      const hearing = inPlace.filter(({ sendsResolved }) => sendsResolved).map(({ id }) => id);
      toldBy = { own: own !== undefined, inPlace: hearing, kept: own?.kept ?? kept };
    }
    const { owed } = await this.#record(group.key, integration, { part, rules, toldBy, known: entry });
    // Ends that the integration is still owed stay in the group, and are told with the next flush.
    return toldBy.own || !part.resolved.some(({ fingerprint }) => owed.has(fingerprint)) ? 'told' : 'owed';
  }

  /** What another replica has told of the group since this flush began; undefined: nothing. */
  #toldSince(
    group: string,
    { id }: Integration,
    { timeMs }: Flush,
    known: NotificationEntry | undefined,
  ): NotificationEntry | undefined {
    const { notifications, ownsGroup } = this.#deps;
    const entry = notifications.get(group, id);
    if (entry === undefined || entry === known) return undefined;
    // Its clock may be behind.
    return entry.timeMs > timeMs || ownsGroup?.(group) === false ? entry : undefined;
  }

  /** @returns what is known now */
  async #record(
    group: string,
    integration: Integration,
    { part, rules, toldBy, known }: Told,
  ): Promise<NotificationEntry> {
    const { notifications, outbox } = this.#deps;
    const { id } = integration;
    const since = this.#toldSince(group, integration, part, known);
    if (since !== undefined) {
      // What was told since holds: an alert that is over by it would else be taken for told when it fires again.
      const late = notifications.recordLate(group, id, part, rules, toldBy.inPlace);
      if (late !== undefined) await this.#persist([{ kind: 'told', group, integration: id, entry: late }]);
      return late ?? since;
    }
    const entry = notifications.record(group, id, part, rules, toldBy);
    outbox.settle({ group, integration: id });
    await this.#persist([{ kind: 'told', group, integration: id, entry }]);
    return entry;
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

function fingerprintsOf(alerts: readonly Alert[]): readonly string[] {
  return alerts.map(({ fingerprint }) => fingerprint);
}

/** @param news why the flush would be told if nothing were owed */
function audienceOf(
  entry: NotificationEntry | undefined,
  { resolved }: Flush,
  news: NotificationReason | undefined,
  fallback: readonly string[],
): Audience {
  if (entry === undefined) return 'either';
  const fresh = fingerprintsOf(resolved).filter((fingerprint) => !entry.resolved.has(fingerprint));
  if (fresh.some((fingerprint) => isOwedInPlace(entry.inPlace, fingerprint, fallback))) return 'both';
  return news === undefined && fresh.length === 0 ? 'own' : 'either';
}
