import { expect, it } from 'vitest';
import { StaticDiscovery } from '../../src/discovery/static-discovery.ts';
import { DiscoveryWorld } from './world.ts';

it('tells once of all groups, and ends with the signal', async () => {
  const world = new DiscoveryWorld();
  const groups = [
    { targets: ['a:1', 'b:1'], labels: { env: 'x' } },
    { targets: [], labels: {} },
  ];
  world.run(new StaticDiscovery({ kind: 'static', groups }, world.counters.static));
  expect(world.told).toEqual([
    [
      { source: '0', labels: { env: 'x' }, targets: [{ __address__: 'a:1' }, { __address__: 'b:1' }] },
      { source: '1', labels: {}, targets: [] },
    ],
  ]);
  await world.end();
  expect(world.counters.static.updates).toBe(1);
});
