/** Which part of the work is this replica's. A replica lives as long as it renews its own Lease; who owns a shard stands in that shard's Lease,
 *  and holds while its owner lives: one write every two seconds for a replica, however many shards there are. */
import type { Clock, Timer } from '@vigie/core/clock';
import { describeError } from '@vigie/core/errors';
import type { Log } from '@vigie/core/log';
import type { Random } from '@vigie/core/random';
import { describeObstacle } from '@vigie/kube/answer';
import { type KubeClient, resourcePath } from '@vigie/kube/client';
import { LeaseElector } from '@vigie/kube/lease';
import { leaseWith } from '@vigie/kube/lease-record';
import { Reflector } from '@vigie/kube/reflector';
import {
  ADDRESS_ANNOTATION,
  type GroupLease,
  groupLeaseForm,
  isSameRecord,
  SeenLeases,
  SHARD_LABEL,
} from './seen-leases.ts';
import { planShards } from './shard-plan.ts';
import { GROUP_LABEL, REPLICA_LABEL, type SharedPlace } from './shared-object.ts';
import { RECONNECT } from './shared-state.ts';

export interface ShardOwnershipOptions extends SharedPlace {
  readonly shards: number;
  /** Of this replica: `10.0.0.7:9093`. */
  readonly address: () => string;
}

export interface ShardOwnershipDeps {
  readonly client: KubeClient;
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
  readonly isAlive: boolean;
  /** How long ago it last was; 0 of one that is. */
  readonly goneForMs: number;
}

/** The issue's: another replica goes on within 10 s of a kill. */
const LEASE_MS = 6000;
const RENEW_MS = 2000;
/** Two renewals may fail. */
const RENEW_DEADLINE_MS = 4000;
/** A shard that is left over is taken by whoever has enough already. */
const SPARE_AFTER_MS = 2000;
/** What the owner before has told last may still be on its way. */
const HEAR_MS = 200;
/** Of a request that is not a renewal. */
const REQUEST_TIMEOUT_MS = 3000;
const LEASES = { group: 'coordination.k8s.io', version: 'v1', resource: 'leases' };

export class ShardOwnership {
  readonly counts = { takeovers: 0, releases: 0 };
  readonly #options: ShardOwnershipOptions;
  readonly #deps: ShardOwnershipDeps;
  readonly #session: LeaseElector;
  readonly #reflector: Reflector<GroupLease>;
  readonly #seen = new SeenLeases();
  readonly #ending = new AbortController();
  /** Taken or confirmed since this replica's Lease was last lost. */
  readonly #owned = new Set<number>();
  readonly #asking = new Set<number>();
  readonly #leaving = new Set<number>();
  #freeSinceMs: number | undefined;
  #timer: Timer | undefined;
  #hasBegun = false;
  #isClosing = false;

  constructor(options: ShardOwnershipOptions, deps: ShardOwnershipDeps) {
    const { client, clock, random, log, changed } = deps;
    const { namespace, name, replica, address } = options;
    this.#options = options;
    this.#deps = deps;
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
          this.#owned.clear();
          changed();
        },
        annotations: () => ({ [ADDRESS_ANNOTATION]: address() }),
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
          this.#seen.retain(all);
          for (const lease of all.values()) this.#see(lease);
          this.#evaluate();
        },
        applied: (_name, lease) => {
          this.#see(lease);
          this.#evaluate();
        },
        removed: (key) => {
          this.#seen.forget(key);
          this.#evaluate();
        },
      },
      { clock, random, log, backoff: RECONNECT },
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

  /** Whether something new may begin in it. */
  begins(shard: number): boolean {
    return this.owns(shard) && !this.#leaving.has(shard);
  }

  /** Whether another replica that lives owns it. */
  isOwnedElsewhere(shard: number): boolean {
    const owner = this.#ownerOf(shard);
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
    return this.#seen
      .replicas()
      .filter(({ lease }) => lease.replica !== this.#options.replica)
      .map(({ lease, untilMs }) => ({
        name: lease.replica,
        address: lease.address,
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
  async removeReplica(replica: string): Promise<void> {
    await this.#request('DELETE', replicaLeaseName(this.#options.name, replica));
  }

  /** Gives all back, so that others need not wait. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#timer?.cancel();
    if (this.#session.isLeader) await Promise.all([...this.#owned].map((shard) => this.#release(shard)));
    await this.#session.close();
    if (this.#session.renewedAtMs > this.#deps.clock.monotonicMs() - LEASE_MS)
      await this.removeReplica(this.#options.replica);
    this.#ending.abort(new Error('the replica is closed'));
    await this.#reflector.close();
  }

  #see(lease: GroupLease): void {
    this.#seen.see(lease, this.#deps.clock.monotonicMs());
    for (const shard of this.#owned) {
      if (lease.name !== this.#shardName(shard) || lease.holder === this.#options.replica) continue;
      this.#owned.delete(shard);
      this.#deps.log.warn('another replica has taken a part of the work', { shard, owner: lease.holder });
      this.#deps.changed();
    }
  }

  #shardName(shard: number): string {
    const { name, shards } = this.#options;
    // With another number of shards, groups lie elsewhere: while both are in use, both own all of it.
    return `${name}-shard-${shard}-of-${shards}`;
  }

  #aliveOthers(): ReadonlySet<string> {
    return new Set(this.others().flatMap(({ name, isAlive }) => (isAlive ? [name] : [])));
  }

  #ownerOf(shard: number): string | undefined {
    return this.#owners()[shard];
  }

  #owners(): readonly (string | undefined)[] {
    const alive = this.#aliveOthers();
    return Array.from({ length: this.#options.shards }, (_, shard) => {
      if (this.owns(shard)) return this.#options.replica;
      const holder = this.#seen.get(this.#shardName(shard))?.holder ?? '';
      return alive.has(holder) ? holder : undefined;
    });
  }

  /** Takes what is free, and gives back what is too much. */
  #evaluate(): void {
    this.#timer?.cancel();
    if (!this.#hasBegun || this.#isClosing || this.#ending.signal.aborted) return;
    this.#lookAgain();
    if (!this.#session.isLeader || this.#reflector.state !== 'synced') return;
    const nowMs = this.#deps.clock.monotonicMs();
    const { replica } = this.#options;
    const alive = [...this.#aliveOthers(), replica];
    const { take, spare, release } = planShards(this.#owners(), alive, replica);
    for (const shard of take) this.#ask(shard, () => this.#take(shard));
    this.#freeSinceMs = spare.length === 0 ? undefined : (this.#freeSinceMs ?? nowMs);
    if (this.#freeSinceMs !== undefined && nowMs - this.#freeSinceMs >= SPARE_AFTER_MS)
      for (const shard of spare) this.#ask(shard, () => this.#take(shard));
    if (release !== undefined && this.#asking.size === 0) this.#ask(release, () => this.#release(release));
  }

  /** When the next of the others is dead unless it is heard of, and every two seconds. */
  #lookAgain(): void {
    const nowMs = this.#deps.clock.monotonicMs();
    const ends = this.#seen.replicas().flatMap(({ untilMs }) => (untilMs > nowMs ? [untilMs - nowMs] : []));
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

  async #take(shard: number): Promise<void> {
    const { clock, log } = this.#deps;
    const { replica } = this.#options;
    const name = this.#shardName(shard);
    const known = this.#seen.get(name);
    const holder = known?.holder ?? '';
    if (holder !== '' && holder !== replica && (await this.#livesAfterAll(holder))) return;
    const lease = known?.lease ?? this.#newLease(name, shard);
    // Whoever began before must not be taken for dead by a pause of this process.
    if (!this.#session.isLeader) return;
    const body = leaseWith(lease, {
      holder: replica,
      leaseDurationMs: LEASE_MS,
      nowMs: clock.nowMs(),
      annotations: {},
    });
    const written = await this.#request(known === undefined ? 'POST' : 'PUT', name, body);
    if (written === undefined) return;
    this.#see(groupLeaseForm.decode(written));
    if (known !== undefined) await clock.sleep(HEAR_MS, this.#ending.signal);
    if (!this.#session.isLeader || this.#seen.get(name)?.holder !== replica) return;
    this.#owned.add(shard);
    this.counts.takeovers += 1;
    log.info('this replica owns a part of the work', { shard, before: holder });
    this.#deps.changed();
  }

  /** The watch may be late: it is asked for once more. */
  async #livesAfterAll(replica: string): Promise<boolean> {
    const name = replicaLeaseName(this.#options.name, replica);
    const answer = await this.#within((signal) =>
      this.#deps.client.request({ method: 'GET', path: resourcePath(LEASES, this.#options.namespace, name) }, signal),
    );
    if (answer.status === 'refused' && answer.httpStatus === 404) {
      this.#seen.forget(name);
      return false;
    }
    // Nobody knows: then it is not taken.
    if (answer.status !== 'ok') return true;
    const now = groupLeaseForm.decode(answer.body);
    const before = this.#seen.get(name);
    if (before !== undefined && isSameRecord(before, now)) return false;
    this.#see(now);
    return now.holder !== '';
  }

  async #release(shard: number): Promise<void> {
    this.#leaving.add(shard);
    await this.#deps.finish(shard).finally(() => this.#leaving.delete(shard));
    const known = this.#seen.get(this.#shardName(shard));
    if (known === undefined || !this.#owned.delete(shard)) return;
    this.#deps.changed();
    const { clock } = this.#deps;
    const body = leaseWith(known.lease, { holder: '', leaseDurationMs: 1000, nowMs: clock.nowMs(), annotations: {} });
    const written = await this.#request('PUT', known.name, body);
    this.counts.releases += 1;
    if (written !== undefined) this.#see(groupLeaseForm.decode(written));
  }

  #newLease(name: string, shard: number): GroupLease['lease'] {
    const { namespace, name: group } = this.#options;
    const labels = { [GROUP_LABEL]: group, [SHARD_LABEL]: String(shard) };
    return {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name, namespace, labels },
      spec: {},
    };
  }

  /** @returns undefined where somebody was first, or it failed: what is then is heard of */
  async #request(method: 'POST' | 'PUT' | 'DELETE', name: string, body?: object): Promise<object | undefined> {
    const { client, log } = this.#deps;
    const { namespace } = this.#options;
    const path = method === 'POST' ? resourcePath(LEASES, namespace) : resourcePath(LEASES, namespace, name);
    const answer = await this.#within((signal) =>
      client.request({ method, path, ...(body === undefined ? {} : { body }) }, signal),
    ).catch((error: unknown) => ({ status: 'failed', reason: 'timeout', detail: describeError(error) }) as const);
    if (answer.status === 'ok') return typeof answer.body === 'object' && answer.body !== null ? answer.body : {};
    const isRace = answer.status === 'refused' && (answer.httpStatus === 409 || answer.httpStatus === 404);
    log[isRace ? 'debug' : 'warn']('a Lease could not be written', { lease: name, detail: describeObstacle(answer) });
    // Another attempt with what is known here would fail the same way, should the watch be behind.
    if (isRace) await this.#lookUp(name);
    return undefined;
  }

  async #lookUp(name: string): Promise<void> {
    const path = resourcePath(LEASES, this.#options.namespace, name);
    const answer = await this.#within((signal) => this.#deps.client.request({ method: 'GET', path }, signal)).catch(
      () => undefined,
    );
    if (answer?.status === 'ok') this.#see(groupLeaseForm.decode(answer.body));
    else if (answer?.status === 'refused' && answer.httpStatus === 404) this.#seen.forget(name);
  }

  /** @throws what act throws, and of the limit */
  async #within<T>(act: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const limited = new AbortController();
    const timer = this.#deps.clock.setTimer(REQUEST_TIMEOUT_MS, () =>
      limited.abort(new Error(`no answer within ${REQUEST_TIMEOUT_MS / 1000} s`)),
    );
    try {
      return await act(limited.signal);
    } finally {
      timer.cancel();
    }
  }
}

function replicaLeaseName(name: string, replica: string): string {
  return `${name}-replica-${replica}`;
}
