import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonHistogram } from '../../src/api/json-text.ts';
import type { Histogram, Span } from '../../src/histogram/histogram.ts';
import { decodeHistogram } from '../../src/remote/decode-histogram.ts';

const side = fc
  .array(
    fc.tuple(fc.integer({ min: 0, max: 5 }), fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 })),
    {
      maxLength: 3,
    },
  )
  .map((parts) => ({
    spans: parts.map(([offset, counts]): Span => ({ offset, length: counts.length })),
    buckets: parts.flatMap(([, counts]) => counts),
  }));

const exponential = fc
  .record({
    schema: fc.integer({ min: -4, max: 8 }),
    start: fc.integer({ min: -30, max: 30 }),
    zeroThreshold: fc.constantFrom(0, 0.001, 0.5, 1.3),
    zeroCount: fc.integer({ min: 0, max: 3 }),
    sum: fc.double(),
    positive: side,
    negative: side,
  })
  .map(({ schema, start, zeroThreshold, zeroCount, sum, positive, negative }): Histogram => {
    const [first, ...others] = positive.spans;
    return {
      counterResetHint: 'unknown',
      schema,
      zeroThreshold,
      zeroCount,
      count: 12.5,
      sum,
      positiveSpans: first === undefined ? [] : [{ ...first, offset: start + first.offset }, ...others],
      positiveBuckets: positive.buckets,
      negativeSpans: negative.spans,
      negativeBuckets: negative.buckets,
      customValues: [],
    };
  });

const custom = fc
  .tuple(
    fc.uniqueArray(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: 1, maxLength: 5 }),
    fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 6, maxLength: 6 }),
  )
  .map(([bounds, counts]): Histogram => {
    const customValues = [...bounds].sort((a, b) => a - b);
    return {
      counterResetHint: 'unknown',
      schema: -53,
      zeroThreshold: 0,
      zeroCount: 0,
      count: 7,
      sum: 3,
      positiveSpans: [{ offset: 0, length: customValues.length + 1 }],
      positiveBuckets: counts.slice(0, customValues.length + 1),
      negativeSpans: [],
      negativeBuckets: [],
      customValues,
    };
  });

describe('a histogram from JSON', () => {
  it.each([
    ['exponential', exponential],
    ['custom', custom],
  ])('of %s buckets is written as it was read', (_, histograms) => {
    fc.assert(
      fc.property(histograms, (histogram) => {
        const json = jsonHistogram(histogram);
        const decoded = decodeHistogram(JSON.parse(json));
        expect(decoded && jsonHistogram(decoded)).toBe(json);
      }),
      { seed: 20261129, numRuns: 500 },
    );
  });

  it.each([
    [{}],
    ['x'],
    [{ count: 1, sum: '2' }],
    [{ count: '1', sum: 'x' }],
    [{ count: '1', sum: '2', buckets: [[0, '1', '2']] }],
    [
      {
        count: '1',
        sum: '2',
        buckets: [
          [3, '-1', '1', '1'],
          [0, '2', '3.1', '1'],
        ],
      },
    ],
  ])('is none from %j', (value) => {
    expect(decodeHistogram(value)).toBeUndefined();
  });
});
