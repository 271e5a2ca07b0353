/** Targets from the objects of a cluster, as they come and go. Source: Prometheus 3, discovery/kubernetes. */
import type { Clock, Timer } from '@vigie/core/clock';
import type { Log } from '@vigie/core/log';
import type { KubernetesDiscoveryConfig, KubernetesRole } from '../discovery-config.ts';
import type { DiscoveryCounts } from '../discovery-counters.ts';
import type { Discovery, TargetGroup } from '../target-group.ts';
import type { Neighbours } from './neighbours.ts';
import type { Meta } from './objects.ts';
import { ReferenceIndex } from './reference-index.ts';
import { type NeighbourKind, ROLES, type Role, reference } from './roles.ts';
import {
  type JoinedWatch,
  KINDS,
  keyOf,
  type SharedWatches,
  type WatchedKind,
  type WatchScope,
} from './shared-watches.ts';

export interface KubernetesDiscoveryDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly counts: DiscoveryCounts;
  readonly watches: SharedWatches;
}

/** Changes that come together, as in a rollout, are told of together; a new target waits no longer than this. */
const BATCH_MS = 100;
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

class RoleRun<T extends Meta> {
  readonly #role: Role<T>;
  readonly #config: KubernetesDiscoveryConfig;
  readonly #deps: KubernetesDiscoveryDeps;
  readonly #update: (groups: readonly TargetGroup[]) => void;
  readonly #index = new ReferenceIndex();
  /** Of objects to look at again. */
  #changed = new Set<string>();
  #batch: Timer | undefined;
  #isComplete = false;
  #joined: JoinedWatch<Meta>[] = [];
  /** Those of the role itself, one per namespace. */
  #own: JoinedWatch<T>[] = [];

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
  }

  async run(signal: AbortSignal): Promise<void> {
    const ended = new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    try {
      this.#join();
      const synced = Promise.all(this.#joined.map(({ watch }) => watch.synced));
      await Promise.race([synced, ended]);
      if (!signal.aborted) this.#tellAll();
      await ended;
    } finally {
      this.#batch?.cancel();
      this.#isComplete = false;
      await Promise.all(this.#joined.map((joined) => joined.leave()));
    }
  }

  #join(): void {
    const { role, attach } = this.#config;
    const namespaces = this.#namespaces();
    const perNamespace = role === 'node' ? [undefined] : namespaces;
    this.#own = perNamespace.map((namespace) => {
      const joined = this.#deps.watches.join<T>(this.#role.kind, this.#scope(role, namespace), {
        changed: (key) => this.#objectChanged(key),
      });
      this.#joined.push(joined);
      return joined;
    });
    const neighbour = {
      pod: this.#role.neighbours.includes('pod') ? this.#joinNeighbours(KINDS.pod, 'pod', namespaces) : none,
      service: this.#role.neighbours.includes('service')
        ? this.#joinNeighbours(KINDS.service, 'service', namespaces)
        : none,
      node: attach.node && role !== 'node' ? this.#joinNeighbours(KINDS.node, 'node', [undefined]) : none,
      namespace:
        attach.namespace && role !== 'node' ? this.#joinNeighbours(KINDS.namespace, 'namespace', [undefined]) : none,
    };
    this.#neighbours = {
      pod: (namespace, name) => neighbour.pod(keyOf(namespace, name)),
      service: (namespace, name) => neighbour.service(keyOf(namespace, name)),
      node: (name) => neighbour.node(name),
      namespace: (name) => neighbour.namespace(name),
    };
  }

  #neighbours: Neighbours = { pod: none, service: none, node: none, namespace: none };

  /** @returns finds one by its key */
  #joinNeighbours<N extends Meta>(
    wanted: WatchedKind<N>,
    kind: NeighbourKind,
    namespaces: readonly (string | undefined)[],
  ): (key: string) => N | undefined {
    const joined = namespaces.map((namespace) =>
      this.#deps.watches.join(wanted, this.#scope(kind, namespace), {
        changed: (key) => {
          for (const object of this.#index.referring(reference(kind, key))) this.#objectChanged(object);
        },
      }),
    );
    this.#joined.push(...joined);
    return (key) => {
      for (const { watch } of joined) {
        const found = watch.items.get(key);
        if (found !== undefined) return found;
      }
      return undefined;
    };
  }

  #namespaces(): readonly (string | undefined)[] {
    const { namespaces, server } = this.#config;
    const own = namespaces.own ? [this.#deps.watches.ownNamespace(server)] : [];
    const names = [...new Set([...own, ...namespaces.names])];
    return names.length === 0 ? [undefined] : names;
  }

  #scope(kind: KubernetesRole | NeighbourKind, namespace: string | undefined): WatchScope {
    const { server, selectors } = this.#config;
    const { label = '', field = '' } = selectors.find(({ role }) => role === kind) ?? {};
    return { server, namespace, selector: { label, field } };
  }

  #objectChanged(key: string): void {
    // Before all is known, nothing is told.
    if (!this.#isComplete) return;
    this.#changed.add(key);
    this.#batch ??= this.#deps.clock.setTimer(BATCH_MS, () => {
      this.#batch = undefined;
      const keys = this.#changed;
      this.#changed = new Set();
      this.#tell(keys);
    });
  }

  #tellAll(): void {
    this.#isComplete = true;
    this.#tell(this.#own.flatMap(({ watch }) => [...watch.items.keys()]));
  }

  #tell(keys: Iterable<string>): void {
    const groups = [...keys].map((key) => this.#group(key));
    this.#deps.counts.updates++;
    this.#update(groups);
  }

  #group(key: string): TargetGroup {
    const source = `${this.#role.sourcePrefix}${key}`;
    const object = this.#find(key);
    if (object === undefined) {
      this.#index.set(key, []);
      return { source, labels: {}, targets: [] };
    }
    this.#index.set(key, this.#role.references(object));
    return this.#role.group(object, source, this.#neighbours);
  }

  #find(key: string): T | undefined {
    for (const { watch } of this.#own) {
      const object = watch.items.get(key);
      if (object !== undefined) return object;
    }
    return undefined;
  }
}

function none(): undefined {
  return undefined;
}
