import { DEFAULT_HTTP_CLIENT } from '@vigie/core/config/http-client-config';
import { describe, expect, it } from 'vitest';
import { ConsulDiscovery } from '../../src/discovery/consul-discovery.ts';
import type { ConsulDiscoveryConfig } from '../../src/discovery/discovery-config.ts';
import type { DiscoveryAnswer, DiscoveryClient, DiscoveryRequest } from '../../src/discovery/http-discovery.ts';
import { DiscoveryWorld, until } from './world.ts';

/** In the form of Consul's documentation of /v1/health/service. */
const WEB = {
  Node: {
    ID: 'e5a5f2f0',
    Node: 'node-1',
    Address: '10.0.0.1',
    Datacenter: 'dc1',
    TaggedAddresses: { lan: '10.0.0.1', wan_ipv4: '192.0.2.1' },
    Meta: { 'consul-version': '1.20.1' },
  },
  Service: {
    ID: 'web-1',
    Service: 'web',
    Tags: ['prod', 'v2'],
    Address: '10.0.0.9',
    Meta: { team: 'shop' },
    Port: 8080,
    Weights: { Passing: 1, Warning: 1 },
  },
  Checks: [
    { Node: 'node-1', CheckID: 'serfHealth', Status: 'passing' },
    { Node: 'node-1', CheckID: 'service:web-1', Status: 'warning' },
  ],
};
const DB = {
  Node: { Node: 'node-2', Address: '10.0.0.2', Datacenter: 'dc1', TaggedAddresses: null, Meta: null },
  Service: { ID: 'db', Service: 'db', Tags: null, Address: '', Port: 5432, Meta: null },
  Checks: [{ CheckID: '_service_maintenance:db', Status: 'critical' }],
};

/** A Consul that holds a query until there is a higher index. */
class TestConsul implements DiscoveryClient {
  readonly asked: DiscoveryRequest[] = [];
  readonly #values = new Map<string, { body: unknown; index: number }>();
  readonly #held = new Map<string, () => void>();
  fails = false;
  /** The part of a path that is refused. */
  refuses: string | undefined;
  isClosed = false;

  set(path: string, body: unknown, index: number): void {
    this.#values.set(path, { body, index });
    this.#held.get(path)?.();
  }

  async get(request: DiscoveryRequest, signal: AbortSignal): Promise<DiscoveryAnswer> {
    this.asked.push(request);
    if (this.fails) throw new Error('connect ECONNREFUSED');
    const { pathname, searchParams } = request.url;
    if (this.refuses !== undefined && pathname.includes(this.refuses))
      return { status: 403, headers: {}, body: 'Permission denied' };
    const after = Number(searchParams.get('index'));
    while ((this.#values.get(pathname)?.index ?? 0) <= after) {
      signal.throwIfAborted();
      await new Promise<void>((resolve) => {
        this.#held.set(pathname, resolve);
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
      signal.throwIfAborted();
    }
    const { body, index } = this.#values.get(pathname) ?? { body: null, index: 0 };
    return { status: 200, headers: { 'x-consul-index': String(index) }, body: JSON.stringify(body) };
  }

  close(): void {
    this.isClosed = true;
  }
}

const DEFAULTS: ConsulDiscoveryConfig = {
  kind: 'consul',
  server: 'http://localhost:8500',
  token: '',
  datacenter: '',
  namespace: '',
  partition: '',
  tagSeparator: ',',
  services: [],
  tags: [],
  nodeMeta: {},
  filter: '',
  healthFilter: '',
  allowStale: true,
  refreshIntervalMs: 1000,
  client: DEFAULT_HTTP_CLIENT,
};

function start(consul: TestConsul, config: Partial<ConsulDiscoveryConfig> = {}): DiscoveryWorld {
  const world = new DiscoveryWorld();
  const { clock, log, counters } = world;
  world.run(new ConsulDiscovery({ ...DEFAULTS, ...config }, { clock, log, counts: counters.consul, client: consul }));
  return world;
}

async function untilAdvancing(world: DiscoveryWorld, condition: () => boolean): Promise<void> {
  while (!condition()) {
    await world.clock.advance(1000);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

describe('targets of Consul', () => {
  it('do not wait for a service that may not be read, which comes once it may', async () => {
    const consul = new TestConsul();
    consul.set('/v1/catalog/services', { web: [], db: [] }, 10);
    consul.set('/v1/health/service/web', [WEB], 10);
    consul.set('/v1/health/service/db', [DB], 9);
    consul.refuses = 'service/db';
    const world = start(consul);
    await until(() => world.told.length === 1);
    expect(world.told[0]?.map(({ source }) => source)).toEqual(['web']);
    consul.refuses = undefined;
    await untilAdvancing(world, () => world.told.length === 2);
    expect(world.told[1]?.map(({ source }) => source)).toEqual(['db']);
  });

  it('are not told of while no service may be read', async () => {
    const consul = new TestConsul();
    consul.set('/v1/health/service/web', [WEB], 10);
    consul.refuses = 'service/web';
    const world = start(consul, { services: ['web'] });
    await until(() => world.counters.consul.failures > 0);
    expect(world.told).toEqual([]);
    consul.refuses = undefined;
    await untilAdvancing(world, () => world.told.length === 1);
    expect(world.told[0]?.map(({ source }) => source)).toEqual(['web']);
  });

  it('are those of the named services that a filter of the catalog lets through', async () => {
    const consul = new TestConsul();
    consul.set('/v1/catalog/services', { web: [] }, 10);
    consul.set('/v1/health/service/web', [WEB], 10);
    consul.set('/v1/health/service/db', [DB], 9);
    const world = start(consul, { services: ['web', 'db'], filter: '"prod" in ServiceTags' });
    await until(() => world.told.length === 1);
    expect(world.told[0]?.map(({ source }) => source)).toEqual(['web']);
    expect(consul.asked[0]?.url.searchParams.get('filter')).toBe('"prod" in ServiceTags');
  });

  it('have the labels of Prometheus, and come first all together', async () => {
    const consul = new TestConsul();
    consul.set('/v1/catalog/services', { web: ['prod', 'v2'], db: [] }, 10);
    consul.set('/v1/health/service/web', [WEB], 10);
    consul.set('/v1/health/service/db', [DB], 9);
    const world = start(consul);
    await until(() => world.told.length === 1);
    expect(world.told[0]?.toSorted((a, b) => (a.source < b.source ? -1 : 1))).toEqual([
      {
        source: 'db',
        labels: { __meta_consul_service: 'db' },
        targets: [
          {
            __address__: '10.0.0.2:5432',
            __meta_consul_address: '10.0.0.2',
            __meta_consul_dc: 'dc1',
            __meta_consul_health: 'maintenance',
            __meta_consul_namespace: '',
            __meta_consul_node: 'node-2',
            __meta_consul_partition: '',
            __meta_consul_service_address: '',
            __meta_consul_service_id: 'db',
            __meta_consul_service_port: '5432',
            __meta_consul_tags: ',,',
          },
        ],
      },
      {
        source: 'web',
        labels: { __meta_consul_service: 'web' },
        targets: [
          {
            __address__: '10.0.0.9:8080',
            __meta_consul_address: '10.0.0.1',
            __meta_consul_dc: 'dc1',
            __meta_consul_health: 'warning',
            __meta_consul_metadata_consul_version: '1.20.1',
            __meta_consul_namespace: '',
            __meta_consul_node: 'node-1',
            __meta_consul_partition: '',
            __meta_consul_service_address: '10.0.0.9',
            __meta_consul_service_id: 'web-1',
            __meta_consul_service_metadata_team: 'shop',
            __meta_consul_service_port: '8080',
            __meta_consul_tagged_address_lan: '10.0.0.1',
            __meta_consul_tagged_address_wan_ipv4: '192.0.2.1',
            __meta_consul_tags: ',prod,v2,',
          },
        ],
      },
    ]);
  });

  it('follow the services that come and go', async () => {
    const consul = new TestConsul();
    consul.set('/v1/catalog/services', {}, 1);
    const world = start(consul);
    await until(() => world.told.length === 1);
    expect(world.told[0]).toEqual([]);
    consul.set('/v1/health/service/web', [WEB], 2);
    consul.set('/v1/catalog/services', { web: [] }, 2);
    await untilAdvancing(world, () => world.targets.web !== undefined);
    consul.set('/v1/health/service/web', [], 3);
    await untilAdvancing(world, () => world.targets.web === undefined);
    consul.set('/v1/health/service/web', [WEB], 4);
    await untilAdvancing(world, () => world.targets.web !== undefined);
    consul.set('/v1/catalog/services', {}, 5);
    await untilAdvancing(world, () => world.targets.web === undefined);
    await world.end();
    expect(consul.isClosed).toBe(true);
  });

  it('are those of named services without a look at the catalog, and with the options of the configuration', async () => {
    const consul = new TestConsul();
    consul.set('/v1/health/service/web', [WEB], 1);
    const world = start(consul, {
      services: ['web'],
      token: 's3cret',
      datacenter: 'dc1',
      namespace: 'team',
      partition: 'p',
      nodeMeta: { rack: 'a' },
      healthFilter: 'Service.Port > 1',
    });
    await until(() => world.told.length === 1);
    expect(consul.asked.map(({ url }) => url.pathname)).not.toContain('/v1/catalog/services');
    expect(Object.fromEntries(consul.asked[0]?.url.searchParams ?? [])).toEqual({
      index: '0',
      wait: '120000ms',
      filter: 'Service.Port > 1',
      dc: 'dc1',
      ns: 'team',
      partition: 'p',
      stale: '',
      'node-meta': 'rack:a',
    });
    expect(consul.asked[0]?.headers).toMatchObject({ 'x-consul-token': 's3cret' });
  });

  it('have all the tags that are asked for', async () => {
    const consul = new TestConsul();
    consul.set('/v1/catalog/services', { web: ['prod', 'v2'], old: ['prod'] }, 1);
    consul.set('/v1/health/service/web', [WEB], 1);
    const world = start(consul, { tags: ['prod', 'v2'] });
    await until(() => world.told.length === 1);
    expect(world.targets).toEqual({ web: ['10.0.0.9:8080'] });
    expect(consul.asked.at(-1)?.url.searchParams.getAll('tag')).toEqual(['prod', 'v2']);
  });

  it('stay while Consul cannot be asked, and a new Consul is heard', async () => {
    const consul = new TestConsul();
    consul.set('/v1/health/service/web', [WEB], 100);
    const world = start(consul, { services: ['web'] });
    await until(() => world.told.length === 1);
    consul.fails = true;
    consul.set('/v1/health/service/web', [WEB], 101);
    await untilAdvancing(world, () => world.counters.consul.failures > 1);
    expect(world.targets).toEqual({ web: ['10.0.0.9:8080'] });
    consul.fails = false;
    await untilAdvancing(world, () => world.counters.consul.updates === 2);
  });
});
