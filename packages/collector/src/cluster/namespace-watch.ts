/** One namespace of a watch of all of them, for as long as that may be read; else a watch of its own. */
import { deferred } from '@vigie/core/deferred';
import type { ReflectorCounters, ReflectorState } from '@vigie/kube/reflector';
import type { JoinedWatch, WatchListener } from './shared-watch.ts';

type Join<T> = (listener: WatchListener<T>) => JoinedWatch<T>;

export class NamespaceWatch<T> implements JoinedWatch<T> {
  readonly synced: Promise<void>;
  /** Once all of them may not be read. */
  #leftAll: Promise<void> | undefined;
  #joined: JoinedWatch<T>;

  /** @param joinOwn called where the server refuses all */
  constructor(listener: WatchListener<T>, joinAll: Join<T>, joinOwn: Join<T>) {
    const { promise, resolve } = deferred();
    this.synced = promise;
    this.#joined = joinAll({
      applied: (key, object) => listener.applied(key, object),
      removed: (key, object) => listener.removed(key, object),
      forbidden: () => {
        this.#leftAll = this.#joined.leave();
        this.#joined = joinOwn(listener);
        void this.#joined.synced.then(resolve);
      },
    });
    void this.#joined.synced.then(resolve);
  }

  get size(): number {
    return this.#joined.size;
  }

  get state(): ReflectorState {
    return this.#joined.state;
  }

  get counters(): ReflectorCounters {
    return this.#joined.counters;
  }

  get(key: string): T | undefined {
    return this.#joined.get(key);
  }

  keys(): Iterable<string> {
    return this.#joined.keys();
  }

  values(): Iterable<T> {
    return this.#joined.values();
  }

  async leave(): Promise<void> {
    await Promise.all([this.#leftAll, this.#joined.leave()]);
  }
}
