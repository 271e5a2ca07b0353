/** Leader election by a Lease, compatible with client-go's LeaseLock: at most one of several processes works at a time, as
 *  long as their clocks run at nearly the same rate. What the clocks show does not matter: times in the record are for
 *  people, and how old a record is counts from when it was first seen here. */
import type { Clock, Timer } from '@vigie/core/clock';
import { VigieError } from '@vigie/core/errors';
import type { Log } from '@vigie/core/log';
import type { Random } from '@vigie/core/random';
import { describeObstacle, type KubeFailure, type KubeRefusal } from './answer.ts';
import { type KubeClient, resourcePath } from './client.ts';
import { completeLeaseOptions, JITTER_FACTOR, type LeaseOptions } from './lease-options.ts';
import { annotationsOf, type LeaseObject, leaseRecord, leaseWith } from './lease-record.ts';

export interface LeaseHandlers {
  /** This process leads.
   *  @param signal aborts when it no longer does: what is done for the lease ends with it */
  started(signal: AbortSignal): void;
  /** It no longer leads; comes after the signal.
   *  @returns resolves when what was done for the lease has ended: it is not begun again before, nor is the lease given back */
  stopped(): void | Promise<void>;
  /** Another identity holds the lease, this one included; empty: nobody. */
  leaderChanged?(identity: string): void;
  /** What the leader keeps in the lease's annotations, for whoever leads next: written with each renewal, and when the
   *  lease is given back. */
  annotations?(): Readonly<Record<string, string>>;
}

export interface LeaseDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** Of a period, until a lease is asked for again that still names this process. */
const OWN_RETRY_FACTOR = 0.25;

interface Observed {
  readonly lease: LeaseObject;
  readonly holder: string;
  /** When this very record was first seen, or, of one's own, when it was sent. */
  readonly atMs: number;
  readonly validForMs: number;
}

export class LeaseElector {
  readonly #client: Pick<KubeClient, 'request'>;
  readonly #options: Required<LeaseOptions>;
  readonly #handlers: LeaseHandlers;
  readonly #deps: LeaseDeps;
  readonly #log: Log;
  readonly #collectionPath: string;
  readonly #path: string;
  readonly #ending = new AbortController();
  #observed: Observed | undefined;
  #reportedLeader = '';
  #leading: AbortController | undefined;
  /** Whether what was done for the lease has ended in order. */
  #stopping: Promise<boolean> = Promise.resolve(true);
  /** Of the last write of this process, which may be made although no answer came; undefined: somebody else's has come since. */
  #writtenAt: unknown;
  /** Of the last renewal that the server has accepted, when it was sent. */
  #renewedAtMs = Number.NEGATIVE_INFINITY;
  #deadline: Timer | undefined;
  #running: Promise<void> | undefined;

  /** @throws {VigieError} LEASE_OPTIONS_INVALID when the durations do not keep two leaders apart */
  constructor(client: Pick<KubeClient, 'request'>, options: LeaseOptions, handlers: LeaseHandlers, deps: LeaseDeps) {
    this.#client = client;
    this.#options = completeLeaseOptions(options);
    this.#handlers = handlers;
    this.#deps = deps;
    const { namespace, name } = options;
    this.#log = deps.log.child({ lease: `${namespace}/${name}` });
    const leases = { group: 'coordination.k8s.io', version: 'v1', resource: 'leases' };
    this.#collectionPath = resourcePath(leases, namespace);
    this.#path = resourcePath(leases, namespace, name);
  }

  /** Whether this process may act as the leader now; false too when it has been stopped for so long that a timer of it
   *  is yet to fire. */
  get isLeader(): boolean {
    return this.#leading !== undefined && this.#deps.clock.monotonicMs() < this.#deadlineMs;
  }

  /** When the last renewal that the server has accepted was sent, by the monotonic clock; -Infinity before the first. */
  get renewedAtMs(): number {
    return this.#renewedAtMs;
  }

  /** Who was last seen to hold the lease; empty: nobody. */
  get leader(): string {
    return this.#observed?.holder ?? '';
  }

  /** Of the lease, as it was last seen. */
  get annotations(): Readonly<Record<string, string>> {
    return this.#observed === undefined ? {} : annotationsOf(this.#observed.lease);
  }

  /** Tries to lead until it is closed, and again whenever it has lost the lease. */
  start(signal: AbortSignal): void {
    const abort = (): void => this.#ending.abort(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    this.#running ??= this.#run(this.#ending.signal).finally(() => signal.removeEventListener('abort', abort));
  }

  /** Stops leading and gives the lease back, so that another one need not wait for it to run out. */
  async close(): Promise<void> {
    this.#ending.abort(new Error('the elector is closed'));
    await this.#running;
  }

  get #deadlineMs(): number {
    return this.#renewedAtMs + this.#options.renewDeadlineMs;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#deps;
    const { retryPeriodMs } = this.#options;
    while (!signal.aborted) {
      // Nothing is begun for the lease while what was done for it before is yet to end.
      await this.#stopping;
      const mayLead = await this.#attempt(signal).catch((error: unknown) => {
        if (!signal.aborted) this.#log.error('the lease cannot be asked for', { error });
        return false;
      });
      if (signal.aborted) break;
      // An answer may be read long after it came, where this process was stopped: then others may lead.
      if (mayLead && this.#leading === undefined && this.#leftMs() > 0) this.#begin();
      await clock.sleep(this.#waitMs(retryPeriodMs, random), signal).catch(() => undefined);
    }
    const wasLeading = this.#leading !== undefined;
    if (await this.#stop('closed')) await this.#release(wasLeading ? this.#keptAnnotations() : {});
  }

  #waitMs(retryPeriodMs: number, random: Random): number {
    if (this.#leading !== undefined) return retryPeriodMs;
    const { identity } = this.#options;
    // A leader that could not renew in time still stands in the lease: renewed before that runs out, it is nobody else's.
    if (this.#observed?.holder === identity && this.#isValid(this.#observed)) return retryPeriodMs * OWN_RETRY_FACTOR;
    return retryPeriodMs * (1 + random() * JITTER_FACTOR);
  }

  /** One attempt to take the lease or to renew it.
   *  @returns whether this process holds it now
   *  @throws the signal's reason */
  async #attempt(signal: AbortSignal): Promise<boolean> {
    // An answer that comes after the deadline may be of a lease that somebody else has taken.
    return this.#within(
      this.#leading === undefined ? this.#options.renewDeadlineMs : this.#leftMs(),
      signal,
      async (limited) => {
        const mine = this.#observed;
        if (mine !== undefined && mine.holder === this.#options.identity && this.#isValid(mine)) {
          const renewed = await this.#write('PUT', mine.lease, limited);
          if (renewed === 'written') return true;
          // Somebody else wrote to it (a label, a new holder), or the answer to an earlier renewal was lost: look.
        }
        return this.#look(limited);
      },
    );
  }

  #leftMs(): number {
    return Math.max(0, this.#deadlineMs - this.#deps.clock.monotonicMs());
  }

  async #look(signal: AbortSignal): Promise<boolean> {
    const answer = await this.#client.request({ method: 'GET', path: this.#path }, signal);
    if (answer.status === 'refused' && answer.httpStatus === 404) {
      // Somebody has removed it: whoever held it leads until it finds that out.
      if (this.#isHeldElsewhere()) return false;
      const { name, namespace, labels } = this.#options;
      const metadata = { name, namespace, ...(Object.keys(labels).length === 0 ? {} : { labels }) };
      const created = await this.#write(
        'POST',
        { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec: {} },
        signal,
      );
      return created === 'written';
    }
    if (answer.status !== 'ok') {
      this.#obstacle(answer);
      return false;
    }
    const record = leaseRecord(answer.body);
    this.#observe(record.lease, record.holder, record.leaseDurationMs);
    const observed = this.#observed;
    if (observed === undefined) return false;
    if (observed.holder !== this.#options.identity) await this.#stop(`${observed.holder || 'nobody'} holds the lease`);
    return !this.#isHeldElsewhere() && (await this.#write('PUT', observed.lease, signal)) === 'written';
  }

  #isHeldElsewhere(): boolean {
    const observed = this.#observed;
    if (observed === undefined || observed.holder === '' || observed.holder === this.#options.identity) return false;
    return this.#isValid(observed);
  }

  /** A record that is the same as before keeps the time at which it was first seen. */
  #observe(lease: LeaseObject, holder: string, validForMs: number): void {
    const same = JSON.stringify(lease.spec) === JSON.stringify(this.#observed?.lease.spec);
    const atMs = same && this.#observed !== undefined ? this.#observed.atMs : this.#deps.clock.monotonicMs();
    this.#observed = { lease, holder, atMs, validForMs };
    if (holder !== this.#options.identity) this.#writtenAt = undefined;
    this.#reportLeader(holder);
  }

  #isValid({ atMs, validForMs }: Observed): boolean {
    return this.#deps.clock.monotonicMs() < atMs + validForMs;
  }

  /** Writes this identity into the lease, on condition that nobody has written to it since. */
  async #write(method: 'POST' | 'PUT', lease: LeaseObject, signal: AbortSignal): Promise<'written' | 'not_written'> {
    const { clock } = this.#deps;
    const { identity, leaseDurationMs } = this.#options;
    const sentAtMs = clock.monotonicMs();
    // Before it leads it knows less than the lease.
    const annotations = this.#leading === undefined ? {} : this.#keptAnnotations();
    const body = leaseWith(lease, { holder: identity, leaseDurationMs, nowMs: clock.nowMs(), annotations });
    const path = method === 'POST' ? this.#collectionPath : this.#path;
    this.#writtenAt = body.spec.renewTime;
    const answer = await this.#client.request({ method, path, body }, signal);
    if (answer.status !== 'ok') {
      this.#obstacle(answer);
      return 'not_written';
    }
    // Of a process that was stopped an answer may come before the timer that is long due: others may have led meanwhile.
    if (clock.monotonicMs() >= this.#deadlineMs) await this.#stop('not renewed in time');
    const record = leaseRecord(answer.body);
    this.#observed = { lease: record.lease, holder: identity, atMs: sentAtMs, validForMs: leaseDurationMs };
    this.#renewedAtMs = sentAtMs;
    this.#reportLeader(identity);
    this.#armDeadline();
    return 'written';
  }

  #armDeadline(): void {
    this.#deadline?.cancel();
    this.#deadline = this.#deps.clock.setTimer(this.#leftMs(), () => void this.#stop('not renewed in time'));
  }

  #begin(): void {
    this.#log.info('leading');
    this.#leading = new AbortController();
    this.#handlers.started(this.#leading.signal);
  }

  /** @returns whether what was done for the lease has ended in order */
  #stop(reason: string): Promise<boolean> {
    this.#deadline?.cancel();
    const leading = this.#leading;
    if (leading === undefined) return this.#stopping;
    this.#leading = undefined;
    this.#log.info('no longer leading', { reason });
    leading.abort(new Error(`no longer the leader: ${reason}`));
    this.#stopping = this.#ended();
    return this.#stopping;
  }

  async #ended(): Promise<boolean> {
    try {
      await this.#handlers.stopped();
      return true;
    } catch (error) {
      this.#log.error('not stopped in order', { error });
      return false;
    }
  }

  /** Best effort: a lease not given back runs out. */
  async #release(annotations: Readonly<Record<string, string>>): Promise<void> {
    if (this.#writtenAt === undefined) return;
    // As client-go: a second, because nothing may be given for none.
    const given = { holder: '', leaseDurationMs: 1000, nowMs: this.#deps.clock.nowMs(), annotations };
    const giveBack = async (lease: LeaseObject, signal: AbortSignal): Promise<boolean> => {
      const request = { method: 'PUT', path: this.#path, body: leaseWith(lease, given) } as const;
      const answer = await this.#client.request(request, signal);
      if (answer.status !== 'ok') this.#obstacle(answer);
      return answer.status === 'ok';
    };
    const never = new AbortController().signal;
    await this.#within(this.#options.retryPeriodMs, never, async (signal) => {
      const observed = this.#observed;
      if (observed?.holder === this.#options.identity && (await giveBack(observed.lease, signal))) return;
      // A write that was under way may have been made, and somebody may have written a label. What is of a next process of this name stays.
      const answer = await this.#client.request({ method: 'GET', path: this.#path }, signal);
      if (answer.status !== 'ok') return;
      const { lease, holder } = leaseRecord(answer.body);
      if (holder === this.#options.identity && lease.spec.renewTime === this.#writtenAt) await giveBack(lease, signal);
    }).catch((error: unknown) => this.#log.warn('the lease was not given back', { error }));
  }

  #keptAnnotations(): Readonly<Record<string, string>> {
    return this.#handlers.annotations?.() ?? {};
  }

  #reportLeader(holder: string): void {
    if (holder === this.#reportedLeader) return;
    this.#reportedLeader = holder;
    this.#handlers.leaderChanged?.(holder);
  }

  #obstacle(obstacle: KubeRefusal | KubeFailure): void {
    const detail = describeObstacle(obstacle);
    // Of several that try, all but one meet a conflict.
    if (obstacle.status === 'refused' && obstacle.httpStatus === 409)
      this.#log.debug('somebody else was first', { detail });
    else if (obstacle.status === 'refused' && (obstacle.httpStatus === 403 || obstacle.httpStatus === 404))
      this.#log.error('the lease is refused', { detail });
    else this.#log.warn('the lease cannot be asked for', { detail });
  }

  /** @throws what act throws, and the signal's reason; that of the limit too */
  async #within<T>(limitMs: number, signal: AbortSignal, act: (limited: AbortSignal) => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    const limited = new AbortController();
    const abort = (): void => limited.abort(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    const timer = this.#deps.clock.setTimer(limitMs, () => {
      limited.abort(new VigieError('LEASE_TIMEOUT', `no answer within ${limitMs / 1000} s`));
    });
    try {
      return await act(limited.signal);
    } finally {
      timer.cancel();
      signal.removeEventListener('abort', abort);
    }
  }
}
