/** Keeps a copy of a collection current: one list, then watches from where the last one ended, and a new list only when the
 *  server no longer has what changed in between. Semantics as of client-go's tools/cache Reflector. */
import { Backoff, type BackoffOptions } from '@vigie/core/backoff';
import type { Clock } from '@vigie/core/clock';
import type { Log } from '@vigie/core/log';
import { onAbort } from '@vigie/core/on-abort';
import type { Random } from '@vigie/core/random';
import { describeObstacle, isAheadOfServer, isExpired, type KubeFailure, type KubeRefusal } from './answer.ts';
import type { KubeClient } from './client.ts';
import type { Collection } from './collection.ts';
import { KubeStreamError } from './exchange.ts';
import { failureOf, type Listed, type ListVersion, listAll } from './list.ts';
import { watchOnce } from './watch.ts';

/** `connecting`: nothing is known yet. `stale`: what is known may be old, the server cannot be reached or refuses. */
export type ReflectorState = 'connecting' | 'synced' | 'stale';

export interface ReflectorHandlers<T> {
  /** After each list: all there is. What is not in it is gone. */
  replaced(all: ReadonlyMap<string, T>): void;
  applied(key: string, object: T): void;
  /** @param object in its last state; it may be one that was never told of, which came and went unseen */
  removed(key: string, object: T): void;
  /** A list was refused for want of a right. It is asked for again. */
  forbidden?(): void;
}

/** Since the start. */
export interface ReflectorCounters {
  lists: number;
  watches: number;
  /** Lists after the first: the server had forgotten the version reached, or the watch was refused. */
  relists: number;
  /** Lists and watches that failed or were refused. */
  failures: number;
  /** The lists among them. */
  listFailures: number;
  added: number;
  modified: number;
  deleted: number;
  bookmarks: number;
  /** Objects that could not be decoded, and are missing. */
  undecodable: number;
  receivedBytes: number;
}

export function zeroCounters(): ReflectorCounters {
  return {
    lists: 0,
    watches: 0,
    relists: 0,
    failures: 0,
    listFailures: 0,
    added: 0,
    modified: 0,
    deleted: 0,
    bookmarks: 0,
    undecodable: 0,
    receivedBytes: 0,
  };
}

export interface ReflectorDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Of waits beyond MIN_PAUSE_MS; client-go's unless given, for what runs on every node. */
  readonly backoff?: BackoffOptions;
  /** A server that says nothing for so long is not there: of a collection in which something changes more often, and whose list takes less. Minutes
   *  unless given, as a quiet collection takes them. */
  readonly silenceMs?: number;
}

/** As client-go: [5, 10) minutes, so that the watches of many nodes do not end together. */
const MIN_WATCH_MS = 300_000;
/** As client-go's pager. Only a server without a watch cache makes pages of a list at version 0. */
const PAGE_SIZE = 500;
/** client-go waits 0.8 to 1.6 s after a first failure and 30 to 60 s in the end; these reach the same rates. */
const BACKOFF = { baseMs: 1600, capMs: 60_000 };
const MIN_PAUSE_MS = 200;
/** What has worked for so long starts from the shortest wait again. */
const HEALTHY_AFTER_MS = 120_000;
/** A watch that ends sooner, with nothing said, is one that the server or a proxy does not want. */
const SHORT_WATCH_MS = 1000;
/** After so many refusals in a row the version itself may be what the server does not like. */
const REFUSALS_BEFORE_RELIST = 5;

export class Reflector<T> {
  readonly #client: Pick<KubeClient, 'stream'>;
  readonly #collection: Collection<T>;
  readonly #handlers: ReflectorHandlers<T>;
  readonly #deps: ReflectorDeps;
  readonly #log: Log;
  readonly #backoff: Backoff;
  readonly #ending = new AbortController();
  readonly #firstList: Promise<void>;
  #resolveFirstList: () => void = () => undefined;
  #items = new Map<string, T>();
  #state: ReflectorState = 'connecting';
  #running: Promise<void> | undefined;
  #pausedAtMs = Number.NEGATIVE_INFINITY;
  /** To go on from; empty before the first list. */
  #resourceVersion = '';
  /** The server does not know the version reached: the next list asks for the newest. */
  #versionUnknown = false;
  #paginated = false;

  /** So many of each since the start. */
  readonly counters: ReflectorCounters = zeroCounters();

  constructor(
    client: Pick<KubeClient, 'stream'>,
    collection: Collection<T>,
    handlers: ReflectorHandlers<T>,
    deps: ReflectorDeps,
  ) {
    this.#client = client;
    this.#collection = collection;
    this.#handlers = handlers;
    this.#deps = deps;
    this.#log = deps.log.child({ resource: collection.path });
    this.#backoff = new Backoff(deps.backoff ?? BACKOFF, deps.random);
    this.#firstList = new Promise((resolve) => {
      this.#resolveFirstList = resolve;
    });
  }

  get state(): ReflectorState {
    return this.#state;
  }

  /** The copy, as of now. */
  get items(): ReadonlyMap<string, T> {
    return this.#items;
  }

  /** Resolves after the first list; never, when that does not succeed before close(). */
  get synced(): Promise<void> {
    return this.#firstList;
  }

  /** @param signal ends it, as close() does */
  start(signal: AbortSignal): void {
    const abort = (): void => this.#ending.abort(signal.reason);
    if (signal.aborted) abort();
    const leave = onAbort(signal, abort);
    this.#running ??= this.#run(this.#ending.signal).finally(leave);
  }

  /** Tells the handlers nothing more. */
  async close(): Promise<void> {
    this.#ending.abort(new Error('the reflector is closed'));
    await this.#running;
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#listAndWatch(signal);
      } catch (error) {
        if (signal.aborted) return;
        // A handler failed, or certificates cannot be read: not the server's fault, and no reason to stop for good.
        this.#log.error('list and watch failed', { error });
        await this.#pause(undefined, signal).catch(() => undefined);
      }
    }
  }

  /** Until a new list is needed.
   *  @throws the signal's reason */
  async #listAndWatch(signal: AbortSignal): Promise<void> {
    const listed = await this.#list(signal);
    if (listed.status !== 'ok') {
      this.#failed('cannot list', listed);
      if (listed.status === 'refused' && listed.httpStatus === 403) this.#handlers.forbidden?.();
      await this.#pause(listed, signal);
      return;
    }
    this.#take(listed);
    for (let refusals = 0; refusals < REFUSALS_BEFORE_RELIST; ) {
      const end = await this.#watch(signal);
      if (end.status === 'ended' || end.status === 'short') {
        if (end.status === 'short') await this.#pause(undefined, signal);
        refusals = 0;
        continue;
      }
      if (end.status === 'refused' && (isExpired(end) || isAheadOfServer(end))) {
        // Before the list too: when a server forgets, it forgets for all of its clients at once.
        this.#log.info('list again, the server no longer has what changed', { detail: describeObstacle(end) });
        await this.#pause(end, signal);
        break;
      }
      this.#failed('watch broke', end);
      await this.#pause(end, signal);
      refusals = end.status === 'refused' && !isTemporary(end) ? refusals + 1 : 0;
    }
    this.counters.relists++;
  }

  async #list(signal: AbortSignal): Promise<Listed<T> | KubeRefusal | KubeFailure> {
    this.counters.lists++;
    const known = this.#versionUnknown ? '' : this.#resourceVersion || '0';
    // At a version other than 0 a limit makes the server read etcd instead of its cache.
    const limit = known === '' || known === '0' || this.#paginated ? PAGE_SIZE : undefined;
    const listed = await this.#listAt({ resourceVersion: known, limit }, signal);
    if (listed.status !== 'refused' || !(isExpired(listed) || isAheadOfServer(listed))) return listed;
    this.#versionUnknown = true;
    return this.#listAt({ resourceVersion: '', limit: PAGE_SIZE }, signal);
  }

  async #listAt(version: ListVersion, signal: AbortSignal): Promise<Listed<T> | KubeRefusal | KubeFailure> {
    const { clock, silenceMs } = this.#deps;
    if (silenceMs === undefined) return listAll(this.#client, this.#collection, version, signal);
    const limited = new AbortController();
    const leave = onAbort(signal, () => limited.abort(signal.reason));
    const timer = clock.setTimer(silenceMs, () =>
      limited.abort(new KubeStreamError('timeout', `no list within ${silenceMs / 1000} s`)),
    );
    try {
      return await listAll(this.#client, this.#collection, version, limited.signal);
    } catch (error) {
      signal.throwIfAborted();
      return failureOf(error);
    } finally {
      timer.cancel();
      leave();
    }
  }

  #take(listed: Listed<T>): void {
    if (this.#resourceVersion === '') this.#paginated = listed.paginated;
    this.#items = listed.items;
    this.#resourceVersion = listed.resourceVersion;
    this.#versionUnknown = false;
    this.counters.receivedBytes += listed.receivedBytes;
    this.counters.undecodable += listed.undecodable;
    if (listed.undecodable > 0) this.#log.warn('objects could not be decoded', { objects: listed.undecodable });
    this.#is('synced');
    this.#handlers.replaced(this.#items);
    this.#resolveFirstList();
  }

  async #watch(signal: AbortSignal): Promise<WatchEnd> {
    const { clock, random, silenceMs } = this.#deps;
    const startedAtMs = clock.monotonicMs();
    const seen = this.counters.added + this.counters.modified + this.counters.deleted + this.counters.bookmarks;
    this.counters.watches++;
    const end = await watchOnce(
      this.#client,
      this.#collection,
      { resourceVersion: this.#resourceVersion, timeoutMs: MIN_WATCH_MS * (1 + random()), silenceMs },
      {
        opened: () => this.#is('synced'),
        added: (object) => {
          this.counters.added++;
          this.#apply(object);
        },
        modified: (object) => {
          this.counters.modified++;
          this.#apply(object);
        },
        deleted: (object) => {
          this.counters.deleted++;
          const key = this.#collection.key(object);
          this.#items.delete(key);
          this.#handlers.removed(key, object);
        },
        bookmarked: () => {
          this.counters.bookmarks++;
        },
        undecodable: () => {
          this.counters.undecodable++;
          this.#log.warn('an object could not be decoded');
        },
        reached: (resourceVersion) => {
          this.#resourceVersion = resourceVersion;
        },
        received: (bytes) => {
          this.counters.receivedBytes += bytes;
        },
      },
      clock,
      signal,
    );
    if (end.status !== 'ended') return end;
    const { added, modified, deleted, bookmarks } = this.counters;
    const isShort =
      clock.monotonicMs() - startedAtMs < SHORT_WATCH_MS && added + modified + deleted + bookmarks === seen;
    return { status: isShort ? 'short' : 'ended' };
  }

  #apply(object: T): void {
    const key = this.#collection.key(object);
    this.#items.set(key, object);
    this.#handlers.applied(key, object);
  }

  #failed(what: 'cannot list' | 'watch broke', obstacle: KubeRefusal | KubeFailure): void {
    this.counters.failures++;
    if (what === 'cannot list') this.counters.listFailures++;
    this.#is(this.#state === 'connecting' ? 'connecting' : 'stale');
    const detail = describeObstacle(obstacle);
    // Nothing heals a missing right or a wrong path but somebody who sees this.
    if (obstacle.status === 'refused' && !isTemporary(obstacle)) this.#log.error(what, { detail });
    else this.#log.warn(what, { detail });
  }

  #is(state: ReflectorState): void {
    if (state === this.#state) return;
    this.#log.debug('reflector', { state });
    this.#state = state;
  }

  async #pause(obstacle: KubeRefusal | KubeFailure | undefined, signal: AbortSignal): Promise<void> {
    const { clock } = this.#deps;
    if (clock.monotonicMs() - this.#pausedAtMs > HEALTHY_AFTER_MS) this.#backoff.reset();
    const asked = obstacle?.status === 'refused' ? obstacle.retryAfterMs : undefined;
    await clock.sleep((asked ?? MIN_PAUSE_MS) + this.#backoff.nextMs(), signal);
    this.#pausedAtMs = clock.monotonicMs();
  }
}

type WatchEnd = { readonly status: 'ended' } | { readonly status: 'short' } | KubeRefusal | KubeFailure;

/** The server has too much to do, or is going or coming. */
function isTemporary({ httpStatus }: KubeRefusal): boolean {
  return httpStatus === 429 || httpStatus >= 500;
}
