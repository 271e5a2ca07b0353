/** Cases of prometheus v0.315.0, prometheusremotewrite/histograms_test.go. */
import type { ExponentialPoint } from '@vigie/wire/otlp/metrics';
import { describe, expect, it } from 'vitest';
import { bucketLayout, customBucketsHistogram, exponentialHistogram } from '../../src/otlp/native-buckets.ts';
import { exponentialPoint, histogramPoint } from './points.ts';

const FAR = [4, 2, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];

describe('buckets in a row', () => {
  it.each([
    [[4, 3, 2, 1], 0, 1, [[1, 4]], [4, 3, 2, 1]],
    [[4, 3, 2, 1], 0, 2, [[1, 2]], [7, 3]],
    [[4, 3, 2, 1], 1, 2, [[1, 3]], [4, 5, 1]],
    [[4, 3, 2, 1], 1, 4, [[1, 2]], [9, 1]],
    [
      FAR,
      4,
      1,
      [
        [5, 4],
        [12, 1],
      ],
      [4, 2, 0, 2, 1],
    ],
    [
      FAR,
      4,
      2,
      [
        [3, 2],
        [6, 1],
      ],
      [6, 2, 1],
    ],
    [
      FAR,
      4,
      4,
      [
        [2, 1],
        [3, 1],
      ],
      [8, 1],
    ],
    [
      [3, 1, 0, 0, 0, 1],
      -2,
      1,
      [
        [-1, 2],
        [3, 1],
      ],
      [3, 1, 1],
    ],
    [[3, 1, 0, 0, 0, 1], -2, 2, [[0, 3]], [4, 0, 1]],
    [[3, 1, 0, 0, 0, 1], -2, 4, [[0, 2]], [4, 1]],
    [[0, 0, 3, 4], 0, 2, [[1, 2]], [0, 7]],
    [[], 5, 1, [], []],
  ])('%j from %i on, %i to one, are the spans %j', (buckets, offset, divisor, spans, counts) => {
    expect(bucketLayout(buckets, offset, divisor, 1)).toEqual({
      spans: spans.map(([from, length]) => ({ offset: from, length })),
      counts,
    });
  });
});

describe('an exponential histogram', () => {
  const point: ExponentialPoint = exponentialPoint({
    count: 7,
    zeroCount: 1,
    positive: { offset: 1, counts: [1, 1, 1] },
  });

  it('is a native one of its scale', () => {
    expect(exponentialHistogram({ ...point, scale: 1 })).toMatchObject({
      schema: 1,
      zeroThreshold: 1e-128,
      positiveSpans: [{ offset: 2, length: 3 }],
      positiveCounts: [1, 1, 1],
      resetHint: 'unknown',
    });
  });

  it('is one of scale 8 where its own is finer, and none where it is coarser than any', () => {
    expect(exponentialHistogram({ ...point, scale: 9 })).toMatchObject({ schema: 8, positiveCounts: [1, 2] });
    expect(exponentialHistogram({ ...point, scale: -5 })).toBeUndefined();
  });
});

describe('a histogram with bounds', () => {
  it('has custom buckets, without those in front that are empty', () => {
    const point = histogramPoint({ count: 4, sum: 9, bucketCounts: [0, 3, 0, 1], explicitBounds: [1, 2, 3] });
    expect(customBucketsHistogram(point)).toMatchObject({
      schema: -53,
      count: 4,
      sum: 9,
      zeroThreshold: 0,
      positiveSpans: [{ offset: 1, length: 3 }],
      positiveCounts: [3, 0, 1],
      customValues: [1, 2, 3],
    });
  });
});
