/** Targets that Consul's catalog has, followed with blocking queries. Source: Prometheus, discovery/consul. */
import type { Clock } from '@vigie/core/clock';
import { VigieError } from '@vigie/core/errors';
import { formatHostPort } from '@vigie/core/host-port';
import type { Log } from '@vigie/core/log';
import { onAbort } from '@vigie/core/on-abort';
import * as v from 'valibot';
import type { ConsulDiscoveryConfig } from './discovery-config.ts';
import type { DiscoveryCounts } from './discovery-counters.ts';
import type { DiscoveryClient } from './http-discovery.ts';
import { sanitized } from './kubernetes/meta-labels.ts';
import type { Discovery, TargetGroup } from './target-group.ts';

export interface ConsulDiscoveryDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly counts: DiscoveryCounts;
  readonly client: DiscoveryClient;
}

/** How long Consul may hold a query that has nothing new. */
const WAIT_MS = 120_000;
/** Consul adds up to a sixteenth of the wait. */
const TIMEOUT_MS = WAIT_MS + 15_000;
const RETRY_MS = 15_000;

const texts = v.nullish(v.record(v.string(), v.string()), {});
const catalog = v.record(v.string(), v.nullish(v.array(v.string()), []));
const instances = v.array(
  v.object({
    Node: v.object({
      Node: v.string(),
      Address: v.string(),
      Datacenter: v.nullish(v.string(), ''),
      Partition: v.nullish(v.string(), ''),
      TaggedAddresses: texts,
      Meta: texts,
    }),
    Service: v.object({
      ID: v.string(),
      Service: v.string(),
      Address: v.nullish(v.string(), ''),
      Port: v.nullish(v.number(), 0),
      Namespace: v.nullish(v.string(), ''),
      Tags: v.nullish(v.array(v.string()), []),
      Meta: texts,
    }),
    Checks: v.nullish(v.array(v.object({ CheckID: v.nullish(v.string(), ''), Status: v.nullish(v.string(), '') })), []),
  }),
);
type Instance = v.InferOutput<typeof instances>[number];

export class ConsulDiscovery implements Discovery {
  readonly #config: ConsulDiscoveryConfig;
  readonly #deps: ConsulDiscoveryDeps;

  constructor(config: ConsulDiscoveryConfig, deps: ConsulDiscoveryDeps) {
    this.#config = config;
    this.#deps = deps;
  }

  async run(update: (groups: readonly TargetGroup[]) => void, signal: AbortSignal): Promise<void> {
    try {
      await new ConsulRun(this.#config, this.#deps, update, signal).run();
    } finally {
      this.#deps.client.close();
    }
  }
}

class ConsulRun {
  readonly #config: ConsulDiscoveryConfig;
  readonly #deps: ConsulDiscoveryDeps;
  readonly #update: (groups: readonly TargetGroup[]) => void;
  readonly #signal: AbortSignal;
  readonly #services = new Map<string, AbortController>();
  readonly #running = new Set<Promise<void>>();
  /** Services whose first answer the first update waits for, and those that keep nobody waiting, for they cannot be asked; undefined once that
   *  has been told. */
  #waiting:
    | { readonly unknown: Set<string>; readonly failing: Set<string>; readonly groups: TargetGroup[] }
    | undefined;
  #isTold = false;

  constructor(
    config: ConsulDiscoveryConfig,
    deps: ConsulDiscoveryDeps,
    update: (groups: readonly TargetGroup[]) => void,
    signal: AbortSignal,
  ) {
    this.#config = config;
    this.#deps = deps;
    this.#update = update;
    this.#signal = signal;
  }

  async run(): Promise<void> {
    const { services, tags, filter } = this.#config;
    // Of services that are all named, the catalog has nothing to say unless it is to choose among them.
    if (services.length > 0 && tags.length === 0 && filter === '') this.#follow(services);
    else await this.#followCatalog();
    await Promise.all(this.#running);
  }

  async #followCatalog(): Promise<void> {
    const { services, tags, filter } = this.#config;
    await this.#blocking('/v1/catalog/services', filter, catalog, this.#signal, {
      tell: (all) => {
        const wanted = Object.entries(all)
          .filter(
            ([name, has]) =>
              (services.length === 0 || services.includes(name)) && tags.every((tag) => has.includes(tag)),
          )
          .map(([name]) => name);
        this.#follow(wanted);
      },
      fail: () => undefined,
    });
  }

  /** Follows these services from now on, and no others. */
  #follow(wanted: readonly string[]): void {
    if (!this.#isTold && this.#waiting === undefined) {
      this.#waiting = { unknown: new Set(wanted), failing: new Set(), groups: [] };
    }
    for (const [name, ending] of this.#services) {
      if (wanted.includes(name)) continue;
      ending.abort(new Error('the service is gone'));
      this.#services.delete(name);
      this.#tell({ source: name, labels: {}, targets: [] });
    }
    for (const name of wanted) {
      if (this.#services.has(name)) continue;
      const ending = new AbortController();
      const leave = onAbort(this.#signal, () => ending.abort(this.#signal.reason));
      this.#services.set(name, ending);
      const running: Promise<void> = this.#followService(name, ending.signal).finally(() => {
        leave();
        this.#running.delete(running);
      });
      this.#running.add(running);
    }
    this.#tellFirst();
  }

  async #followService(name: string, signal: AbortSignal): Promise<void> {
    const path = `/v1/health/service/${encodeURIComponent(name)}`;
    await this.#blocking(path, this.#config.healthFilter, instances, signal, {
      tell: (found) => {
        const labels = { __meta_consul_service: name };
        const targets = found.map((instance) => targetOf(instance, this.#config.tagSeparator));
        this.#tell({ source: name, labels, targets });
      },
      fail: () => {
        if (this.#waiting?.unknown.delete(name) !== true) return;
        this.#waiting.failing.add(name);
        this.#tellFirst();
      },
    });
  }

  #tell(group: TargetGroup): void {
    if (this.#waiting === undefined) {
      this.#deps.counts.updates++;
      this.#update([group]);
      return;
    }
    this.#waiting.unknown.delete(group.source);
    this.#waiting.failing.delete(group.source);
    this.#waiting.groups.push(group);
    this.#tellFirst();
  }

  #tellFirst(): void {
    if (this.#waiting === undefined || this.#waiting.unknown.size > 0) return;
    const { groups, failing } = this.#waiting;
    // Where none can be asked, nothing is known of what there was before.
    if (groups.length === 0 && failing.size > 0) return;
    this.#waiting = undefined;
    this.#isTold = true;
    this.#deps.counts.updates++;
    this.#update(groups);
  }

  /** Asks again and again for what is newer than the last answer, until the signal aborts. */
  async #blocking<T>(
    path: string,
    filter: string,
    schema: v.GenericSchema<unknown, T>,
    signal: AbortSignal,
    { tell, fail }: { readonly tell: (value: T) => void; readonly fail: () => void },
  ): Promise<void> {
    const { clock } = this.#deps;
    let index = 0;
    while (!signal.aborted) {
      const askedAtMs = clock.monotonicMs();
      const query = new URLSearchParams({ index: String(index), wait: `${WAIT_MS}ms` });
      if (filter !== '') query.set('filter', filter);
      if (path.startsWith('/v1/health')) for (const tag of this.#config.tags) query.append('tag', tag);
      const answer = await this.#ask(path, query, schema, signal);
      if (signal.aborted) return;
      if (answer === undefined) {
        fail();
        await this.#pause(RETRY_MS, signal);
        continue;
      }
      // The same index: the wait was over. A smaller one: Consul began anew.
      if (answer.index !== index) tell(answer.value);
      index = answer.index < index ? 0 : answer.index;
      await this.#pause(this.#config.refreshIntervalMs - (clock.monotonicMs() - askedAtMs), signal);
    }
  }

  /** @returns undefined where it failed, which is logged and counted */
  async #ask<T>(
    path: string,
    query: URLSearchParams,
    schema: v.GenericSchema<unknown, T>,
    signal: AbortSignal,
  ): Promise<{ readonly value: T; readonly index: number } | undefined> {
    const { server, token, datacenter, namespace, partition, nodeMeta, allowStale } = this.#config;
    const url = new URL(server + path);
    if (datacenter !== '') query.set('dc', datacenter);
    if (namespace !== '') query.set('ns', namespace);
    if (partition !== '') query.set('partition', partition);
    if (allowStale) query.set('stale', '');
    for (const [key, value] of Object.entries(nodeMeta)) query.append('node-meta', `${key}:${value}`);
    url.search = query.toString();
    const headers = { accept: 'application/json', ...(token === '' ? {} : { 'x-consul-token': token }) };
    try {
      const answer = await this.#deps.client.get({ url, headers, timeoutMs: TIMEOUT_MS }, signal);
      if (answer.status !== 200)
        throw new VigieError(
          'DISCOVERY_REFUSED',
          `${server}${path} answered ${answer.status}: ${answer.body.slice(0, 200)}`,
        );
      const body: unknown = JSON.parse(answer.body);
      const index = Number(answer.headers['x-consul-index'] ?? 0);
      return { value: v.parse(schema, body), index: Number.isSafeInteger(index) ? index : 0 };
    } catch (error) {
      if (signal.aborted) return undefined;
      this.#deps.counts.failures++;
      this.#deps.log.warn('Consul cannot be asked, the targets of before stay', { path, error });
      return undefined;
    }
  }

  async #pause(delayMs: number, signal: AbortSignal): Promise<void> {
    if (delayMs > 0) await this.#deps.clock.sleep(delayMs, signal).catch(() => undefined);
  }
}

function targetOf(
  { Node: node, Service: service, Checks: checks }: Instance,
  separator: string,
): Record<string, string> {
  // Around as well as between, so that a regex finds each whole.
  const tags = `${separator}${service.Tags.join(separator)}${separator}`;
  const labels: Record<string, string> = {
    __address__: formatHostPort({ host: service.Address || node.Address, port: service.Port }),
    __meta_consul_address: node.Address,
    __meta_consul_node: node.Node,
    __meta_consul_dc: node.Datacenter,
    __meta_consul_namespace: service.Namespace,
    __meta_consul_partition: node.Partition,
    __meta_consul_tags: tags,
    __meta_consul_service_address: service.Address,
    __meta_consul_service_port: String(service.Port),
    __meta_consul_service_id: service.ID,
    __meta_consul_health: healthOf(checks),
  };
  for (const [key, value] of Object.entries(node.Meta)) labels[`__meta_consul_metadata_${sanitized(key)}`] = value;
  for (const [key, value] of Object.entries(service.Meta))
    labels[`__meta_consul_service_metadata_${sanitized(key)}`] = value;
  for (const [key, value] of Object.entries(node.TaggedAddresses))
    labels[`__meta_consul_tagged_address_${sanitized(key)}`] = value;
  return labels;
}

/** The worst of the checks. Source: Consul, api/health.go, AggregatedStatus. */
function healthOf(checks: Instance['Checks']): string {
  const inMaintenance = ({ CheckID }: Instance['Checks'][number]): boolean =>
    CheckID === '_node_maintenance' || CheckID.startsWith('_service_maintenance:');
  if (checks.some(inMaintenance)) return 'maintenance';
  const has = (status: string): boolean => checks.some(({ Status }) => Status === status);
  return has('critical') ? 'critical' : has('warning') ? 'warning' : 'passing';
}
