import { describe, expect, it } from 'vitest';
import { ShardCount } from '../../src/remote-write/shard-count.ts';

const BOUNDS = { minShards: 1, maxShards: 50 };

describe('the number of shards', () => {
  it.each([
    ['as many as one sender keeps up with', { read: 10_000, sent: 10_000, sendMs: 5_000, behindSeconds: 0 }, 1, 1],
    ['more where requests take long', { read: 10_000, sent: 10_000, sendMs: 50_000, behindSeconds: 0 }, 1, 5],
    ['more to catch up with what is behind', { read: 10_000, sent: 10_000, sendMs: 9_000, behindSeconds: 100 }, 1, 6],
    ['no change for less than a third', { read: 10_000, sent: 10_000, sendMs: 55_000, behindSeconds: 0 }, 5, 5],
    ['fewer where little comes', { read: 1_000, sent: 1_000, sendMs: 5_000, behindSeconds: 0 }, 8, 1],
    ['not fewer while it is behind', { read: 1_000, sent: 1_000, sendMs: 5_000, behindSeconds: 11 }, 8, 8],
    ['no change while nothing is sent', { read: 1_000, sent: 0, sendMs: 5_000, behindSeconds: 11 }, 8, 8],
    ['at most so many', { read: 1e6, sent: 1e6, sendMs: 5e6, behindSeconds: 0 }, 8, 50],
  ])('%s', (_title, load, shards, expected) => {
    expect(new ShardCount(BOUNDS, shards).next(load, shards, 10_000)).toBe(expected);
  });
});
