/** The watches of a collector: one per server, path and selector, for discovery, the metrics APIs and the state of the cluster's objects
 *  alike, for as long as somebody wants it. */
import type { Clock } from '@vigie/core/clock';
import type { Log } from '@vigie/core/log';
import type { Random } from '@vigie/core/random';
import { KubeClient } from '@vigie/kube/client';
import type { KubeConfig } from '@vigie/kube/config';
import type { KubernetesServer } from '../discovery/discovery-config.ts';
import { type Env, kubeConfigOf, proxyEnv, serverKey } from '../discovery/kubernetes/server-config.ts';
import { type JoinedWatch, type ObjectView, SharedWatch, type WatchListener } from './shared-watch.ts';

export interface WatchedCollection {
  readonly server: KubernetesServer;
  /** `/api/v1/pods`, or `/api/v1/namespaces/shop/pods` (see resourcePath). */
  readonly path: string;
  /** Both '' for everything. */
  readonly selector: { readonly label: string; readonly field: string };
}

/** All objects of a kind, of the cluster that the collector is in. */
export function allOf(path: string): WatchedCollection {
  return { server: { kind: 'own' }, path, selector: { label: '', field: '' } };
}

export interface SharedWatchesDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly env: Env;
  /** `vigie/1.2.3` */
  readonly userAgent: string;
  /** kubeConfigOf unless given. */
  readonly configOf?: (server: KubernetesServer, env: Env) => KubeConfig;
}

interface Client {
  readonly client: KubeClient;
  watches: number;
}

export class SharedWatches {
  readonly #deps: SharedWatchesDeps;
  readonly #clients = new Map<string, Client>();
  readonly #watches = new Map<string, SharedWatch>();
  #closedFailures = 0;
  #holds = 0;

  constructor(deps: SharedWatchesDeps) {
    this.#deps = deps;
  }

  /** How many there are. */
  get size(): number {
    return this.#watches.size;
  }

  /** Lists and watches that failed, since the start. */
  get failures(): number {
    let failures = this.#closedFailures;
    for (const watch of this.#watches.values()) failures += watch.failures;
    return failures;
  }

  /** The namespace that the server's configuration says is ours.
   *  @throws {VigieError} where there is no such configuration */
  ownNamespace(server: KubernetesServer): string {
    const { configOf = kubeConfigOf, env } = this.#deps;
    return configOf(server, env).namespace;
  }

  /** Nothing is listed until the function that is returned is called: who joins by then is served by one list. One whose view comes later
   *  has everything listed once more. */
  hold(): () => void {
    this.#holds++;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#holds--;
      if (this.#holds === 0) for (const watch of this.#watches.values()) watch.start();
    };
  }

  /** @param view one for all who want to know the same: it is told from another by identity
   *  @throws {VigieError} where there is no configuration for the server */
  join<T>(collection: WatchedCollection, view: ObjectView<T>, listener: WatchListener<T>): JoinedWatch<T> {
    const { server, path, selector } = collection;
    const key = JSON.stringify([serverKey(server), path, selector.label, selector.field]);
    const watch = this.#watches.get(key) ?? this.#open(key, collection);
    const joined = watch.join(view, listener, (isLast) => (isLast ? this.#close(key, watch, server) : settled));
    if (this.#holds === 0) watch.start();
    return joined;
  }

  #open(key: string, { server, path, selector: { label, field } }: WatchedCollection): SharedWatch {
    const { clock, random, log } = this.#deps;
    const client = this.#client(server);
    const selectors = { labelSelector: label || undefined, fieldSelector: field || undefined };
    const watch = new SharedWatch(client.client, { path, selectors }, { clock, random, log });
    client.watches++;
    this.#watches.set(key, watch);
    return watch;
  }

  async #close(key: string, watch: SharedWatch, server: KubernetesServer): Promise<void> {
    if (this.#watches.get(key) !== watch) return;
    this.#watches.delete(key);
    await watch.close();
    this.#closedFailures += watch.failures;
    const client = this.#clients.get(serverKey(server));
    if (client === undefined) return;
    client.watches--;
    if (client.watches > 0) return;
    this.#clients.delete(serverKey(server));
    client.client.close();
  }

  #client(server: KubernetesServer): Client {
    const known = this.#clients.get(serverKey(server));
    if (known !== undefined) return known;
    const { clock, env, userAgent, log, configOf = kubeConfigOf } = this.#deps;
    const client = new KubeClient(configOf(server, env), {
      clock,
      env: proxyEnv(server, env),
      userAgent,
      reloadFailed: (detail) => log.error('credentials of the API server cannot be read again', { detail }),
    });
    const opened = { client, watches: 0 };
    this.#clients.set(serverKey(server), opened);
    return opened;
  }
}

const settled = Promise.resolve();
