/** One of several replicas: what it knows the others know, and each tells of the part of the groups that is its own. Where the API server cannot
 *  be had, each tells of all of them: rather twice than not at all. Promises and limits: docs/reference/alerting.md, High availability. */
import type { Clock, Timer } from '@vigie/core/clock';
import type { Log } from '@vigie/core/log';
import type { Random } from '@vigie/core/random';
import { KubeClient } from '@vigie/kube/client';
import { loadKubeConfig } from '@vigie/kube/config';
import type { StateRecord } from '../state/state-record.ts';
import type { HaConfig } from './ha-section.ts';
import type { Replica, Replication } from './replication.ts';
import { digestOfGroups, RuleAgreement } from './rule-agreement.ts';
import { shardOf } from './shard-of.ts';
import { type KnownReplica, ShardOwnership } from './shard-ownership.ts';
import { SharedState } from './shared-state.ts';

export interface HighAvailabilityOptions {
  readonly config: HaConfig;
  readonly replica: string;
  /** Of this replica: `10.0.0.7:9093`. */
  readonly address: () => string;
}

export interface HighAvailabilityDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Of Vigie. */
  readonly version: string;
}

/** So long after the end of its Lease, four seconds behind the last renewal, this replica acts as if it were the only one: then another one may
 *  have taken its part, and within ten seconds somebody tells of what the owner of a group has left. Counted by ticks of a clock that stands
 *  still with the process, so that one that was stopped first asks whether it is still meant. */
const TICK_MS = 1000;
const TICKS_UNTIL_ALONE = 4;
/** A start does not wait for longer for what the others know. */
const JOIN_WAIT_MS = 5000;
/** What is being told may end before a part is handed over. */
const FINISH_MS = 3000;
const CLOSE_WAIT_MS = 2000;
const SWEEP_MS = 10_000;
/** Until the next sweep, twice over. */
const HOLD_MS = 30_000;
/** What a replica has left is taken over by another after this time: one that is restarted comes back to it. */
const GONE_AFTER_MS = 600_000;

type DuplicateReason = 'takeover' | 'alone';

export class HighAvailability implements Replication {
  /** Notifications that another replica may have sent, too. */
  readonly duplicates: Record<DuplicateReason, number> = { takeover: 0, alone: 0 };
  readonly #options: HighAvailabilityOptions;
  readonly #deps: HighAvailabilityDeps;
  readonly #client: KubeClient;
  readonly #namespace: string;
  readonly #ending = new AbortController();
  readonly #ownership: ShardOwnership;
  readonly #agreement: RuleAgreement;
  #state: SharedState | undefined;
  #replica: Replica | undefined;
  #isAlone = false;
  /** By the monotonic clock. */
  #aloneAtMs = 0;
  /** Since it last lived for the others. */
  #ticks = 0;
  #tick: Timer | undefined;
  #sweep: Timer | undefined;

  /** @throws {VigieError} where no API server is known, or the credentials cannot be read */
  constructor(options: HighAvailabilityOptions, deps: HighAvailabilityDeps) {
    this.#options = options;
    this.#deps = deps;
    const { clock, env, log, random, version } = deps;
    const { config, replica, address } = options;
    this.#client = new KubeClient(loadKubeConfig({ kubeconfig: config.kubeconfig }, { env }), {
      clock,
      env,
      userAgent: `vigie/${version} alerting`,
      reloadFailed: (detail) => log.warn('changed certificate or token not usable', { detail }),
    });
    this.#client.check();
    this.#namespace = config.namespace ?? (env.POD_NAMESPACE || this.#client.namespace);
    this.#agreement = new RuleAgreement(log);
    const rules = (): string => this.#agreement.own;
    this.#ownership = new ShardOwnership(
      { namespace: this.#namespace, name: config.name, replica, shards: config.shards, address, rules },
      {
        client: this.#client,
        clock,
        random,
        log,
        changed: () => this.#changed(),
        finish: (shard) => this.#finish(shard),
      },
    );
  }

  get ownership(): ShardOwnership {
    return this.#ownership;
  }

  /** undefined before the start. */
  get state(): SharedState | undefined {
    return this.#state;
  }

  /** Whether nothing of the others can be known, and it acts as if there were none. */
  get isAlone(): boolean {
    return this.#isAlone;
  }

  /** Replicas that have other groups of rules than this one. */
  get differing(): number {
    return this.#agreement.differing(this.#ownership.others()).length;
  }

  /** What this replica says to the others of its rules.
   *  @param groups `FILE;GROUP` of each */
  hasRules(groups: readonly string[]): void {
    this.#agreement.own = digestOfGroups(groups);
  }

  /** This one, and those that live. */
  peers(): readonly Pick<KnownReplica, 'name' | 'address'>[] {
    const others = this.#ownership.others().filter(({ isAlive }) => isAlive);
    return [{ name: this.#options.replica, address: this.#options.address() }, ...others].map(({ name, address }) => ({
      name,
      address,
    }));
  }

  async join(replica: Replica): Promise<void> {
    this.#replica = replica;
    const { config, replica: name } = this.#options;
    const place = { namespace: this.#namespace, name: config.name, replica: name };
    this.#state = new SharedState(place, replica, { ...this.#deps, client: this.#client });
    this.#ownership.start();
    await this.#state.start(JOIN_WAIT_MS, this.#ending.signal);
  }

  begin(): void {
    this.#ownership.begin();
    this.#scheduleTick();
    this.#scheduleSweep();
  }

  get portion(): number {
    return this.#isAlone ? 1 : Math.max(1, this.#ownership.owned) / this.#options.config.shards;
  }

  ownsGroup(groupKey: string): boolean {
    return this.#isAlone || this.#ownership.owns(this.#shardOf(groupKey));
  }

  beginsGroup(groupKey: string): boolean {
    return this.#isAlone || this.#ownership.begins(this.#shardOf(groupKey));
  }

  /** Whether this replica evaluates a group of rules.
   *  @param group `FILE;GROUP` */
  ownsRules(group: string): boolean {
    return this.beginsGroup(rulesKey(group));
  }

  /** For how long this replica has had a group of rules to evaluate; undefined: another one has. */
  ownsRulesForMs(group: string): number | undefined {
    if (this.#isAlone) return this.#deps.clock.monotonicMs() - this.#aloneAtMs;
    return this.#ownership.ownedForMs(this.#shardOf(rulesKey(group)));
  }

  isOwnedElsewhere(groupKey: string): boolean {
    return this.#state?.isSynced === true && this.#ownership.isOwnedElsewhere(this.#shardOf(groupKey));
  }

  async share(records: readonly StateRecord[]): Promise<void> {
    if (this.#state === undefined) return;
    const others = this.#ownership.others().length;
    for (const record of records) {
      if (this.#state.isClaimedElsewhere(record)) this.duplicates.takeover += 1;
      else if (record.kind === 'told' && others > 0 && this.#isAlone) this.duplicates.alone += 1;
    }
    await this.#state.share(records);
  }

  /** What is pending is told, and all that is owned given back; nothing is being told any more. */
  async close(): Promise<void> {
    this.#tick?.cancel();
    this.#sweep?.cancel();
    const isAlive = this.#ownership.isAlive;
    await this.#state?.close(isAlive ? CLOSE_WAIT_MS : 0);
    await this.#ownership.close();
    this.#ending.abort(new Error('the replica is closed'));
    this.#client.close();
  }

  #shardOf(key: string): number {
    return shardOf(key, this.#options.config.shards);
  }

  #changed(): void {
    if (this.#ownership.isAlive) this.#setAlone(0);
    this.#replica?.ownershipChanged();
  }

  #scheduleTick(): void {
    this.#tick = this.#deps.clock.setTimer(TICK_MS, () => {
      this.#setAlone(this.#ownership.isAlive ? 0 : this.#ticks + 1);
      this.#scheduleTick();
    });
  }

  #setAlone(ticks: number): void {
    this.#ticks = ticks;
    const isAlone = ticks >= TICKS_UNTIL_ALONE;
    if (isAlone === this.#isAlone) return;
    this.#isAlone = isAlone;
    const { clock, log } = this.#deps;
    this.#aloneAtMs = clock.monotonicMs();
    if (isAlone) log.error('the API server cannot be had: this replica tells of all groups, whatever others do');
    else log.info('the API server is there again: groups are shared');
    this.#replica?.ownershipChanged();
  }

  async #finish(shard: number): Promise<void> {
    const { clock } = this.#deps;
    const waited = new AbortController();
    const ended = this.#replica?.finish((key) => this.#shardOf(key) === shard);
    await Promise.race([ended, clock.sleep(FINISH_MS, waited.signal).catch(() => undefined)]);
    waited.abort();
  }

  #scheduleSweep(): void {
    this.#sweep = this.#deps.clock.setTimer(SWEEP_MS, () => {
      this.#agreement.look(this.#ownership.others());
      this.#sweepNow();
      this.#scheduleSweep();
    });
  }

  #sweepNow(): void {
    const { clock } = this.#deps;
    const state = this.#state;
    if (state === undefined) return;
    if (this.#isAlone) {
      this.#replica?.hold(state.foreignAlerts, clock.nowMs() + HOLD_MS);
      return;
    }
    if (!this.#ownership.isAlive || !state.isSynced) return;
    const others = this.#ownership.others();
    const { replica } = this.#options;
    // One of them is enough.
    if (others.some(({ name, isAlive }) => isAlive && name < replica)) return;
    const gone = others.filter(({ goneForMs }) => goneForMs > GONE_AFTER_MS).map(({ name }) => name);
    if (gone.length === 0) return;
    state.adoptObjects((name) => gone.includes(name));
    for (const name of gone) void this.#ownership.removeReplica(name);
  }
}

/** What no group of alerts is called. */
function rulesKey(group: string): string {
  return `rules\n${group}`;
}
