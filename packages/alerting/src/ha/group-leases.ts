/** The Leases of the replicas of a service, as the API server has them: what is seen of them here, and what this replica writes. A write is on
 *  condition of the version that is known: of one that is not the newest any more it is refused, and looked up. */
import type { Clock } from '@vigie/core/clock';
import { describeError } from '@vigie/core/errors';
import type { Log } from '@vigie/core/log';
import { describeObstacle } from '@vigie/kube/answer';
import { type KubeAnswer, type KubeClient, resourcePath } from '@vigie/kube/client';
import { type LeaseObject, leaseWith } from '@vigie/kube/lease-record';
import { type GroupLease, groupLeaseForm, isSameRecord, SeenLeases, SHARD_LABEL } from './seen-leases.ts';
import { GROUP_LABEL, type SharedPlace } from './shared-object.ts';

export interface GroupLeasesPlace extends SharedPlace {
  readonly shards: number;
}

export interface GroupLeasesDeps {
  readonly client: Pick<KubeClient, 'request'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Whenever one is seen. */
  readonly saw: (lease: GroupLease) => void;
}

export const LEASES = { group: 'coordination.k8s.io', version: 'v1', resource: 'leases' };
/** Of a replica: the issue's, by which another one goes on within 10 s of a kill. */
export const LEASE_MS = 6000;
/** Of a request that is not a renewal. */
const REQUEST_TIMEOUT_MS = 3000;

export class GroupLeases {
  readonly #place: GroupLeasesPlace;
  readonly #deps: GroupLeasesDeps;
  readonly #seen = new SeenLeases();
  /** Names of those of which nobody here knows whether they were written. */
  readonly #doubtful = new Set<string>();

  constructor(place: GroupLeasesPlace, deps: GroupLeasesDeps) {
    this.#place = place;
    this.#deps = deps;
  }

  shardName(shard: number): string {
    const { name, shards } = this.#place;
    // With another number of shards, groups lie elsewhere: while both are in use, both own all of it.
    return `${name}-shard-${shard}-of-${shards}`;
  }

  /** undefined: a Lease of that name is of no shard. */
  shardOf(name: string): number | undefined {
    for (let shard = 0; shard < this.#place.shards; shard++) if (name === this.shardName(shard)) return shard;
    return undefined;
  }

  /** undefined: nobody has owned it yet. */
  ofShard(shard: number): GroupLease | undefined {
    return this.#seen.get(this.shardName(shard));
  }

  /** As SeenLeases.replicas. */
  replicas(): ReturnType<SeenLeases['replicas']> {
    return this.#seen.replicas();
  }

  /** All that there are. */
  listed(all: ReadonlyMap<string, GroupLease>): void {
    this.#seen.retain(all);
    for (const lease of all.values()) this.heard(lease);
  }

  heard(lease: GroupLease): void {
    if (this.#seen.hear(lease, this.#deps.clock.monotonicMs())) this.#deps.saw(lease);
  }

  heardRemoved(lease: GroupLease): void {
    this.#seen.hearRemoved(lease);
  }

  /** Writes this replica into the Lease of a shard.
   *  @param known as it was when that was decided
   *  @returns whether it was written */
  claim(shard: number, known: GroupLease | undefined): Promise<boolean> {
    const lease = known?.lease ?? this.#newLease(shard);
    return this.#write(
      known === undefined ? 'POST' : 'PUT',
      this.shardName(shard),
      lease,
      this.#place.replica,
      LEASE_MS,
    );
  }

  /** Writes nobody into it.
   *  @returns as claim */
  giveBack(known: GroupLease): Promise<boolean> {
    // As client-go: a second, because nothing may be given for none.
    return this.#write('PUT', known.name, known.lease, '', 1000);
  }

  /** Asks whether a replica lives that has not been heard of for so long: a watch may be late.
   *  @throws where there is no answer */
  async livesAfterAll(replica: string): Promise<boolean> {
    const name = replicaLeaseName(this.#place.name, replica);
    const before = this.#seen.get(name);
    const answer = await this.#within((signal) =>
      this.#deps.client.request({ method: 'GET', path: this.#path(name) }, signal),
    );
    if (answer.status === 'refused' && answer.httpStatus === 404) {
      this.#seen.forget(name);
      return false;
    }
    // Nobody knows: then it is taken for alive.
    if (answer.status !== 'ok') return true;
    const now = groupLeaseForm.decode(answer.body);
    if (before !== undefined && isSameRecord(before, now)) return false;
    this.#see(now, before);
    return now.holder !== '';
  }

  /** Asks for those that were written or not: where a watch leaves that out, this replica would not know what it owns. */
  lookAgain(): void {
    for (const name of [...this.#doubtful])
      this.#lookUp(name).catch((error: unknown) =>
        this.#deps.log.warn('a Lease could not be looked up', { lease: name, error }),
      );
  }

  /** Removes the Lease of a replica that is no more: not of one that has come back meanwhile, whose parts others would take. */
  async removeReplica(replica: string): Promise<void> {
    const name = replicaLeaseName(this.#place.name, replica);
    const before = this.#seen.get(name);
    const answer = await this.#request('GET', this.#path(name));
    if (answer.status !== 'ok') return;
    const now = groupLeaseForm.decode(answer.body);
    const isGone = now.holder === '' || replica === this.#place.replica;
    if (!isGone && (before === undefined || !isSameRecord(before, now))) return;
    const { uid, resourceVersion } = now.lease.metadata;
    const options = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid, resourceVersion } };
    const removed = await this.#request('DELETE', this.#path(name), options);
    if (removed.status !== 'ok') await this.#refused(name, removed);
  }

  async #write(
    method: 'POST' | 'PUT',
    name: string,
    lease: LeaseObject,
    holder: string,
    leaseDurationMs: number,
  ): Promise<boolean> {
    const nowMs = this.#deps.clock.nowMs();
    const body = leaseWith(lease, { holder, leaseDurationMs, nowMs, annotations: {} });
    const answer = await this.#request(method, method === 'POST' ? this.#path() : this.#path(name), body);
    if (answer.status !== 'ok') {
      await this.#refused(name, answer);
      return false;
    }
    this.heard(groupLeaseForm.decode(answer.body));
    return true;
  }

  /** Somebody was first, or it failed: what is then is heard of. */
  async #refused(name: string, answer: Exclude<KubeAnswer, { readonly status: 'ok' }>): Promise<void> {
    const isRace = answer.status === 'refused' && (answer.httpStatus === 409 || answer.httpStatus === 404);
    const detail = describeObstacle(answer);
    this.#deps.log[isRace ? 'debug' : 'warn']('a Lease could not be written', { lease: name, detail });
    // Another attempt with what is known here would fail the same way, should the watch be behind.
    this.#doubtful.add(name);
    if (isRace) await this.#lookUp(name);
  }

  async #lookUp(name: string): Promise<void> {
    // Once at a time.
    this.#doubtful.delete(name);
    const before = this.#seen.get(name);
    const answer = await this.#request('GET', this.#path(name));
    if (answer.status === 'ok') this.#see(groupLeaseForm.decode(answer.body), before);
    else if (answer.status === 'refused' && answer.httpStatus === 404) this.#seen.forget(name);
    else this.#doubtful.add(name);
  }

  /** Takes a Lease that was asked for: it is as it was then or later, whatever was known before. A server that was restored from a backup
   *  counts versions from there again.
   *  @param before what was known when it was asked for */
  #see(lease: GroupLease, before: GroupLease | undefined): void {
    if (this.#seen.get(lease.name) !== before) {
      this.heard(lease);
      return;
    }
    this.#seen.see(lease, this.#deps.clock.monotonicMs());
    this.#deps.saw(lease);
  }

  #newLease(shard: number): LeaseObject {
    const { namespace, name: group } = this.#place;
    const labels = { [GROUP_LABEL]: group, [SHARD_LABEL]: String(shard) };
    return {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: this.shardName(shard), namespace, labels },
      spec: {},
    };
  }

  #path(name?: string): string {
    return resourcePath(LEASES, this.#place.namespace, name);
  }

  #request(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: object): Promise<KubeAnswer> {
    return this.#within((signal) =>
      this.#deps.client.request({ method, path, ...(body === undefined ? {} : { body }) }, signal),
    ).catch((error: unknown): KubeAnswer => ({ status: 'failed', reason: 'timeout', detail: describeError(error) }));
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

export function replicaLeaseName(name: string, replica: string): string {
  return `${name}-replica-${replica}`;
}
