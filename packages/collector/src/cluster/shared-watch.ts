/** One watch of a collection of Kubernetes for all who want it. Of each object it keeps what they want to know of it, their views, and
 *  nothing else: a cluster has tens of thousands of objects, of some ten kilobytes each. */
import { deferred } from '@vigie/core/deferred';
import type { KubeClient } from '@vigie/kube/client';
import type { Collection } from '@vigie/kube/collection';
import type { ObjectForm } from '@vigie/kube/objects';
import {
  Reflector,
  type ReflectorCounters,
  type ReflectorDeps,
  type ReflectorState,
  zeroCounters,
} from '@vigie/kube/reflector';
import { textAt } from '../discovery/kubernetes/decode.ts';

/** What somebody wants to know of an object. Whoever has the same view shares what is kept. */
export interface ObjectView<T> extends ObjectForm<T> {
  /** Most of what a server tells of is of no interest: a heartbeat, a counter. */
  isSame(before: T, now: T): boolean;
}

export interface WatchListener<T> {
  /** Nothing of it has been listed yet, for the server says that it may not be read. It is asked for again. */
  forbidden?(): void;
  /** Of an object that came, or became otherwise in its view; first of each that is known already. */
  applied(key: string, object: T): void;
  removed(key: string, object: T): void;
}

/** A collection as one of its users sees it. Keys are `namespace/name`, or `name` of what is in no namespace. */
export interface JoinedWatch<T> {
  readonly size: number;
  get(key: string): T | undefined;
  keys(): Iterable<string>;
  values(): Iterable<T>;
  /** Resolves once all of them are known; never, when that does not happen before the end. */
  readonly synced: Promise<void>;
  readonly state: ReflectorState;
  readonly counters: ReflectorCounters;
  /** Resolves once nothing of it runs any more, where nobody else wants it. */
  leave(): Promise<void>;
}

interface Kept {
  readonly key: string;
  /** By the slot of the view; undefined where nobody has the view, or it was not asked for yet when the object came. */
  readonly views: unknown[];
}

interface Viewing {
  readonly slot: number;
  /** By the namespace that they want to know of; ALL for every one. */
  readonly listeners: Map<string, Set<WatchListener<unknown>>>;
  readonly synced: Promise<void>;
  readonly resolve: () => void;
  isSynced: boolean;
}

export class SharedWatch {
  readonly #client: KubeClient;
  readonly #collection: Pick<Collection<unknown>, 'path' | 'selectors'>;
  readonly #deps: ReflectorDeps;
  /** All that there have been. A slot is never another view's: an object that is being listed may have it still. */
  readonly #slots: ObjectView<unknown>[] = [];
  readonly #viewings = new Map<ObjectView<unknown>, Viewing>();
  readonly #items = new Map<string, Kept>();
  /** Keys by namespace, once somebody wants to know of one. */
  #keysWithin: Map<string, Set<string>> | undefined;
  readonly #ending = new AbortController();
  readonly #closing = new Set<Promise<void>>();
  #current: Reflector<Kept> | undefined;
  /** Lists once more for a view that came later, and is the current one then. */
  #next: Reflector<Kept> | undefined;
  #endedFailures = 0;
  #isStarted = false;
  #isForbidden = false;

  constructor(client: KubeClient, collection: Pick<Collection<unknown>, 'path' | 'selectors'>, deps: ReflectorDeps) {
    this.#client = client;
    this.#collection = collection;
    this.#deps = deps;
  }

  /** Lists and watches that failed, since the start. */
  get failures(): number {
    const running = [this.#current, this.#next];
    return running.reduce((sum, reflector) => sum + (reflector?.counters.failures ?? 0), this.#endedFailures);
  }

  /** Whether the server said so when it was asked last. */
  get isForbidden(): boolean {
    return this.#isForbidden;
  }

  /** Whether somebody has the view. */
  keeps(view: ObjectView<unknown>): boolean {
    return this.#viewings.has(view);
  }

  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#open();
  }

  async close(): Promise<void> {
    this.#ending.abort(new DOMException('nobody wants the watch any more', 'AbortError'));
    for (const reflector of [this.#current, this.#next]) if (reflector !== undefined) this.#end(reflector);
    this.#current = undefined;
    this.#next = undefined;
    await Promise.all(this.#closing);
  }

  /** @param leave called with whether anybody is left
   *  @param namespace what is in others is not told; undefined: all is */
  join<T>(
    view: ObjectView<T>,
    listener: WatchListener<T>,
    leave: (isLast: boolean) => Promise<void>,
    namespace = ALL,
  ): JoinedWatch<T> {
    const viewing = this.#viewings.get(view) ?? this.#look(view);
    const { slot } = viewing;
    const listeners = viewing.listeners.get(namespace) ?? new Set();
    viewing.listeners.set(namespace, listeners);
    listeners.add(listener);
    const keys = (): { readonly size: number } & Iterable<string> =>
      namespace === ALL ? keysOf(this.#items) : (this.#within().get(namespace) ?? NO_KEYS);
    const get = (key: string): T | undefined => this.#items.get(key)?.views[slot] as T | undefined;
    for (const key of keys()) {
      // A slot has what its view has made.
      const known = get(key);
      if (known !== undefined) listener.applied(key, known);
    }
    const running = (): Reflector<Kept> | undefined => (viewing.isSynced ? this.#current : this.#next);
    return {
      get size() {
        return keys().size;
      },
      get: (key) => (namespace === ALL || namespaceOf(key) === namespace ? get(key) : undefined),
      keys,
      *values() {
        for (const key of keys()) {
          const known = get(key);
          if (known !== undefined) yield known;
        }
      },
      synced: viewing.synced,
      get state() {
        return viewing.isSynced ? (running()?.state ?? 'stale') : 'connecting';
      },
      get counters() {
        return running()?.counters ?? NO_COUNTS;
      },
      leave: () => {
        if (listeners.delete(listener) && listeners.size === 0) viewing.listeners.delete(namespace);
        if (viewing.listeners.size === 0 && this.#viewings.get(view) === viewing) this.#overlook(view, slot);
        return leave(this.#viewings.size === 0);
      },
    };
  }

  #within(): ReadonlyMap<string, Set<string>> {
    if (this.#keysWithin === undefined) {
      this.#keysWithin = new Map();
      for (const key of this.#items.keys()) addKey(this.#keysWithin, key);
    }
    return this.#keysWithin;
  }

  #look(view: ObjectView<unknown>): Viewing {
    const known = this.#slots.indexOf(view);
    const slot = known === -1 ? this.#slots.push(view) - 1 : known;
    const { promise: synced, resolve } = deferred();
    const viewing: Viewing = { slot, listeners: new Map(), synced, resolve, isSynced: false };
    this.#viewings.set(view, viewing);
    if (this.#isStarted) this.#open();
    return viewing;
  }

  #overlook(view: ObjectView<unknown>, slot: number): void {
    this.#viewings.delete(view);
    for (const { views } of this.#items.values()) views[slot] = undefined;
  }

  /** With the views of now. */
  #open(): void {
    const viewings = [...this.#viewings.values()];
    const reflector: Reflector<Kept> = new Reflector(
      this.#client,
      { ...this.#collection, form: { decode: (object) => this.#keep(object) }, key: ({ key }) => key },
      {
        replaced: (all) => {
          if (reflector === this.#next) this.#takeOver(reflector);
          if (reflector !== this.#current) return;
          this.#isForbidden = false;
          this.#replace(all);
          for (const viewing of viewings) {
            viewing.isSynced = true;
            viewing.resolve();
          }
        },
        applied: (key, kept) => {
          if (reflector === this.#current) this.#apply(key, kept);
        },
        removed: (key) => {
          if (reflector === this.#current) this.#remove(key);
        },
        forbidden: () => {
          this.#isForbidden = true;
          for (const viewing of viewings) if (!viewing.isSynced) tellForbidden(viewing);
        },
      },
      this.#deps,
    );
    if (this.#next !== undefined) this.#end(this.#next);
    this.#next = reflector;
    reflector.start(this.#ending.signal);
  }

  #takeOver(reflector: Reflector<Kept>): void {
    if (this.#current !== undefined) this.#end(this.#current);
    this.#current = reflector;
    this.#next = undefined;
  }

  #end(reflector: Reflector<Kept>): void {
    this.#endedFailures += reflector.counters.failures;
    const closing = reflector.close().finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }

  /** @throws {VigieError} KUBE_OBJECT_INVALID */
  #keep(object: unknown): Kept {
    return {
      key: keyOf(textAt(object, 'metadata', 'namespace'), textAt(object, 'metadata', 'name')),
      views: this.#slots.map((view) => (this.#viewings.has(view) ? view.decode(object) : undefined)),
    };
  }

  #replace(all: ReadonlyMap<string, Kept>): void {
    for (const key of this.#items.keys()) if (!all.has(key)) this.#remove(key);
    for (const [key, kept] of all) this.#apply(key, kept);
  }

  #apply(key: string, now: Kept): void {
    const before = this.#items.get(key);
    this.#items.set(key, now);
    if (before === undefined && this.#keysWithin !== undefined) addKey(this.#keysWithin, key);
    for (const [view, viewing] of this.#viewings) {
      const { slot } = viewing;
      const [was, is] = [before?.views[slot], now.views[slot]];
      if (is === undefined) continue;
      // The one before stays: who has it need not hear of another one.
      if (was !== undefined && view.isSame(was, is)) now.views[slot] = was;
      else for (const listener of listenersTo(viewing, key)) listener.applied(key, is);
    }
  }

  #remove(key: string): void {
    const gone = this.#items.get(key);
    if (gone === undefined) return;
    this.#items.delete(key);
    if (this.#keysWithin !== undefined) removeKey(this.#keysWithin, key);
    for (const viewing of this.#viewings.values()) {
      const object = gone.views[viewing.slot];
      if (object !== undefined) for (const listener of listenersTo(viewing, key)) listener.removed(key, object);
    }
  }
}

export function keyOf(namespace: string, name: string): string {
  return namespace === '' ? name : `${namespace}/${name}`;
}

function namespaceOf(key: string): string {
  return key.slice(0, Math.max(0, key.indexOf('/')));
}

function addKey(within: Map<string, Set<string>>, key: string): void {
  const namespace = namespaceOf(key);
  const keys = within.get(namespace) ?? new Set();
  within.set(namespace, keys.add(key));
}

function removeKey(within: Map<string, Set<string>>, key: string): void {
  const namespace = namespaceOf(key);
  const keys = within.get(namespace);
  if (keys?.delete(key) === true && keys.size === 0) within.delete(namespace);
}

function keysOf(items: ReadonlyMap<string, unknown>): { readonly size: number } & Iterable<string> {
  return { size: items.size, [Symbol.iterator]: () => items.keys() };
}

function* listenersTo({ listeners }: Viewing, key: string): Iterable<WatchListener<unknown>> {
  yield* listeners.get(ALL) ?? [];
  // Of most watches nobody wants a part.
  if (listeners.size > 1 || !listeners.has(ALL)) yield* listeners.get(namespaceOf(key)) ?? [];
}

/** Who hears of it may leave. */
function tellForbidden({ listeners }: Viewing): void {
  for (const listener of [...listeners.values()].flatMap((some) => [...some])) listener.forbidden?.();
}

/** No namespace has this name. */
const ALL = '*';
const NO_KEYS: ReadonlySet<string> = new Set();
/** Before anything was asked. */
const NO_COUNTS: ReflectorCounters = zeroCounters();
