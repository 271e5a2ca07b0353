import { describe, expect, it } from 'vitest';
import { equalHistograms } from '../../src/histogram/compare.ts';
import type { Histogram } from '../../src/histogram/histogram.ts';

const HISTOGRAM: Histogram = {
  counterResetHint: 'unknown',
  schema: 0,
  zeroThreshold: 0.001,
  zeroCount: 0,
  count: 3,
  sum: 0,
  positiveSpans: [
    { offset: 1, length: 1 },
    { offset: 1, length: 1 },
  ],
  positiveBuckets: [1, 2],
  negativeSpans: [],
  negativeBuckets: [],
  customValues: [],
};

describe('histograms are equal', () => {
  it('with empty buckets and spans that are cut otherwise, and whatever their hint', () => {
    const spans = [
      { offset: 0, length: 3 },
      { offset: 0, length: 2 },
    ];
    const wider: Histogram = { ...HISTOGRAM, positiveSpans: spans, positiveBuckets: [0, 1, 0, 2, 0] };
    expect(equalHistograms(HISTOGRAM, { ...wider, counterResetHint: 'gauge' })).toBe(true);
    expect(equalHistograms(HISTOGRAM, { ...wider, positiveBuckets: [0, 1, 0, 0, 2] })).toBe(false);
  });

  it('with the same NaN in a count, the sum or a bucket', () => {
    const broken: Histogram = {
      ...HISTOGRAM,
      count: Number.NaN,
      sum: Number.NaN,
      positiveBuckets: [1, Number.NaN],
    };
    expect(equalHistograms(broken, { ...broken })).toBe(true);
    expect(equalHistograms(broken, { ...broken, positiveBuckets: [1, 2] })).toBe(false);
  });

  it.each(['count', 'sum', 'zeroCount'] as const)('with the same sign of a %s that is nothing', (name) => {
    const [plus, minus] = [0, -0].map((nothing) => ({ ...HISTOGRAM, [name]: nothing }));
    expect(equalHistograms(plus!, { ...plus! })).toBe(true);
    expect(equalHistograms(minus!, { ...minus! })).toBe(true);
    expect(equalHistograms(plus!, minus!)).toBe(false);
  });
});
