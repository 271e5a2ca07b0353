/** One watch of a collection of Kubernetes for all who want it: as long as somebody does. */
import type { KubeClient } from '@vigie/kube/client';
import type { Collection } from '@vigie/kube/collection';
import { Reflector, type ReflectorDeps } from '@vigie/kube/reflector';

export interface WatchListener {
  /** Of an object that came, became otherwise or went; not where nothing that is kept of it has changed. */
  changed(key: string): void;
}

export class SharedWatch<T> {
  readonly #reflector: Reflector<T>;
  readonly #listeners = new Set<WatchListener>();
  readonly #items = new Map<string, T>();
  readonly #ending = new AbortController();

  constructor(client: KubeClient, collection: Collection<T>, deps: ReflectorDeps) {
    this.#reflector = new Reflector(
      client,
      collection,
      {
        replaced: (all) => this.#replace(all),
        applied: (key, object) => this.#apply(key, object),
        removed: (key) => this.#remove(key),
      },
      deps,
    );
  }

  /** By `namespace/name`, or `name` of what is in no namespace. */
  get items(): ReadonlyMap<string, T> {
    return this.#items;
  }

  /** Resolves once all of them are known. */
  get synced(): Promise<void> {
    return this.#reflector.synced;
  }

  /** Lists and watches that failed, since the start. */
  get failures(): number {
    return this.#reflector.counters.failures;
  }

  start(): void {
    this.#reflector.start(this.#ending.signal);
  }

  close(): Promise<void> {
    return this.#reflector.close();
  }

  listen(listener: WatchListener): void {
    this.#listeners.add(listener);
  }

  /** @returns whether anybody is left */
  leave(listener: WatchListener): boolean {
    this.#listeners.delete(listener);
    return this.#listeners.size > 0;
  }

  #replace(all: ReadonlyMap<string, T>): void {
    for (const key of [...this.#items.keys()]) if (!all.has(key)) this.#remove(key);
    for (const [key, object] of all) this.#apply(key, object);
  }

  /** Most of what the server tells of is of no interest: a heartbeat, a counter. */
  #apply(key: string, object: T): void {
    const before = this.#items.get(key);
    if (before !== undefined && JSON.stringify(before) === JSON.stringify(object)) return;
    this.#items.set(key, object);
    this.#tell(key);
  }

  #remove(key: string): void {
    if (this.#items.delete(key)) this.#tell(key);
  }

  #tell(key: string): void {
    for (const listener of this.#listeners) listener.changed(key);
  }
}
