import { DEFAULT_HTTP_CLIENT } from '@vigie/core/config/http-client-config';
import { describe, expect, it } from 'vitest';
import type { DiscoveryAnswer, DiscoveryClient, DiscoveryRequest } from '../../src/discovery/http-discovery.ts';
import { HttpSource } from '../../src/discovery/http-discovery.ts';
import { RefreshedDiscovery } from '../../src/discovery/refreshed-discovery.ts';
import { DiscoveryWorld, until } from './world.ts';

const URL_OF_LIST = 'http://sd.example/targets';

function answering(answers: readonly (Partial<DiscoveryAnswer> | Error)[]) {
  const asked: DiscoveryRequest[] = [];
  const left = [...answers];
  const client: DiscoveryClient & { isClosed: boolean } = {
    isClosed: false,
    get(request) {
      asked.push(request);
      const answer = left.shift() ?? new Error('no more answers');
      if (answer instanceof Error) return Promise.reject(answer);
      return Promise.resolve({ status: 200, headers: { 'content-type': 'application/json' }, body: '[]', ...answer });
    },
    close() {
      this.isClosed = true;
    },
  };
  const world = new DiscoveryWorld();
  const config = { kind: 'http', url: URL_OF_LIST, refreshIntervalMs: 60_000, client: DEFAULT_HTTP_CLIENT } as const;
  const { clock, log, counters } = world;
  world.run(new RefreshedDiscovery(new HttpSource(config, client), { clock, log, counts: counters.http }));
  const next = async (): Promise<void> => {
    await until(() => clock.pendingTimers === 1);
    await clock.advance(60_000);
  };
  return { world, asked, client, next };
}

describe('targets that a server lists', () => {
  it('are asked for each interval, and told where they change', async () => {
    const { world, asked, next } = answering([
      { body: '[{"targets":["a:1"],"labels":{"x":"y"}},{"targets":["b:1"]}]' },
      { body: '[{"targets":["a:2"],"labels":{"x":"y"}}]' },
    ]);
    await next();
    await until(() => world.told.length === 2);
    expect(world.told).toEqual([
      [
        { source: `${URL_OF_LIST}:0`, labels: { x: 'y', __meta_url: URL_OF_LIST }, targets: [{ __address__: 'a:1' }] },
        { source: `${URL_OF_LIST}:1`, labels: { __meta_url: URL_OF_LIST }, targets: [{ __address__: 'b:1' }] },
      ],
      [
        { source: `${URL_OF_LIST}:0`, labels: { x: 'y', __meta_url: URL_OF_LIST }, targets: [{ __address__: 'a:2' }] },
        { source: `${URL_OF_LIST}:1`, labels: {}, targets: [] },
      ],
    ]);
    expect(asked[0]).toMatchObject({
      headers: { accept: 'application/json', 'x-prometheus-refresh-interval-seconds': '60' },
      timeoutMs: 60_000,
    });
  });

  it.each<[string, Partial<DiscoveryAnswer> | Error]>([
    ['of another status', { status: 500 }],
    ['of another type', { headers: { 'content-type': 'text/html' } }],
    ['that is no JSON', { body: '[' }],
    ['that is no list of groups', { body: '[{"targets": [1]}]' }],
    ['with a key that there is not', { body: '[{"targets": ["b:1"], "label": {"env": "x"}}]' }],
    ['that does not come', new Error('connect ECONNREFUSED')],
  ])('stay as they were after an answer %s', async (_title, answer) => {
    const { world, next } = answering([{ body: '[{"targets":["a:1"]}]' }, answer]);
    await next();
    await until(() => world.clock.pendingTimers === 1);
    expect(world.targets).toEqual({ [`${URL_OF_LIST}:0`]: ['a:1'] });
    expect(world.counters.http.failures).toBe(1);
  });

  it('are those of a server that writes keys as Go does, and none where its list is null', async () => {
    const { world, next } = answering([{ body: '[{"Targets":["a:1"],"Labels":{"env":"x"}}]' }, { body: 'null' }]);
    await until(() => world.told.length === 1);
    expect(world.told[0]).toMatchObject([{ labels: { env: 'x' }, targets: [{ __address__: 'a:1' }] }]);
    await next();
    await until(() => world.told.length === 2);
    expect(world.targets).toEqual({});
  });

  it('give their connections back in the end', async () => {
    const { world, client } = answering([{}]);
    await until(() => world.told.length === 1);
    expect(world.told[0]).toEqual([]);
    await world.end();
    expect(client.isClosed).toBe(true);
  });
});
