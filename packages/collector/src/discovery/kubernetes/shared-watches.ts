/** The watches of all Kubernetes discoveries of a collector: one per server, kind, namespace and selector, whoever asks. */
import type { Clock } from '@vigie/core/clock';
import type { Log } from '@vigie/core/log';
import type { Random } from '@vigie/core/random';
import { KubeClient, resourcePath } from '@vigie/kube/client';
import type { Collection } from '@vigie/kube/collection';
import type { KubeConfig } from '@vigie/kube/config';
import type { ObjectForm } from '@vigie/kube/objects';
import type { KubernetesServer } from '../discovery-config.ts';
import {
  endpointSliceForm,
  endpointsForm,
  ingressForm,
  type Meta,
  namespaceForm,
  nodeForm,
  podForm,
  serviceForm,
} from './objects.ts';
import { type Env, kubeConfigOf, proxyEnv, serverKey } from './server-config.ts';
import { SharedWatch, type WatchListener } from './shared-watch.ts';

/** A collection of the API. */
export interface WatchedKind<T> {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly form: ObjectForm<T>;
  readonly isNamespaced: boolean;
}

function kind<T>(group: string, resource: string, form: ObjectForm<T>, isNamespaced = true): WatchedKind<T> {
  return { group, version: 'v1', resource, form, isNamespaced };
}

export const KINDS = {
  pod: kind('', 'pods', podForm),
  node: kind('', 'nodes', nodeForm, false),
  namespace: kind('', 'namespaces', namespaceForm, false),
  service: kind('', 'services', serviceForm),
  endpoints: kind('', 'endpoints', endpointsForm),
  endpointslice: kind('discovery.k8s.io', 'endpointslices', endpointSliceForm),
  ingress: kind('networking.k8s.io', 'ingresses', ingressForm),
} as const;

export interface WatchScope {
  readonly server: KubernetesServer;
  /** undefined: all. */
  readonly namespace: string | undefined;
  /** Both '' for everything. */
  readonly selector: { readonly label: string; readonly field: string };
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
  readonly #watches = new Map<string, SharedWatch<never>>();
  #closedFailures = 0;

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

  /** @param listener told from now on; to be given to the function that is returned when it wants no more
   *  @throws {VigieError} where there is no configuration for the server */
  join<T extends Meta>(wanted: WatchedKind<T>, scope: WatchScope, listener: WatchListener): JoinedWatch<T> {
    const key = JSON.stringify([wanted.resource, scope]);
    // The key has the kind in it, and so the type.
    const known = this.#watches.get(key) as SharedWatch<T> | undefined;
    const watch = known ?? this.#open(key, wanted, scope);
    watch.listen(listener);
    return { watch, leave: () => this.#leave(key, watch, scope.server, listener) };
  }

  #open<T extends Meta>(key: string, wanted: WatchedKind<T>, scope: WatchScope): SharedWatch<T> {
    const { clock, random, log } = this.#deps;
    const client = this.#client(scope.server);
    const { label, field } = scope.selector;
    const collection: Collection<T> = {
      path: resourcePath(wanted, wanted.isNamespaced ? scope.namespace : undefined),
      selectors: { labelSelector: label || undefined, fieldSelector: field || undefined },
      form: wanted.form,
      key: (object) => keyOf(object.namespace, object.name),
    };
    const watch = new SharedWatch(client.client, collection, { clock, random, log });
    client.watches++;
    this.#watches.set(key, watch as unknown as SharedWatch<never>);
    watch.start();
    return watch;
  }

  async #leave<T>(
    key: string,
    watch: SharedWatch<T>,
    server: KubernetesServer,
    listener: WatchListener,
  ): Promise<void> {
    if (watch.leave(listener) || !this.#watches.delete(key)) return;
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

export interface JoinedWatch<T> {
  readonly watch: Pick<SharedWatch<T>, 'items' | 'synced'>;
  /** Resolves once nothing of it runs any more, where nobody else wants it. */
  leave(): Promise<void>;
}

export function keyOf(namespace: string, name: string): string {
  return namespace === '' ? name : `${namespace}/${name}`;
}
