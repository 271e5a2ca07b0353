import { DEFAULT_HTTP_CLIENT } from '@vigie/core/config/http-client-config';
import { seededRandom } from '@vigie/core/random';
import { expect, it } from 'vitest';
import { SharedWatches } from '../../src/cluster/shared-watches.ts';
import { createDiscovery } from '../../src/discovery/create-discovery.ts';
import type { DiscoveryConfig } from '../../src/discovery/discovery-config.ts';
import type { DiscoveryClient } from '../../src/discovery/http-discovery.ts';
import { systemFiles } from '../../src/discovery/system-files.ts';
import { systemResolver } from '../../src/discovery/system-resolver.ts';
import { DiscoveryWorld, until } from './world.ts';

const client = DEFAULT_HTTP_CLIENT;

/** Answers nothing but empty lists. */
const emptyClient: DiscoveryClient = {
  get: () =>
    Promise.resolve({
      status: 200,
      headers: { 'content-type': 'application/json', 'x-consul-index': '1' },
      body: '[]',
    }),
  close: () => undefined,
};

it.each<DiscoveryConfig>([
  { kind: 'static', groups: [] },
  { kind: 'file', files: ['/nowhere/*.yml'], refreshIntervalMs: 1000 },
  { kind: 'http', url: 'http://sd.example/', refreshIntervalMs: 1000, client },
  { kind: 'dns', names: [], type: 'A', port: 1, refreshIntervalMs: 1000 },
  {
    kind: 'consul',
    server: 'http://consul.example',
    token: '',
    datacenter: '',
    namespace: '',
    partition: '',
    tagSeparator: ',',
    services: ['web'],
    tags: [],
    nodeMeta: {},
    filter: '',
    healthFilter: '',
    allowStale: true,
    refreshIntervalMs: 1000,
    client,
  },
])('runs what a configuration of $kind asks for, until it is told to end', async (config) => {
  const world = new DiscoveryWorld();
  const { clock, log, counters } = world;
  const watches = new SharedWatches({ clock, log, random: seededRandom(1), env: {}, userAgent: 'vigie/test' });
  const resolver = systemResolver();
  const deps = { clock, log, counters, files: systemFiles, resolver, openClient: () => emptyClient, watches };
  world.run(createDiscovery(config, deps));
  await until(() => world.told.length === 1);
  expect(world.targets).toEqual({});
  expect(counters[config.kind].updates).toBe(1);
  await world.end();
});
