/** The watches of a collector: one per server, path and selector, for discovery, the metrics APIs and the state of the cluster's objects
 *  alike, for as long as somebody wants it. Each is a connection, and what the API server does for it: who wants one namespace gets a part of
 *  the watch of all of them where there is one, or where many others want one. */
import type { Clock } from '@vigie/core/clock';
import type { Log } from '@vigie/core/log';
import type { Random } from '@vigie/core/random';
import { KubeClient } from '@vigie/kube/client';
import type { KubeConfig } from '@vigie/kube/config';
import type { KubernetesServer } from '../discovery/discovery-config.ts';
import { type Env, kubeConfigOf, proxyEnv, serverKey } from '../discovery/kubernetes/server-config.ts';
import { NamespaceWatch } from './namespace-watch.ts';
import { type JoinedWatch, type ObjectView, SharedWatch, type WatchListener } from './shared-watch.ts';

export interface WatchedCollection {
  readonly server: KubernetesServer;
  /** `/api/v1/pods`, or `/api/v1/namespaces/shop/pods` (see resourcePath). */
  readonly path: string;
  /** The namespace of that path, and the path without it; undefined: it is in none. */
  readonly part?: { readonly namespace: string; readonly path: string };
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

/** Of so many namespaces alone, all that they have is less than all that there is. */
const MAX_NAMESPACES = 8;
/** Before all namespaces are asked for again that the server refused: a right may be given. */
const ASK_AGAIN_MS = 10 * 60_000;

interface Client {
  readonly client: KubeClient;
  watches: number;
}

export class SharedWatches {
  readonly #deps: SharedWatchesDeps;
  readonly #clients = new Map<string, Client>();
  readonly #watches = new Map<string, SharedWatch>();
  /** Collections by those that they are a part of: how many watches there are of namespaces alone. */
  readonly #alone = new Map<string, number>();
  /** When the server last refused all namespaces of a collection. */
  readonly #forbiddenAtMs = new Map<string, number>();
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
    const { part, ...alone } = collection;
    if (part === undefined) return this.#join(alone, view, listener);
    const all = { ...alone, path: part.path };
    const allKey = keyOf(all);
    const joinAlone = (own: WatchListener<T>): JoinedWatch<T> => this.#join(alone, view, own, { of: allKey });
    if (!this.#isBetterWhole(allKey, keyOf(alone), view)) return joinAlone(listener);
    const joinAll = (own: WatchListener<T>): JoinedWatch<T> =>
      this.#join(all, view, own, { namespace: part.namespace });
    return new NamespaceWatch(listener, joinAll, (own) => {
      this.#forbiddenAtMs.set(allKey, this.#deps.clock.monotonicMs());
      return joinAlone(own);
    });
  }

  /** Whether a namespace is better served by the watch of all. */
  #isBetterWhole(allKey: string, aloneKey: string, view: ObjectView<unknown>): boolean {
    const all = this.#watches.get(allKey);
    if (all?.isForbidden === true || this.#watches.get(aloneKey)?.keeps(view) === true) return false;
    // What others keep of all objects costs nothing more.
    if (all?.keeps(view) === true) return true;
    if ((this.#alone.get(allKey) ?? 0) < MAX_NAMESPACES) return false;
    const forbiddenAtMs = this.#forbiddenAtMs.get(allKey);
    return forbiddenAtMs === undefined || this.#deps.clock.monotonicMs() - forbiddenAtMs >= ASK_AGAIN_MS;
  }

  /** @param part the namespace that is wanted of the collection, or the collection that it is a part of */
  #join<T>(
    collection: WatchedCollection,
    view: ObjectView<T>,
    listener: WatchListener<T>,
    part: { readonly namespace?: string; readonly of?: string } = {},
  ): JoinedWatch<T> {
    const key = keyOf(collection);
    const watch = this.#watches.get(key) ?? this.#open(key, collection, part.of);
    const leave = (isLast: boolean): Promise<void> =>
      isLast ? this.#close(key, watch, collection.server, part.of) : settled;
    const joined = watch.join(view, listener, leave, part.namespace);
    if (this.#holds === 0) watch.start();
    return joined;
  }

  #open(
    key: string,
    { server, path, selector: { label, field } }: WatchedCollection,
    partOf: string | undefined,
  ): SharedWatch {
    const { clock, random, log } = this.#deps;
    const client = this.#client(server);
    const selectors = { labelSelector: label || undefined, fieldSelector: field || undefined };
    const watch = new SharedWatch(client.client, { path, selectors }, { clock, random, log });
    client.watches++;
    this.#watches.set(key, watch);
    if (partOf !== undefined) this.#alone.set(partOf, (this.#alone.get(partOf) ?? 0) + 1);
    return watch;
  }

  async #close(key: string, watch: SharedWatch, server: KubernetesServer, partOf: string | undefined): Promise<void> {
    if (this.#watches.get(key) !== watch) return;
    this.#watches.delete(key);
    if (partOf !== undefined) this.#alone.set(partOf, (this.#alone.get(partOf) ?? 0) - 1);
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

function keyOf({ server, path, selector: { label, field } }: WatchedCollection): string {
  return JSON.stringify([serverKey(server), path, label, field]);
}

const settled = Promise.resolve();
