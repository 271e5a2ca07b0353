import { describe, expect, it } from 'vitest';
import { nativeOfClassic } from '../../src/histogram/from-classic.ts';

const classic = (buckets: readonly (readonly [number, number])[], count?: number) => ({
  buckets: new Map(buckets),
  count,
  sum: 7,
});

describe('a native histogram of a classic one', () => {
  it('has the bounds for custom values, and the counts between them', () => {
    expect(
      nativeOfClassic(
        classic([
          [1, 3],
          [0.5, 1],
          [2, 3],
          [Number.POSITIVE_INFINITY, 6],
        ]),
      ),
    ).toMatchObject({
      schema: -53,
      count: 6,
      sum: 7,
      customValues: [0.5, 1, 2],
      positiveSpans: [
        { offset: 0, length: 2 },
        { offset: 1, length: 1 },
      ],
      positiveBuckets: [1, 2, 3],
    });
  });

  it.each([
    ['the last bucket for its count', classic([[1, 3]]), { count: 3, positiveBuckets: [3] }],
    ['its count for the last bucket', classic([[1, 3]], 5), { count: 5, positiveBuckets: [3, 2] }],
    ['no buckets but that of all', classic([], 4), { count: 4, customValues: [], positiveBuckets: [4] }],
    ['counts that are no whole numbers', classic([[1, 0.5]], 2), { count: 2, positiveBuckets: [0.5, 1.5] }],
  ])('has %s', (_what, written, expected) => {
    expect(nativeOfClassic(written)).toMatchObject(expected);
  });

  const infinity = Number.POSITIVE_INFINITY;
  it.each([
    ['no count at all', classic([])],
    [
      'counts that fall',
      classic(
        [
          [1, 3],
          [2, 2],
        ],
        5,
      ),
    ],
    ['a negative count', classic([[1, -1]], 5)],
    [
      'another count than that of all',
      classic(
        [
          [1, 1],
          [infinity, 4],
        ],
        5,
      ),
    ],
    ['what is no number', classic([[1, Number.NaN]], 5)],
  ])('is none of %s', (_what, written) => {
    expect(nativeOfClassic(written)).toBeUndefined();
  });
});
