/** Targets from the objects of a cluster, as they come and go. Source: Prometheus 3, discovery/kubernetes. */
import type { Clock, Timer } from '@vigie/core/clock';
import type { Log } from '@vigie/core/log';
import { resourcePath } from '@vigie/kube/client';
import { type JoinedWatch, keyOf } from '../../cluster/shared-watch.ts';
import type { SharedWatches, WatchedCollection } from '../../cluster/shared-watches.ts';
import type { KubernetesDiscoveryConfig, KubernetesRole } from '../discovery-config.ts';
import type { DiscoveryCounts } from '../discovery-counters.ts';
import type { Discovery, TargetGroup } from '../target-group.ts';
import type { Neighbours } from './neighbours.ts';
import { ObjectGroup } from './object-group.ts';
import type { Meta } from './objects.ts';
import { ReferenceIndex } from './reference-index.ts';
import { type NeighbourKind, ROLES, type Role, reference } from './roles.ts';
import { KINDS, type WatchedKind } from './watched-kinds.ts';

export interface KubernetesDiscoveryDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly counts: DiscoveryCounts;
  readonly watches: SharedWatches;
}

/** Changes that come together, as in a rollout, are told of together; a new target waits no longer than this. */
const BATCH_MS = 100;
/** Where several namespaces are asked for, one that may not be read, or is not there yet, keeps the others waiting so long. */
const PATIENCE_MS = 10_000;
/** Without a configuration of the cluster there is nobody to ask; a kubeconfig may yet be written. */
const RETRY_MS = 30_000;

export class KubernetesDiscovery implements Discovery {
  readonly #config: KubernetesDiscoveryConfig;
  readonly #deps: KubernetesDiscoveryDeps;

  constructor(config: KubernetesDiscoveryConfig, deps: KubernetesDiscoveryDeps) {
    this.#config = config;
    this.#deps = deps;
  }

  async run(update: (groups: readonly TargetGroup[]) => void, signal: AbortSignal): Promise<void> {
    const { clock, log, counts } = this.#deps;
    while (!signal.aborted) {
      try {
        await runRole(this.#config, this.#deps, update, signal);
        return;
      } catch (error) {
        counts.failures++;
        log.error('the API server cannot be asked for targets', { error });
        await clock.sleep(RETRY_MS, signal).catch(() => undefined);
      }
    }
  }
}

/** Until the signal aborts.
 *  @throws {VigieError} where the server is not known */
function runRole(
  config: KubernetesDiscoveryConfig,
  deps: KubernetesDiscoveryDeps,
  update: (groups: readonly TargetGroup[]) => void,
  signal: AbortSignal,
): Promise<void> {
  switch (config.role) {
    case 'node':
      return new RoleRun(ROLES.node, config, deps, update).run(signal);
    case 'pod':
      return new RoleRun(ROLES.pod, config, deps, update).run(signal);
    case 'service':
      return new RoleRun(ROLES.service, config, deps, update).run(signal);
    case 'ingress':
      return new RoleRun(ROLES.ingress, config, deps, update).run(signal);
    case 'endpoints':
      return new RoleRun(ROLES.endpoints, config, deps, update).run(signal);
    case 'endpointslice':
      return new RoleRun(ROLES.endpointslice, config, deps, update).run(signal);
  }
}

/** One of the namespaces that are asked for, or all of them. */
interface Part<T> {
  /** undefined: all, or what is in none. */
  readonly namespace: string | undefined;
  readonly own: JoinedWatch<T>;
  /** What has to be known before its targets are told. */
  readonly watches: JoinedWatch<unknown>[];
  isKnown: boolean;
}

class RoleRun<T extends Meta> {
  readonly #role: Role<T>;
  readonly #config: KubernetesDiscoveryConfig;
  readonly #deps: KubernetesDiscoveryDeps;
  readonly #update: (groups: readonly TargetGroup[]) => void;
  readonly #index = new ReferenceIndex();
  /** Kinds whose changes are heard of. */
  readonly #referred = new Set<NeighbourKind>();
  /** Of objects to look at again. */
  #changed = new Set<string>();
  #batch: Timer | undefined;
  #isTelling = false;
  #joined: JoinedWatch<unknown>[] = [];
  #parts: readonly Part<T>[] = [];
  #neighbours: Neighbours;
  /** One of the role itself, by its key. */
  #find: (key: string) => T | undefined = none;

  constructor(
    role: Role<T>,
    config: KubernetesDiscoveryConfig,
    deps: KubernetesDiscoveryDeps,
    update: (groups: readonly TargetGroup[]) => void,
  ) {
    this.#role = role;
    this.#config = config;
    this.#deps = deps;
    this.#update = update;
    const nobody = { pod: none, service: none, node: none, namespace: none, replicaset: none, job: none };
    this.#neighbours = { ...nobody, attach: config.attach };
  }

  async run(signal: AbortSignal): Promise<void> {
    const ended = new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    try {
      this.#join();
      await Promise.race([this.#knowing(signal), ended]);
      if (!signal.aborted) this.#tellAll();
      await ended;
    } finally {
      this.#batch?.cancel();
      this.#isTelling = false;
      await Promise.all(this.#joined.map((joined) => joined.leave()));
    }
  }

  #join(): void {
    const { role, attach } = this.#config;
    const namespaces = this.#namespaces();
    const perNamespace = role === 'node' ? [undefined] : namespaces;
    this.#parts = perNamespace.map((namespace) => {
      const own = this.#joinWatch(this.#role.kind, role, namespace, (key) => this.#objectChanged(key));
      this.#joined.push(own);
      return { namespace, own, watches: [own], isKnown: false };
    });
    const watches = this.#parts.map(({ own }) => own);
    this.#find = (key) => findIn(watches, key);
    const neighbour = {
      pod: this.#role.neighbours.includes('pod') ? this.#joinNeighbours(KINDS.pod, 'pod', namespaces) : none,
      service: this.#role.neighbours.includes('service')
        ? this.#joinNeighbours(KINDS.service, 'service', namespaces)
        : none,
      node: attach.node && role !== 'node' ? this.#joinNeighbours(KINDS.node, 'node', [undefined]) : none,
      namespace:
        attach.namespace && role !== 'node' ? this.#joinNeighbours(KINDS.namespace, 'namespace', [undefined]) : none,
      replicaset:
        attach.deployment && hasPods(role) ? this.#joinNeighbours(KINDS.replicaset, 'replicaset', namespaces) : none,
      job: attach.cronjob && hasPods(role) ? this.#joinNeighbours(KINDS.job, 'job', namespaces) : none,
    };
    this.#neighbours = {
      pod: (namespace, name) => neighbour.pod(keyOf(namespace, name)),
      service: (namespace, name) => neighbour.service(keyOf(namespace, name)),
      node: (name) => neighbour.node(name),
      namespace: (name) => neighbour.namespace(name),
      replicaset: (namespace, name) => neighbour.replicaset(keyOf(namespace, name)),
      job: (namespace, name) => neighbour.job(keyOf(namespace, name)),
      attach,
    };
  }

  /** @returns finds one by its key */
  #joinNeighbours<N>(
    wanted: WatchedKind<N>,
    kind: NeighbourKind,
    namespaces: readonly (string | undefined)[],
  ): (key: string) => N | undefined {
    const joined = namespaces.map((namespace) =>
      this.#joinWatch(wanted, kind, namespace, (key) => {
        for (const object of this.#index.referring(reference(kind, key))) this.#objectChanged(object);
      }),
    );
    this.#joined.push(...joined);
    for (const [index, watch] of joined.entries()) {
      const within = namespaces[index];
      for (const { namespace, watches } of this.#parts)
        if (within === undefined || within === namespace) watches.push(watch);
    }
    this.#referred.add(kind);
    return (key) => findIn(joined, key);
  }

  /** @param changed told of an object that came, became otherwise or went */
  #joinWatch<N>(
    wanted: WatchedKind<N>,
    kind: KubernetesRole | NeighbourKind,
    namespace: string | undefined,
    changed: (key: string) => void,
  ): JoinedWatch<N> {
    const listener = { applied: changed, removed: changed };
    return this.#deps.watches.join(this.#collection(wanted, kind, namespace), wanted.view, listener);
  }

  #namespaces(): readonly (string | undefined)[] {
    const { namespaces, server } = this.#config;
    const own = namespaces.own ? [this.#deps.watches.ownNamespace(server)] : [];
    const names = [...new Set([...own, ...namespaces.names])];
    return names.length === 0 ? [undefined] : names;
  }

  #collection(
    wanted: WatchedKind<unknown>,
    kind: KubernetesRole | NeighbourKind,
    namespace: string | undefined,
  ): WatchedCollection {
    const { server, selectors } = this.#config;
    const { label = '', field = '' } = selectors.find(({ role }) => role === kind) ?? {};
    const all = { server, path: resourcePath(wanted), selector: { label, field } };
    if (namespace === undefined || !wanted.isNamespaced) return all;
    return { ...all, path: resourcePath(wanted, namespace), part: { namespace, path: all.path } };
  }

  #objectChanged(key: string): void {
    // Before all of its namespace is known, nothing is told.
    if (!this.#isTelling || !this.#isOfKnown(key)) return;
    this.#changed.add(key);
    this.#batch ??= this.#deps.clock.setTimer(BATCH_MS, () => {
      this.#batch = undefined;
      const keys = this.#changed;
      this.#changed = new Set();
      this.#tell(keys);
    });
  }

  #isOfKnown(key: string): boolean {
    return this.#parts.some(
      ({ namespace, isKnown }) => isKnown && (namespace === undefined || key.startsWith(`${namespace}/`)),
    );
  }

  /** Resolves when all is known, or what is there of it when the rest has been waited for. */
  async #knowing(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps;
    const known = this.#parts.map(async (part) => {
      await Promise.all(part.watches.map(({ synced }) => synced));
      part.isKnown = true;
      // It was not waited for.
      if (this.#isTelling) this.#tell(part.own.keys());
    });
    const waiting = new AbortController();
    const patience = Promise.any(known)
      .then(() => clock.sleep(PATIENCE_MS, AbortSignal.any([signal, waiting.signal])))
      .catch(() => undefined);
    await Promise.race([Promise.all(known), patience]);
    waiting.abort();
    const missing = this.#parts.filter(({ isKnown }) => !isKnown).map(({ namespace }) => namespace);
    if (missing.length > 0 && !signal.aborted)
      log.warn('namespaces cannot be read; targets of the others are found', { role: this.#config.role, missing });
  }

  #tellAll(): void {
    this.#isTelling = true;
    this.#tell(this.#parts.flatMap(({ own, isKnown }) => (isKnown ? [...own.keys()] : [])));
  }

  #tell(keys: Iterable<string>): void {
    const groups = [...keys].map((key) => this.#group(key));
    this.#deps.counts.updates++;
    this.#update(groups);
  }

  #group(key: string): TargetGroup {
    const source = `${this.#role.sourcePrefix}${key}`;
    const object = this.#find(key);
    // An index of what nobody is told of would be as large as the objects.
    const isReferring = object !== undefined && this.#referred.size > 0;
    this.#index.set(key, isReferring ? this.#role.references(object, this.#referred, this.#neighbours) : NONE);
    if (object === undefined) return { source, labels: {}, targets: [] };
    return new ObjectGroup(source, this.#role, object, this.#neighbours);
  }
}

/** @returns undefined where none of them has it */
function findIn<N>(watches: readonly JoinedWatch<N>[], key: string): N | undefined {
  for (const watch of watches) {
    const found = watch.get(key);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What targets of the role are of, or behind. */
function hasPods(role: KubernetesRole): boolean {
  return role === 'pod' || role === 'endpoints' || role === 'endpointslice';
}

/** One for all that refer to nothing. */
const NONE: readonly never[] = [];

function none(): undefined {
  return undefined;
}
