import { describe, expect, it } from 'vitest';
import { load, problemsOf } from './written-config.ts';

describe('sharding', () => {
  const remote = "engine: { remote: { url: 'http://mimir' } }";

  it.each([
    ['{ shards: 3, shard: 2 }', {}, { shards: 3, shard: 2 }],
    ['{ shards: 3 }', { POD_NAME: 'vigie-collector-1' }, { shards: 3, shard: 1 }],
    ['{ shards: 3 }', { HOSTNAME: 'vigie-collector-0' }, { shards: 3, shard: 0 }],
    ['{ shards: 3, shard: "${SHARD}" }', { SHARD: '1', POD_NAME: 'vigie-collector-2' }, { shards: 3, shard: 1 }],
  ])('%s with %j', async (section, variables, sharding) => {
    expect((await load(`sharding: ${section}\n${remote}`, {}, variables)).config.sharding).toEqual(sharding);
  });

  it('is refused in front of the embedded engine, which has a part of the samples', async () => {
    expect(await problemsOf('sharding: { shards: 3, shard: 0 }')).toEqual([
      'prometheus.yml:1:1: sharding: expected engine.remote beside it: a shard has a part of the samples, and alone would answer queries and HPAs wrongly, got "sharding"',
    ]);
  });

  it.each([
    ['{ shards: 3 }', 'sharding: expected shard, or a pod of a StatefulSet'],
    ['{ shard: 0 }', 'sharding.shards: expected how many there are, from 1 to 1000'],
    ['{ shards: 3, shard: 3 }', 'sharding.shard: expected a shard from 0 to 2'],
    ['{ shards: 0, shard: 0 }', 'sharding.shards: expected how many'],
  ])('says what is wrong with %s', async (section, problem) => {
    expect(await problemsOf(`sharding: ${section}\n${remote}`)).toEqual([expect.stringContaining(problem)]);
  });

  it('says that a pod is one too many', async () => {
    const loading = load(`sharding: { shards: 2 }\n${remote}`, {}, { POD_NAME: 'vigie-collector-2' });
    await expect(loading).rejects.toThrow('sharding: expected a shard from 0 to 1, where the name of the pod says 2');
  });
});
