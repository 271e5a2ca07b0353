import { describe, expect, it } from 'vitest';
import { planShards } from '../../src/ha/shard-plan.ts';

const owners = (text: string): readonly (string | undefined)[] =>
  [...text].map((owner) => (owner === '-' ? undefined : owner));

describe('a plan of shards', () => {
  it.each([
    ['takes all where nobody else is', '----', 'a', 'a', { take: [0, 1, 2, 3], spare: [], release: undefined }],
    ['takes its fair share of what is free, and leaves the rest', '----', 'ab', 'a', { take: [0, 1], spare: [2, 3] }],
    ['begins elsewhere than the others', '----', 'ab', 'b', { take: [2, 3], spare: [0, 1] }],
    ['takes what a dead one had', 'aa--', 'ab', 'b', { take: [3, 2], spare: [] }],
    ['leaves what is left over to those who have less', 'aab-', 'ab', 'a', { take: [], spare: [3] }],
    [
      'leaves what is left over of even shares to those who have least',
      'abc--',
      'abcd',
      'a',
      { take: [], spare: [3, 4] },
    ],
    ['takes what is left over where it has least', 'abc--', 'abcd', 'd', { take: [4, 3], spare: [] }],
    ['gives one away where another has two less', 'aaab', 'ab', 'a', { take: [], spare: [], release: 2 }],
    ['gives nothing away while something is free', 'aaa-', 'ab', 'a', { take: [], spare: [3], release: undefined }],
    ['gives nothing away where that would change nothing', 'aab', 'ab', 'a', { release: undefined }],
    ['leaves giving to whoever has most', 'aabbb', 'abc', 'a', { release: undefined }],
    ['keeps one shard where it is', 'a', 'ab', 'b', { take: [], spare: [], release: undefined }],
  ])('%s', (_title, owned, alive, self, expected) => {
    expect(planShards(owners(owned), [...alive], self)).toMatchObject(expected);
  });

  it('leaves to others what this replica has given away, and counts it as free', () => {
    expect(planShards(owners('ab--'), ['a', 'b'], 'a', new Set([3]))).toEqual({
      take: [2],
      spare: [],
      release: undefined,
    });
  });
});
