/** What this replica tells the others, in ConfigMaps of its own, to which nobody else writes: a log that is added to, and from time to time
 *  all that there is in place of it. Never more writes than its budget has, whatever happens. */
import { Backoff } from '@vigie/core/backoff';
import type { Clock, Timer } from '@vigie/core/clock';
import { coalesce } from '@vigie/core/coalesce';
import { bug } from '@vigie/core/errors';
import type { Log } from '@vigie/core/log';
import type { Random } from '@vigie/core/random';
import { describeObstacle, type KubeFailure, type KubeRefusal } from '@vigie/kube/answer';
import { type KubeClient, resourcePath } from '@vigie/kube/client';
import {
  encodeBatch,
  MAX_OBJECT_BYTES,
  type SharedLine,
  type SharedObject,
  type SharedPlace,
  sharedObjectBody,
  sharedObjectName,
} from './shared-object.ts';
import { WriteBudget, type WriteRate } from './write-budget.ts';

export interface SharedLogDeps {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface SharedLogCounts {
  readonly writes: Record<'success' | 'failure', number>;
  records: number;
  snapshots: number;
}

/** Of a replica, renewals of its Lease apart. In a storm a claim waits for a quarter of a second; etcd takes thousands a second. */
const WRITE_RATE: WriteRate = { perSecond: 4, burst: 8 };
/** Each write sends the object whole, to the API server and to each of the others. */
const SEGMENT_BYTES = 32 * 1024;
/** Of JSON, in one batch: a tenth of it is left when it is compressed. */
const MAX_BATCH_LENGTH = 2 * 2 ** 20;
/** All that there is is written anew when the log has grown beyond it and beyond this, or to so many objects. */
const SMALLEST_LOG_BYTES = 512 * 1024;
const MAX_OBJECTS = 64;
/** As long as numbers of versions are remembered of what is no more. */
const RENEW_AFTER_MS = 3_600_000;
const RETRY = { baseMs: 500, capMs: 10_000 } as const;
const CONFIG_MAPS = { group: '', version: 'v1', resource: 'configmaps' };

/** As an object was when it was read; undefined: of its own, to which nobody else writes. */
type Version = string | undefined;

interface Snapshot {
  readonly left: Iterator<SharedLine>;
  /** To be written next. */
  batch: readonly SharedLine[];
  readonly replaces: ReadonlyMap<string, Version>;
  sizeBytes: number;
}

interface OwnObject {
  readonly number: number;
  readonly name: string;
  bytes: Buffer;
  /** undefined: it is not there yet. */
  resourceVersion: string | undefined;
}

export class SharedLog {
  readonly counts: SharedLogCounts = { writes: { success: 0, failure: 0 }, records: 0, snapshots: 0 };
  readonly #place: SharedPlace;
  readonly #deps: SharedLogDeps;
  readonly #all: () => Iterable<SharedLine>;
  readonly #budget: WriteBudget;
  readonly #backoff: Backoff;
  readonly #ending = new AbortController();
  readonly #step = coalesce(() => this.#takeStep());
  /** By what they say something of: a newer one takes the place of one that waits. */
  #pending = new Map<string, SharedLine>();
  #current: OwnObject | undefined;
  /** Bytes of those that are there, by name. */
  readonly #sizes = new Map<string, number>();
  #nextNumber = 0;
  /** Of a snapshot that is being written. */
  #snapshot: Snapshot | undefined;
  #snapshotBytes = 0;
  #wantsSnapshot = false;
  #renewedAtMs: number;
  /** Objects whose content is in a snapshot, by name. */
  readonly #superfluous = new Map<string, Version>();
  /** Of others that are no more, and of a former life. */
  readonly #adopted = new Map<string, Version>();
  #isFailing = false;
  #retry: Timer | undefined;

  /** @param all that there is, with its versions */
  constructor(place: SharedPlace, all: () => Iterable<SharedLine>, deps: SharedLogDeps) {
    this.#place = place;
    this.#all = all;
    this.#deps = deps;
    this.#budget = new WriteBudget(WRITE_RATE, deps.clock);
    this.#backoff = new Backoff(RETRY, deps.random);
    this.#renewedAtMs = deps.clock.monotonicMs();
  }

  /** Whether the last write has failed. */
  get isFailing(): boolean {
    return this.#isFailing;
  }

  get pending(): number {
    return this.#pending.size;
  }

  /** Of all its objects, compressed. */
  get sizeBytes(): number {
    return [...this.#sizes.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  /** Numbers below are taken: of objects of a former life. */
  beginAt(number: number): void {
    this.#nextNumber = Math.max(this.#nextNumber, number);
  }

  has(name: string): boolean {
    return this.#sizes.has(name);
  }

  /** Resolves when they are written, or a write has failed: then they are written as soon as may be.
   *  @param lines by what they say something of */
  async append(lines: ReadonlyMap<string, SharedLine>): Promise<void> {
    for (const [key, line] of lines) {
      // Behind all that waits, also where an older one of its kind does: others never know of it without what came before.
      this.#pending.delete(key);
      this.#pending.set(key, line);
    }
    const isWaiting = (): boolean => [...lines].some(([key, line]) => this.#pending.get(key) === line);
    try {
      while (!this.#isFailing && isWaiting()) await this.#step();
    } catch {
      // It has been logged and counted, and they are still pending.
    }
  }

  /** Objects of somebody else, all of whose content is known here: with the next snapshot they are removed. Whoever it was may come back meanwhile,
   *  and add to them, or begin to number its objects anew: then they are not. */
  adopt(objects: Iterable<Pick<SharedObject, 'name' | 'version'>>): void {
    const before = this.#adopted.size;
    for (const { name, version } of objects) if (!this.#superfluous.has(name)) this.#adopted.set(name, version);
    if (this.#adopted.size === before) return;
    this.#wantsSnapshot = true;
    this.#goOn();
  }

  /** Writes anew what has been told long ago: what is no more is not in it. */
  renewOld(): void {
    if (this.#sizes.size === 0 || this.#deps.clock.monotonicMs() - this.#renewedAtMs < RENEW_AFTER_MS) return;
    this.#wantsSnapshot = true;
    this.#goOn();
  }

  /** @param waitMs for what is pending */
  async close(waitMs: number): Promise<void> {
    const end = (): void => this.#ending.abort(new Error('the log is closed'));
    const timer = this.#deps.clock.setTimer(waitMs, end);
    await this.append(new Map(this.#pending));
    timer.cancel();
    this.#retry?.cancel();
    end();
  }

  /** One write, of what matters most. */
  async #takeStep(): Promise<void> {
    const { signal } = this.#ending;
    await this.#budget.take(signal);
    if (this.#pending.size > 0) await this.#writePending();
    else if (this.#snapshot !== undefined) await this.#writeSnapshot();
    else if (this.#wantsSnapshot) this.#beginSnapshot();
    else await this.#removeOne();
    this.#isFailing = false;
    this.#backoff.reset();
    if (this.#hasMore) this.#goOn();
  }

  get #hasMore(): boolean {
    return this.#pending.size > 0 || this.#snapshot !== undefined || this.#wantsSnapshot || this.#superfluous.size > 0;
  }

  #goOn(): void {
    if (!this.#ending.signal.aborted && !this.#isFailing) this.#step().catch(() => undefined);
  }

  async #writePending(): Promise<void> {
    const taken = new Map<string, SharedLine>();
    let length = 0;
    for (const [key, line] of this.#pending) {
      taken.set(key, line);
      length += line.record.length;
      if (length > MAX_BATCH_LENGTH) break;
    }
    for (const key of taken.keys()) this.#pending.delete(key);
    try {
      await this.#write([...taken.values()], true);
    } catch (error) {
      // What has come meanwhile is newer.
      this.#pending = new Map([...taken, ...this.#pending]);
      throw this.#failed(error);
    }
    this.counts.records += taken.size;
    const isLarge = this.sizeBytes > Math.max(SMALLEST_LOG_BYTES, 3 * this.#snapshotBytes);
    if ((isLarge || this.#sizes.size > MAX_OBJECTS) && this.#snapshot === undefined) this.#wantsSnapshot = true;
  }

  #beginSnapshot(): void {
    this.#wantsSnapshot = false;
    this.#renewedAtMs = this.#deps.clock.monotonicMs();
    this.#current = undefined;
    const own = Array.from(this.#sizes.keys(), (name): [string, Version] => [name, undefined]);
    const replaces = new Map([...own, ...this.#adopted]);
    this.#adopted.clear();
    this.#snapshot = { left: this.#all()[Symbol.iterator](), batch: [], replaces, sizeBytes: 0 };
  }

  async #writeSnapshot(): Promise<void> {
    const snapshot = this.#snapshot;
    if (snapshot === undefined) throw bug('there is no snapshot to write');
    if (snapshot.batch.length === 0) snapshot.batch = nextBatch(snapshot.left);
    if (snapshot.batch.length > 0) {
      try {
        snapshot.sizeBytes += await this.#write(snapshot.batch, false);
      } catch (error) {
        throw this.#failed(error);
      }
      snapshot.batch = [];
      return;
    }
    this.#snapshot = undefined;
    this.#snapshotBytes = snapshot.sizeBytes;
    this.counts.snapshots += 1;
    for (const [name, version] of snapshot.replaces) this.#superfluous.set(name, version);
  }

  async #removeOne(): Promise<void> {
    const [first] = this.#superfluous;
    if (first === undefined) return;
    const [name, resourceVersion] = first;
    const path = resourcePath(CONFIG_MAPS, this.#place.namespace, name);
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { resourceVersion } };
    const request = { method: 'DELETE', path, ...(resourceVersion === undefined ? {} : { body }) } as const;
    const answer = await this.#deps.client.request(request, this.#ending.signal);
    const isGone = answer.status === 'refused' && (answer.httpStatus === 404 || answer.httpStatus === 409);
    if (answer.status !== 'ok' && !isGone) throw this.#failed(answer);
    this.counts.writes.success += 1;
    this.#superfluous.delete(name);
    this.#sizes.delete(name);
  }

  /** @param mayAppend whether it may go behind what the current object has
   *  @returns its bytes */
  async #write(lines: readonly SharedLine[], mayAppend: boolean): Promise<number> {
    const batch = await encodeBatch(lines);
    if (batch.length > MAX_OBJECT_BYTES && lines.length > 1) {
      const half = Math.ceil(lines.length / 2);
      const first = await this.#write(lines.slice(0, half), mayAppend);
      await this.#budget.take(this.#ending.signal);
      return first + (await this.#write(lines.slice(half), mayAppend));
    }
    const current = this.#current;
    const isAppended = mayAppend && current !== undefined && current.bytes.length + batch.length <= SEGMENT_BYTES;
    const object = isAppended ? current : this.#newObject();
    const bytes = Buffer.concat([object.bytes, batch]);
    try {
      object.resourceVersion = await this.#put(object, bytes);
    } catch (error) {
      // Nobody knows what it has now: it is not written to any more.
      if (this.#current === object) this.#current = undefined;
      this.#sizes.set(object.name, bytes.length);
      throw error;
    }
    object.bytes = bytes;
    this.#sizes.set(object.name, bytes.length);
    if (mayAppend) this.#current = object;
    return batch.length;
  }

  #newObject(): OwnObject {
    const number = this.#nextNumber++;
    return { number, name: sharedObjectName(this.#place, number), bytes: Buffer.alloc(0), resourceVersion: undefined };
  }

  /** @returns its version
   *  @throws {KubeRefusal | KubeFailure} as an obstacle */
  async #put({ number, name, resourceVersion }: OwnObject, bytes: Buffer): Promise<string> {
    const { namespace } = this.#place;
    const body = sharedObjectBody(this.#place, number, bytes, resourceVersion);
    const isNew = resourceVersion === undefined;
    const path = isNew ? resourcePath(CONFIG_MAPS, namespace) : resourcePath(CONFIG_MAPS, namespace, name);
    const answer = await this.#deps.client.request({ method: isNew ? 'POST' : 'PUT', path, body }, this.#ending.signal);
    if (answer.status !== 'ok') throw new WriteObstacle(answer);
    this.counts.writes.success += 1;
    return versionOf(answer.body);
  }

  /** @returns what to throw */
  #failed(cause: unknown): unknown {
    const { signal } = this.#ending;
    if (signal.aborted) return cause;
    this.counts.writes.failure += 1;
    this.#isFailing = true;
    const obstacle = cause instanceof WriteObstacle ? cause.obstacle : cause;
    const detail = isObstacle(obstacle) ? describeObstacle(obstacle) : undefined;
    this.#deps.log.warn(
      'what is known here cannot be told to the other replicas yet',
      detail === undefined ? { error: cause } : { detail },
    );
    this.#retry?.cancel();
    this.#retry = this.#deps.clock.setTimer(this.#backoff.nextMs(), () => {
      this.#step().catch(() => undefined);
    });
    return cause;
  }
}

/** @returns nothing where nothing is left */
function nextBatch(left: Iterator<SharedLine>): readonly SharedLine[] {
  const batch: SharedLine[] = [];
  let length = 0;
  while (length <= MAX_BATCH_LENGTH) {
    const { done, value } = left.next();
    if (done === true) break;
    batch.push(value);
    length += value.record.length;
  }
  return batch;
}

class WriteObstacle extends Error {
  readonly obstacle: KubeRefusal | KubeFailure;

  constructor(obstacle: KubeRefusal | KubeFailure) {
    super(describeObstacle(obstacle));
    this.obstacle = obstacle;
  }
}

function isObstacle(value: unknown): value is KubeRefusal | KubeFailure {
  return typeof value === 'object' && value !== null && 'status' in value;
}

function versionOf(body: unknown): string {
  const metadata: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, 'metadata') : undefined;
  const version: unknown =
    typeof metadata === 'object' && metadata !== null ? Reflect.get(metadata, 'resourceVersion') : undefined;
  return typeof version === 'string' ? version : '';
}
