/** Which part of the work is this replica's. A replica lives as long as it renews its own Lease; who owns a shard stands in that shard's Lease,
 *  and holds while its owner lives: one write every two seconds for a replica, however many shards there are. */
import type { Clock, Timer } from '@vigie/core/clock';
import type { Log } from '@vigie/core/log';
import type { Random } from '@vigie/core/random';
import { type KubeClient, resourcePath } from '@vigie/kube/client';
import { LeaseElector } from '@vigie/kube/lease';
import { Reflector } from '@vigie/kube/reflector';
import { GroupLeases, LEASE_MS, LEASES, replicaLeaseName } from './group-leases.ts';
import { HandOvers } from './hand-overs.ts';
import { ADDRESS_ANNOTATION, type GroupLease, groupLeaseForm, RULES_ANNOTATION } from './seen-leases.ts';
import { planShards } from './shard-plan.ts';
import { GROUP_LABEL, REPLICA_LABEL, type SharedPlace } from './shared-object.ts';
import { RECONNECT } from './shared-state.ts';

export interface ShardOwnershipOptions extends SharedPlace {
  readonly shards: number;
  /** Of this replica: `10.0.0.7:9093`. */
  readonly address: () => string;
  /** What it says to others of its rules: RULES_ANNOTATION. */
  readonly rules: () => string;
}

export interface ShardOwnershipDeps {
  readonly client: Pick<KubeClient, 'request' | 'stream'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** What is owned here has changed, or whether this replica can be one of several. */
  readonly changed: () => void;
  /** Lets end what is under way in a shard that is given away; nothing new begins in it. */
  readonly finish: (shard: number) => Promise<void>;
}

export interface KnownReplica {
  readonly name: string;
  readonly address: string;
  /** As ShardOwnershipOptions.rules; empty: it does not say. */
  readonly rules: string;
  readonly isAlive: boolean;
  /** How long ago it last was; 0 of one that is. */
  readonly goneForMs: number;
}

const RENEW_MS = 2000;
/** Two renewals may fail. */
const RENEW_DEADLINE_MS = 4000;
/** Each renewal comes back by the watch: one that says nothing for three of them is watched by nobody. */
const SILENCE_MS = LEASE_MS;
/** A shard that is left over is taken by whoever has enough already. */
const SPARE_AFTER_MS = 2000;
/** What the owner before has told last may still be on its way; and where its Lease was removed, it is to hear of that. */
const HEAR_MS = 200;

export class ShardOwnership {
  readonly counts = { takeovers: 0, releases: 0 };
  readonly #options: ShardOwnershipOptions;
  readonly #deps: ShardOwnershipDeps;
  readonly #session: LeaseElector;
  readonly #reflector: Reflector<GroupLease>;
  readonly #leases: GroupLeases;
  readonly #handOvers: HandOvers;
  readonly #ending = new AbortController();
  /** Taken or confirmed since this replica's Lease was last lost: since when, by the monotonic clock. */
  readonly #owned = new Map<number, number>();
  readonly #asking = new Set<number>();
  readonly #leaving = new Set<number>();
  /** How often its Lease was lost: what was asked for before is nothing to go by. */
  #lives = 0;
  #freeSinceMs: number | undefined;
  #timer: Timer | undefined;
  #hasBegun = false;
  #isClosing = false;

  constructor(options: ShardOwnershipOptions, deps: ShardOwnershipDeps) {
    const { client, clock, random, log, changed } = deps;
    const { namespace, name, replica, address, rules } = options;
    this.#options = options;
    this.#deps = deps;
    this.#handOvers = new HandOvers(clock);
    this.#leases = new GroupLeases(options, { client, clock, log, saw: (lease) => this.#saw(lease) });
    this.#session = new LeaseElector(
      client,
      {
        namespace,
        name: replicaLeaseName(name, replica),
        identity: replica,
        leaseDurationMs: LEASE_MS,
        renewDeadlineMs: RENEW_DEADLINE_MS,
        retryPeriodMs: RENEW_MS,
        labels: { [GROUP_LABEL]: name, [REPLICA_LABEL]: replica },
      },
      {
        started: () => {
          this.#evaluate();
          changed();
        },
        stopped: () => {
          this.#lives += 1;
          this.#owned.clear();
          changed();
        },
        annotations: () => ({ [ADDRESS_ANNOTATION]: address(), [RULES_ANNOTATION]: rules() }),
      },
      { clock, random, log },
    );
    this.#reflector = new Reflector(
      client,
      {
        path: resourcePath(LEASES, namespace),
        selectors: { labelSelector: `${GROUP_LABEL}=${name}` },
        form: groupLeaseForm,
        key: (lease) => lease.name,
      },
      {
        replaced: (all) => {
          this.#leases.listed(all);
          this.#evaluate();
        },
        applied: (_name, lease) => {
          this.#leases.heard(lease);
          this.#evaluate();
        },
        removed: (_name, lease) => {
          this.#leases.heardRemoved(lease);
          this.#sawRemoved(lease);
          this.#evaluate();
        },
      },
      { clock, random, log, backoff: RECONNECT, silenceMs: SILENCE_MS },
    );
  }

  /** Whether this replica lives for the others; false too when it has been stopped for so long that a timer is yet to fire. */
  get isAlive(): boolean {
    return this.#session.isLeader;
  }

  /** When its Lease was last renewed; -Infinity before. */
  get renewedAtMs(): number {
    return this.#session.renewedAtMs;
  }

  owns(shard: number): boolean {
    return this.#session.isLeader && this.#owned.has(shard);
  }

  /** For how long it has been this replica's; undefined: it is not. */
  ownedForMs(shard: number): number | undefined {
    const sinceMs = this.owns(shard) ? this.#owned.get(shard) : undefined;
    return sinceMs === undefined ? undefined : this.#deps.clock.monotonicMs() - sinceMs;
  }

  /** Whether something new may begin in it. */
  begins(shard: number): boolean {
    return this.owns(shard) && !this.#leaving.has(shard);
  }

  /** Whether another replica that lives owns it. */
  isOwnedElsewhere(shard: number): boolean {
    const owner = this.#owners()[shard];
    return owner !== undefined && owner !== this.#options.replica;
  }

  get owned(): number {
    return this.#session.isLeader ? this.#owned.size : 0;
  }

  /** Shards that nobody who lives owns. */
  get unowned(): number {
    return this.#owners().filter((owner) => owner === undefined).length;
  }

  /** Those of which there is a Lease, this one not among them. */
  others(): readonly KnownReplica[] {
    const nowMs = this.#deps.clock.monotonicMs();
    return this.#leases
      .replicas()
      .filter(({ lease }) => lease.replica !== this.#options.replica)
      .map(({ lease, untilMs }) => ({
        name: lease.replica,
        address: lease.address,
        rules: lease.rules,
        isAlive: nowMs < untilMs,
        goneForMs: Math.max(0, nowMs - untilMs),
      }));
  }

  /** Looks at the others. */
  start(): void {
    this.#reflector.start(this.#ending.signal);
  }

  /** Lives, and owns, from now on. */
  begin(): void {
    this.#hasBegun = true;
    this.#session.start(this.#ending.signal);
  }

  /** The Lease of a replica that is no more. */
  removeReplica(replica: string): Promise<void> {
    return this.#leases.removeReplica(replica);
  }

  /** Gives all back, so that others need not wait. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#timer?.cancel();
    if (this.#session.isLeader) await Promise.all([...this.#owned.keys()].map((shard) => this.#release(shard)));
    await this.#session.close();
    if (this.#session.renewedAtMs > this.#deps.clock.monotonicMs() - LEASE_MS)
      await this.removeReplica(this.#options.replica);
    this.#ending.abort(new Error('the replica is closed'));
    await this.#reflector.close();
  }

  #saw({ name, holder }: GroupLease): void {
    if (holder === this.#options.replica) return;
    const shard = this.#leases.shardOf(name);
    if (shard === undefined) return;
    if (holder !== '') this.#handOvers.taken(shard, this.#countOf(holder));
    this.#lose(shard, 'another replica has taken a part of the work', { owner: holder });
  }

  /** Somebody has removed the Lease of a shard: whoever makes another one owns it. */
  #sawRemoved({ name }: GroupLease): void {
    const shard = this.#leases.shardOf(name);
    if (shard !== undefined && this.#leases.ofShard(shard) === undefined)
      this.#lose(shard, 'somebody has removed the Lease of a part of the work');
  }

  #lose(shard: number, message: string, fields: { readonly owner?: string } = {}): void {
    if (!this.#owned.delete(shard)) return;
    this.#deps.log.warn(message, { shard, ...fields });
    this.#deps.changed();
  }

  #aliveOthers(): ReadonlySet<string> {
    return new Set(this.others().flatMap(({ name, isAlive }) => (isAlive ? [name] : [])));
  }

  #owners(): readonly (string | undefined)[] {
    const alive = this.#aliveOthers();
    return Array.from({ length: this.#options.shards }, (_, shard) => {
      if (this.owns(shard)) return this.#options.replica;
      const holder = this.#leases.ofShard(shard)?.holder ?? '';
      return alive.has(holder) ? holder : undefined;
    });
  }

  #countOf(replica: string): number {
    return this.#owners().filter((owner) => owner === replica).length;
  }

  /** Takes what is free, and gives back what is too much. */
  #evaluate(): void {
    this.#timer?.cancel();
    if (!this.#hasBegun || this.#isClosing || this.#ending.signal.aborted) return;
    this.#lookAgain();
    // Also while the watch is broken: before anything is taken, the API server is asked.
    if (!this.#session.isLeader || this.#reflector.state === 'connecting') return;
    this.#leases.lookAgain();
    const nowMs = this.#deps.clock.monotonicMs();
    const { replica } = this.#options;
    const others = this.#aliveOthers();
    // Nobody else takes what this replica holds for all that others see: it is confirmed, or given back by a write that arrives.
    const isHeld = (shard: number): boolean => !this.owns(shard) && this.#leases.ofShard(shard)?.holder === replica;
    const owners = this.#owners().map((owner, shard) => (isHeld(shard) ? replica : owner));
    const given = others.size === 0 ? undefined : this.#handOvers.given();
    const { take, spare, release } = planShards(owners, [...others, replica], replica, given);
    const held = owners.flatMap((_, shard) => (isHeld(shard) ? [shard] : []));
    for (const shard of [...held, ...take]) this.#ask(shard, () => this.#take(shard, false));
    this.#freeSinceMs = spare.length === 0 ? undefined : (this.#freeSinceMs ?? nowMs);
    if (this.#freeSinceMs !== undefined && nowMs - this.#freeSinceMs >= SPARE_AFTER_MS)
      for (const shard of spare) this.#ask(shard, () => this.#take(shard, true));
    if (release === undefined || this.#asking.size > 0 || this.#reflector.state !== 'synced') return;
    if (this.#handOvers.mayGive()) this.#ask(release, () => this.#release(release));
  }

  /** When the next of the others is dead unless it is heard of, and every two seconds. */
  #lookAgain(): void {
    const nowMs = this.#deps.clock.monotonicMs();
    const ends = this.#leases.replicas().flatMap(({ untilMs }) => (untilMs > nowMs ? [untilMs - nowMs] : []));
    this.#timer = this.#deps.clock.setTimer(Math.min(RENEW_MS, ...ends), () => this.#evaluate());
  }

  #ask(shard: number, act: () => Promise<void>): void {
    if (this.#asking.has(shard)) return;
    this.#asking.add(shard);
    act()
      .catch((error: unknown) => {
        if (!this.#ending.signal.aborted)
          this.#deps.log.warn('a part of the work can neither be taken nor given back', { shard, error });
      })
      .finally(() => this.#asking.delete(shard));
  }

  async #take(shard: number, isSpare: boolean): Promise<void> {
    const { clock, log } = this.#deps;
    const { replica } = this.#options;
    const life = this.#lives;
    const known = this.#leases.ofShard(shard);
    const holder = known?.holder ?? '';
    if (holder !== '' && holder !== replica && (await this.#leases.livesAfterAll(holder))) return;
    // Whoever began before must not be taken for dead by a pause of this process.
    if (!this.#session.isLeader) return;
    if (!(await this.#leases.claim(shard, known))) return;
    if (known !== undefined || this.#aliveOthers().size > 0) await clock.sleep(HEAR_MS, this.#ending.signal);
    if (!this.#session.isLeader || this.#lives !== life || this.#leases.ofShard(shard)?.holder !== replica) return;
    this.#owned.set(shard, clock.monotonicMs());
    if (this.#aliveOthers().size > 0) this.#handOvers.kept(shard, isSpare);
    this.counts.takeovers += 1;
    log.info('this replica owns a part of the work', { shard, before: holder });
    this.#deps.changed();
  }

  async #release(shard: number): Promise<void> {
    this.#leaving.add(shard);
    await this.#deps.finish(shard).finally(() => this.#leaving.delete(shard));
    const known = this.#leases.ofShard(shard);
    if (known === undefined || !this.#owned.delete(shard)) return;
    this.#handOvers.gave(shard, Math.min(...[...this.#aliveOthers()].map((other) => this.#countOf(other))));
    this.#deps.changed();
    if (await this.#leases.giveBack(known)) this.counts.releases += 1;
  }
}
