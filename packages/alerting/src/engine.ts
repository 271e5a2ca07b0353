/** What Alertmanager does: takes alerts, keeps them, groups them, and tells receivers of those that are not muted. */
import type { Timer } from '@vigie/core/clock';
import { VigieError } from '@vigie/core/errors';
import type { RuleRecord } from '@vigie/rules/state/rule-record';
import { AlertStore } from './alerts/alert-store.ts';
import { KeptAlerts } from './alerts/kept-alerts.ts';
import type { PostedAlert } from './alerts/posted-alert.ts';
import type { AlertmanagerConfig } from './config/load-config.ts';
import { type Alert, isResolved } from './dispatch/alert.ts';
import type { AlertGroup } from './dispatch/alert-group.ts';
import { Dispatcher } from './dispatch/dispatcher.ts';
import { NotificationLog } from './dispatch/notification-log.ts';
import { type GroupTimers, groupTimers, repeatsDueMs } from './dispatch/repeat-times.ts';
import { afterKnown, EngineReplica, groupSharing, lastTold } from './engine-replica.ts';
import type { EngineDeps, EngineSettings } from './engine-settings.ts';
import { Escalations, type GroupLook } from './escalation/escalations.ts';
import type { Acknowledgement, Page } from './escalation/page.ts';
import { AlertEvents } from './history/alert-events.ts';
import { type InForce, inForce } from './in-force.ts';
import type { Inhibitor } from './inhibition/inhibitor.ts';
import { Farewells } from './notify/farewells.ts';
import { muteCauses } from './notify/muting.ts';
import { groupedEvent } from './notify/notify-events.ts';
import type { RateLimit } from './notify/rate-limit.ts';
import { RateLimits } from './notify/rate-limits.ts';
import type { Receiver } from './notify/receiver.ts';
import { Outbox } from './outbox/outbox.ts';
import type { Integration } from './receivers/integration.ts';
import type { Route } from './routing/route.ts';
import type { Silence, SilenceContent } from './silences/silence.ts';
import { SilenceKeeping } from './silences/silence-keeping.ts';
import { MOST_SILENCES, SilenceStore } from './silences/silence-store.ts';
import { ENDS_AFTER_MS } from './silences/until-resolved.ts';
import { AlertingState } from './state/alerting-state.ts';
import { DurableState } from './state/durable-state.ts';
import { Forgetting } from './state/forgetting.ts';
import type { StateLog } from './state/state-log.ts';
import type { StateRecord } from './state/state-record.ts';

/** What is over is looked for this often. */
const MAINTENANCE_MS = 30_000;

export class AlertEngine {
  readonly state: AlertingState;
  readonly #deps: EngineDeps;
  readonly #durable: DurableState;
  readonly #dispatcher: Dispatcher;
  readonly #escalations: Escalations;
  readonly #events: AlertEvents;
  readonly #kept = new KeptAlerts();
  readonly #silences: SilenceKeeping;
  readonly #farewells: Farewells;
  readonly #forgetting: Forgetting;
  readonly #limits: RateLimits;
  #settings: EngineSettings;
  #inForce: InForce;
  /** Groups have their timers. */
  #isDispatching = false;
  #maintenance: Timer | undefined;

  /** @param folder of the state, which is its own */
  constructor(folder: string, settings: EngineSettings, deps: EngineDeps) {
    const { clock, newId, log, replication } = deps;
    const { limits, retentionMs } = settings.options;
    this.#settings = settings;
    this.#deps = deps;
    this.#durable = new DurableState({ folder, of: 'alerts', records: () => this.state.records() }, deps);
    this.state = new AlertingState({
      alerts: new AlertStore(limits),
      silences: new SilenceStore({
        clock,
        newId,
        retentionMs,
        most: () => this.#settings.options.mostSilences ?? MOST_SILENCES,
      }),
      notifications: new NotificationLog(retentionMs),
      outbox: new Outbox(),
    });
    this.#events = new AlertEvents({
      record: deps.record,
      inPlaceOf: (record) => this.state.rules.inPlaceOf(record),
      externalLabels: deps.externalLabels,
    });
    this.#silences = new SilenceKeeping({
      silences: this.state.silences,
      alerts: this.state.alerts,
      clock,
      log,
      record: deps.record,
      persist: (records) => this.#persist(records),
      owns: (id) => replication?.ownsGroup(id) !== false,
      endsAfterMs: () => this.#settings.options.silenceEndsAfterMs ?? ENDS_AFTER_MS,
    });
    this.#forgetting = new Forgetting({
      state: this.state,
      clock,
      groups: () => this.groups,
      tellers: (group) => this.#tellers(group),
      receivers: () => this.receivers,
      forgotten: (isThere) => this.#kept.retain(isThere),
    });
    this.#escalations = new Escalations(this.state.pages, {
      clock,
      log,
      record: deps.record,
      persist: (records) => this.#persist(records),
      stepsOf: (receiver) => this.#settings.receiverOptions.get(receiver)?.escalation ?? [],
      look: (groupId) => this.#look(groupId),
      owns: ({ key }) => deps.replication?.ownsGroup(key) !== false,
      tell: async (group, receivers, signal) => {
        const unmuted = this.#look(group.id)?.unmuted ?? [];
        const timeMs = clock.nowMs();
        const firing = unmuted.filter((alert) => !isResolved(alert, timeMs));
        await this.#inForce.notifier
          .escalate(group, firing, receivers, timeMs, signal)
          .catch((error: unknown) => log.error('a group could not be escalated', { error }));
      },
    });
    this.#limits = new RateLimits({
      clock,
      ownsGroup: replication && ((key) => replication.ownsGroup(key)),
      portion: replication && (() => replication.portion),
    });
    this.#inForce = this.#inForceOf(settings);
    this.#farewells = new Farewells({
      clock,
      log,
      notifications: this.state.notifications,
      alertOf: (fingerprint) => this.state.alerts.get(fingerprint),
      toldNow: () => {
        const told = new Set(
          this.groups.flatMap((group) => this.#tellers(group).map(({ id }) => `${group.key}\n${id}`)),
        );
        return (key, integration) => told.has(`${key}\n${integration}`);
      },
      receivers: () => this.receivers,
      owns: (key) => deps.replication?.ownsGroup(key) !== false,
      tell: (end, signal) => this.#inForce.notifier.tellEnd(end, signal),
    });
    this.#dispatcher = new Dispatcher(this.#inForce.root, {
      clock,
      tell: (group, flush, signal) => {
        if (flush.resolved.length > 0) this.#events.recordChanges(flush.resolved, flush.timeMs);
        return this.#inForce.notifier.tell(group, flush, signal);
      },
      earlier: (group) => [
        ...this.#inForce.notifier.lookAgainMs(group),
        ...(this.#settings.options.repeatOnTime === true ? this.#repeatsDueMs(group) : []),
      ],
      onTimer: (id, nextFlushMs) => this.#keepTimer(id, nextFlushMs),
      onJoined: (group, alert) => deps.record(groupedEvent(group, alert, clock.nowMs())),
      onError: (error) => log.error('a group could not be told', { error }),
      sharing: deps.replication && groupSharing(deps.replication, this.state, () => this.receivers),
    });
  }

  get config(): AlertmanagerConfig {
    return this.#settings.config;
  }

  get root(): Route {
    return this.#inForce.root;
  }

  get inhibitor(): Inhibitor {
    return this.#inForce.inhibitor;
  }

  get groups(): readonly AlertGroup[] {
    return this.#dispatcher.groups;
  }

  /** undefined: there is no such group. */
  timersOf(groupId: string): GroupTimers | undefined {
    const group = this.#dispatcher.group(groupId);
    if (group === undefined) return undefined;
    const isOnTime = this.#settings.options.repeatOnTime === true;
    return groupTimers(group, this.#repeatsDueMs(group), this.#deps.clock.nowMs(), isOnTime);
  }

  get escalations(): Pick<Escalations, 'counts' | 'pages'> {
    return this.#escalations;
  }

  /** Keeps what is none of its own over a restart.
   *  @throws {VigieError} ALERTING_STATE_UNWRITABLE */
  keep(records: readonly StateRecord[]): Promise<void> {
    return this.#persist(records);
  }

  /** By their names. */
  get receivers(): ReadonlyMap<string, Receiver> {
    return this.#inForce.receivers;
  }

  /** By the ids of integrations. */
  get limits(): ReadonlyMap<string, RateLimit> {
    return this.#limits.all;
  }

  /** undefined before the start. */
  get stateLog(): StateLog | undefined {
    return this.#durable.stateLog;
  }

  /** Records of the state that could not be read at the start. */
  get damaged(): number {
    return this.#durable.damaged;
  }

  /** Brings back what was kept, and goes on: groups that were due meanwhile, or of which nobody knows whether they were told, are told now.
   *  @throws what the file system throws, and {VigieError} ALERTING_STATE */
  async start(): Promise<void> {
    const { clock, replication } = this.#deps;
    const { state } = this;
    state.restore(await this.#durable.open());
    await replication?.join(this.#replica());
    const nowMs = clock.nowMs();
    this.#limits.restore(state.notifications.all());
    state.holdAlerts(nowMs, this.#settings.options.startupHoldMs);
    for (const alert of state.alerts.all()) {
      this.#inForce.inhibitor.set(alert);
      this.#events.restore(alert, nowMs);
    }
    const timers = new Map(state.timers);
    for (const { groupId } of state.outbox.all()) timers.set(groupId, nowMs);
    state.timers.clear();
    const owed = this.state.notifications.owed();
    this.#dispatcher.restore(
      state.alerts.all(),
      (group, { fingerprint }) => owed.get(group)?.has(fingerprint) === true,
      timers,
    );
    this.#forgetting.retainClaims();
    for (const id of [...timers.keys(), ...state.pages.keys()])
      if (!state.timers.has(id)) this.#keepTimer(id, undefined);
    this.#isDispatching = true;
    this.#escalations.resume();
    this.#scheduleMaintenance();
    if (replication === undefined) return;
    this.#dispatcher.toldElsewhere(lastTold(state.records()));
    replication.begin();
  }

  /** Takes up another configuration: groups that are in it, too, go on undisturbed. Retention stays as it was at the start. */
  apply(settings: EngineSettings): void {
    this.#settings = settings;
    this.state.alerts.limits = settings.options.limits;
    this.#inForce = this.#inForceOf(settings);
    for (const alert of this.state.alerts.all()) this.#inForce.inhibitor.set(alert);
    this.#dispatcher.update(this.#inForce.root, this.state.alerts.all());
    this.#forgetting.retainClaims();
    this.#escalations.resume();
  }

  /** Takes alerts, which are told from now on; resolves when they are on the disk.
   *  @throws {VigieError} ALERTS_TOO_MANY or ALERT_TOO_LARGE, where some were not taken; ALERTING_STATE_UNWRITABLE, where they are in memory alone */
  async post(alerts: readonly PostedAlert[]): Promise<void> {
    const nowMs = this.#deps.clock.nowMs();
    if (this.state.alerts.size + alerts.length > this.#settings.options.limits.alerts) this.#forgetting.makeRoom();
    const { taken, changed, refused } = this.state.alerts.put(afterKnown(alerts, this.state), nowMs);
    this.#events.recordChanges(taken, nowMs);
    const kept = this.#keepAlerts(this.#kept.take(taken, changed, nowMs), taken);
    for (const alert of taken) this.#inForce.inhibitor.set(alert);
    for (const alert of taken) this.#dispatcher.set(alert);
    await kept;
    const [first] = refused;
    if (first === undefined) return;
    const { limits } = this.#settings.options;
    const reasons = new Set(refused.map(({ reason }) => reason));
    const why = [
      ...(reasons.has('too_many') ? [`there may be ${limits.alerts} alerts at a time (limits.alerts)`] : []),
      ...(reasons.has('too_large') ? [`one may have ${limits.alertSize} characters (limits.alert_size)`] : []),
    ];
    throw new VigieError(
      reasons.has('too_many') ? 'ALERTS_TOO_MANY' : 'ALERT_TOO_LARGE',
      `${refused.length} of ${alerts.length} alerts are not taken: ${why.join(', ')}`,
    );
  }

  /** Takes what its rules know of their alerts; resolves when it is on the disk.
   *  @throws {VigieError} ALERTING_STATE_UNWRITABLE, where it is in memory alone */
  async keepRules(records: readonly RuleRecord[]): Promise<void> {
    this.#takeRules(records);
    await this.#persist(records.map((record) => ({ kind: 'rule', record })));
  }

  /** As SilenceKeeping.set.
   *  @throws as that */
  setSilence(content: SilenceContent, id?: string): Promise<Silence> {
    return this.#silences.set(content, id);
  }

  /** As SilenceKeeping.expire.
   *  @throws as that */
  expireSilence(id: string): Promise<Silence> {
    return this.#silences.expire(id, 'somebody has ended it');
  }

  /** Acknowledges each group in which such an alert fires, as it fires now.
   *  @returns their pages, on the disk when it resolves
   *  @throws {VigieError} ALERTING_STATE_UNWRITABLE: it holds until the next restart */
  async acknowledge(
    selects: (group: AlertGroup, alert: Alert) => boolean,
    by: Pick<Acknowledgement, 'by' | 'comment' | 'endsAtMs'>,
  ): Promise<readonly Page[]> {
    const atMs = this.#deps.clock.nowMs();
    return Promise.all(
      this.#firingGroups(selects, atMs).map(({ group, firing }) => {
        const covers = new Set(firing.map(({ fingerprint }) => fingerprint));
        return this.#escalations.acknowledge(group, { ...by, atMs, covers });
      }),
    );
  }

  /** Opens again each group in which such an alert fires.
   *  @returns the pages of those that were acknowledged
   *  @throws as acknowledge */
  async withdrawAcknowledgement(
    selects: (group: AlertGroup, alert: Alert) => boolean,
    by: string,
  ): Promise<readonly Page[]> {
    const groups = this.#firingGroups(selects, this.#deps.clock.nowMs());
    const pages = await Promise.all(groups.map(({ group }) => this.#escalations.withdraw(group, by)));
    return pages.filter((page) => page !== undefined);
  }

  /** Ends each alert that fires and is selected: somebody says that it is over. Whoever goes on telling of one lets it fire anew.
   *  @returns them, on the disk when it resolves
   *  @throws {VigieError} ALERTING_STATE_UNWRITABLE, where their end is in memory alone */
  async endAlerts(
    selects: (group: AlertGroup, alert: Alert) => boolean,
    { by, comment: cause }: Pick<Acknowledgement, 'by' | 'comment'>,
  ): Promise<readonly Alert[]> {
    const nowMs = this.#deps.clock.nowMs();
    const ended = new Map<string, PostedAlert>();
    for (const { group, firing } of this.#firingGroups(selects, nowMs)) {
      const selected = firing.filter((alert) => selects(group, alert)).map(({ fingerprint }) => fingerprint);
      const { key: groupKey, labels: groupLabels, route } = group;
      const { receiver } = route.options;
      this.#deps.record({ kind: 'ended', timeMs: nowMs, receiver, groupKey, groupLabels, by, cause, firing: selected });
      for (const fingerprint of selected) {
        const alert = this.state.alerts.get(fingerprint);
        if (alert !== undefined) ended.set(fingerprint, endedByHand(alert, nowMs));
      }
    }
    await this.post([...ended.values()]);
    return [...ended.values()];
  }

  /** Lets what is being told end, for graceMs at most. */
  async close(options: { readonly graceMs: number }): Promise<void> {
    this.#maintenance?.cancel();
    await Promise.all([this.#dispatcher.close(options), this.#escalations.close(options), this.#farewells.close()]);
    await this.#durable.close();
  }

  #inForceOf(settings: EngineSettings): InForce {
    return inForce(settings, this.#deps, {
      state: this.state,
      escalations: this.#escalations,
      limits: this.#limits,
      persist: (records) => this.#persist(records),
    });
  }

  /** Also of none, it ends when all that was to be written before is on the disk: somebody else may have posted the same.
   *  @param written of the alerts, those that the disk has to have
   *  @param taken what other replicas hear of, as far as it is news to them */
  async #keepAlerts(written: readonly PostedAlert[], taken: readonly PostedAlert[]): Promise<void> {
    try {
      await this.#durable.keep(written.map(recordOfAlert), taken.map(recordOfAlert));
    } catch (error) {
      this.#kept.forgetAll();
      throw error;
    }
  }

  /** One by one: of two of the same alert, the later changes what the earlier has left. */
  #takeRules(records: Iterable<RuleRecord>): void {
    const nowMs = this.#deps.clock.nowMs();
    for (const record of records) {
      this.#events.recordPending(record, nowMs);
      this.state.rules.apply(record);
    }
  }

  #look(groupId: string): GroupLook | undefined {
    const group = this.#dispatcher.group(groupId);
    if (group === undefined) return undefined;
    const muted = muteCauses(group.route, group.alerts, this.#deps.clock.nowMs(), this.#inForce.muting);
    return { group, unmuted: group.alerts.filter(({ fingerprint }) => !muted.has(fingerprint)) };
  }

  /** Of those that are told as its receiver: Unix ms. */
  #repeatsDueMs(group: AlertGroup): readonly number[] {
    const { repeatIntervalMs } = group.route.options;
    const integrations = this.#integrationsOf(group, this.#escalations.pages.get(group.id)?.reached);
    const entries = integrations.map(({ id }) => this.state.notifications.get(group.key, id));
    return repeatsDueMs(entries, repeatIntervalMs);
  }

  /** Of the group's receiver, and of others. */
  #integrationsOf({ route }: AlertGroup, others: ReadonlySet<string> = new Set()): readonly Integration[] {
    const names = [route.options.receiver, ...others];
    return names.flatMap((name) => this.#inForce.receivers.get(name)?.integrations ?? []);
  }

  #firingGroups(selects: (group: AlertGroup, alert: Alert) => boolean, nowMs: number) {
    return this.groups.flatMap((group) => {
      const firing = group.alerts.filter((alert) => !isResolved(alert, nowMs));
      return firing.some((alert) => selects(group, alert)) ? [{ group, firing }] : [];
    });
  }

  #keepTimer(id: string, nextFlushMs: number | undefined): void {
    if (nextFlushMs === undefined) {
      this.#escalations.forget(id);
      this.state.timers.delete(id);
      this.state.outbox.forget(id);
    } else this.state.timers.set(id, nextFlushMs);
    this.#persist([{ kind: 'group', id, nextFlushMs }]).catch((error: unknown) =>
      this.#deps.log.error('the timer of a group cannot be kept', { error }),
    );
  }

  #persist(records: readonly StateRecord[]): Promise<void> {
    return this.#durable.keep(records);
  }

  #replica(): EngineReplica {
    return new EngineReplica({
      state: this.state,
      durable: this.#durable,
      dispatcher: this.#dispatcher,
      escalations: this.#escalations,
      inhibitor: () => this.inhibitor,
      isDispatching: () => this.#isDispatching,
      takeRules: (records) => this.#takeRules(records),
      silencesHeard: (silences) => this.#silences.recordHeard(silences),
      changed: (alerts, nowMs) => this.#events.recordChanges(alerts, nowMs),
      clock: this.#deps.clock,
    });
  }

  #scheduleMaintenance(): void {
    this.#maintenance = this.#deps.clock.setTimer(MAINTENANCE_MS, () => {
      this.#maintain();
      this.#scheduleMaintenance();
    });
  }

  #maintain(): void {
    const { clock } = this.#deps;
    this.#events.recordEnded(clock.nowMs());
    this.#silences.endOver();
    this.#farewells.look();
    if (this.#forgetting.look()) this.#inForce.inhibitor.forgetEnded(clock.nowMs());
  }

  /** By which anybody hears of the group. */
  #tellers(group: AlertGroup): readonly Integration[] {
    return this.#integrationsOf(group, this.#escalations.pages.get(group.id)?.told);
  }
}

function endedByHand(alert: PostedAlert, nowMs: number): PostedAlert {
  return { ...alert, endsAtMs: nowMs, updatedAtMs: nowMs, hasTimeout: false, resolveReason: 'manual' };
}

function recordOfAlert(alert: PostedAlert): StateRecord {
  return { kind: 'alert', alert };
}
