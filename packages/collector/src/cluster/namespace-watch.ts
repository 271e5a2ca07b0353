/** One namespace of a watch of all of them, for as long as that may be read; else a watch of its own. */
import type { ReflectorCounters, ReflectorState } from '@vigie/kube/reflector';
import type { JoinedWatch, WatchListener } from './shared-watch.ts';

type Join<T> = (listener: WatchListener<T>) => JoinedWatch<T>;

export class NamespaceWatch<T> implements JoinedWatch<T> {
  readonly synced: Promise<void>;
  readonly #leaving: Promise<void>[] = [];
  #joined: JoinedWatch<T>;

  /** @param joinOwn called where the server refuses all */
  constructor(listener: WatchListener<T>, joinAll: Join<T>, joinOwn: Join<T>) {
    const { promise, resolve } = withResolver();
    this.synced = promise;
    const { applied, removed } = bound(listener);
    const forbidden = (): void => {
      this.#leaving.push(this.#joined.leave());
      this.#joined = joinOwn(listener);
      void this.#joined.synced.then(resolve);
    };
    this.#joined = joinAll({ applied, removed, forbidden });
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
    await Promise.all([...this.#leaving, this.#joined.leave()]);
  }
}

function bound<T>(listener: WatchListener<T>): Pick<WatchListener<T>, 'applied' | 'removed'> {
  return {
    applied: (key, object) => listener.applied(key, object),
    removed: (key, object) => listener.removed(key, object),
  };
}

function withResolver(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
