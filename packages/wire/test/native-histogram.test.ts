import { describe, expect, it } from 'vitest';
import { histogramFlaw, type NativeHistogram } from '../src/native-histogram.ts';

const SOUND: NativeHistogram = {
  isFloat: false,
  schema: 0,
  zeroThreshold: 0.1,
  zeroCount: 1,
  count: 4,
  sum: 3,
  positiveSpans: [
    { offset: -2, length: 1 },
    { offset: 1, length: 1 },
  ],
  positiveCounts: [1, 2],
  negativeSpans: [],
  negativeCounts: [],
  customValues: [],
  resetHint: 'unknown',
  isStale: false,
};
const CUSTOM = {
  schema: -53,
  zeroCount: 0,
  zeroThreshold: 0,
  count: 3,
  customValues: [1, 2],
  positiveSpans: [{ offset: 0, length: 2 }],
};

describe('a native histogram', () => {
  it.each<readonly [string, Partial<NativeHistogram>]>([
    ['that adds up', {}],
    ['of custom buckets', CUSTOM],
    ['that is stale', { isStale: true, count: 0 }],
    ['with NaN among its observations', { sum: Number.NaN, count: 5 }],
    ['of floats, which never add up to the bit', { isFloat: true, count: 4.1 }],
  ])('%s has no flaw', (_, change) => {
    expect(histogramFlaw({ ...SOUND, ...change })).toBeUndefined();
  });

  it.each<readonly [Partial<NativeHistogram>, string]>([
    [{ count: 5 }, '4 observations found in buckets, but the Count field is 5: '],
    [{ count: 3, sum: Number.NaN }, "histogram's observation count should be at least"],
    [{ positiveCounts: [-1, 4] }, 'bucket with observation count of -1'],
    [{ zeroCount: -1 }, 'zero bucket has observation count of -1'],
    [{ isFloat: true, count: -1 }, 'observation count of -1'],
    [{ schema: 9 }, 'invalid histogram schema 9'],
    [{ customValues: [1] }, 'histogram with exponential schema must not have custom bounds'],
    [
      {
        negativeSpans: [
          { offset: 1, length: 0 },
          { offset: -1, length: 0 },
        ],
      },
      'negative side: span number 2 with offset -1',
    ],
    [{ ...CUSTOM, customValues: [2, 1] }, 'custom buckets: histogram custom bounds must be finite'],
    [{ ...CUSTOM, customValues: [] }, 'custom buckets: only 0 custom bounds defined'],
    [{ ...CUSTOM, zeroCount: 1 }, 'custom buckets: must have zero count of 0'],
    [{ ...CUSTOM, zeroThreshold: 1 }, 'custom buckets: must have zero threshold of 0'],
    [{ ...CUSTOM, negativeCounts: [1] }, 'custom buckets: must not have negative buckets'],
    [
      { ...CUSTOM, positiveSpans: [{ offset: -1, length: 2 }] },
      'custom buckets: histogram has a span whose offset is negative',
    ],
  ])('%j has the flaw that Prometheus names', (change, text) => {
    expect(histogramFlaw({ ...SOUND, ...change })).toContain(text);
  });
});
