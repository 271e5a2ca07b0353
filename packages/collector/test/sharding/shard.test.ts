import { LabelSet } from '@vigie/promql/labels/label-set';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { targetHash } from '../../src/scrape/scrape-offset.ts';
import { groupsOfShard, shardOf } from '../../src/sharding/shard.ts';

/** As they are in a cluster: addresses that follow one another. */
const HASHES = Array.from({ length: 4000 }, (_, index) => {
  const instance = `10.0.${index >> 8}.${index & 255}:8080`;
  return targetHash(LabelSet.of({ job: 'pods', instance, pod: `web-${index}` }), `http://${instance}/metrics`);
});
const hashes = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const counts = fc.integer({ min: 1, max: 200 });
const SEEDED = { seed: 7, numRuns: 2000 };

describe('the shard of a target', () => {
  it('is one of those there are, and the same wherever it is asked for', () => {
    fc.assert(
      fc.property(hashes, counts, (hash, shards) => {
        const shard = shardOf(hash, shards);
        return Number.isInteger(shard) && shard >= 0 && shard < shards && shard === shardOf(hash, shards);
      }),
      SEEDED,
    );
  });

  it('stays the same with one shard more, or is the new one', () => {
    fc.assert(
      fc.property(hashes, counts, (hash, shards) => {
        const after = shardOf(hash, shards + 1);
        return after === shardOf(hash, shards) || after === shards;
      }),
      SEEDED,
    );
  });

  it.each([2, 3, 5, 16])('has as many targets as every other of %d, and moves no more than its part', (shards) => {
    const perShard = new Array<number>(shards).fill(0);
    let moved = 0;
    for (const hash of HASHES) {
      const shard = shardOf(hash, shards);
      perShard[shard] = (perShard[shard] ?? 0) + 1;
      if (shardOf(hash, shards + 1) !== shard) moved++;
    }
    const fair = HASHES.length / shards;
    // Four standard deviations of a fair choice.
    const slack = 4 * Math.sqrt(fair);
    for (const count of perShard) expect(Math.abs(count - fair)).toBeLessThan(slack);
    expect(moved).toBeLessThan(HASHES.length / (shards + 1) + 4 * Math.sqrt(HASHES.length / (shards + 1)));
  });
});

it('gives every group of rules to one shard', () => {
  const groups = Array.from({ length: 100 }, (_, index) => ({
    name: `group ${index}`,
    file: 'rules.yml',
    intervalMs: undefined,
    queryOffsetMs: undefined,
    evalOffsetMs: undefined,
    concurrency: 1,
    extras: undefined,
    limit: 0,
    rules: [],
    warnings: [],
  }));
  const shards = 3;
  const given = [0, 1, 2].flatMap((shard) => groupsOfShard(groups, { shards, shard }));
  expect(given.map(({ name }) => name).sort()).toEqual(groups.map(({ name }) => name).sort());
  for (const shard of [0, 1, 2]) expect(groupsOfShard(groups, { shards, shard }).length).toBeGreaterThan(15);
});
