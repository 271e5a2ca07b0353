import { seededRandom } from '@vigie/core/random';
import { describe, expect, it } from 'vitest';
import { decodeHistograms, encodeHistograms, isStorable, MAX_BUCKETS } from '../../src/chunk/histogram-stream.ts';
import { randomHistogram } from '../random-histogram.ts';

describe('histogram chunks', () => {
  it.each([1, 2, 3, 4])('give back what they were made of, seed %i', (seed) => {
    const random = seededRandom(seed);
    for (let round = 0; round < 200; round++) {
      const layout = Math.floor(random() * 1e9);
      const samples = Array.from({ length: 1 + Math.floor(random() * 40) }, (_, index) => ({
        timestampMs: 1_700_000_000_000 + index * 15_000 + Math.floor(random() * 100),
        histogram: randomHistogram(seededRandom(layout), random),
      }));
      const stream = encodeHistograms(samples, 2 ** 20);
      expect(decodeHistograms(stream!, samples.length)).toEqual(samples);
    }
  });

  it('refuse to be larger than they may', () => {
    const histogram = randomHistogram(seededRandom(7), seededRandom(8));
    expect(encodeHistograms([{ timestampMs: 0, histogram }], 10)).toBeUndefined();
  });

  it('hold the largest histogram that is storable, whatever its numbers are', () => {
    const spans = Array.from({ length: MAX_BUCKETS }, () => ({ offset: 2 ** 31, length: 1 }));
    const histogram = {
      ...randomHistogram(seededRandom(7), seededRandom(8)),
      positiveSpans: spans,
      negativeSpans: spans.map(({ offset }) => ({ offset, length: 0 })),
      positiveBuckets: spans.map((_, index) => Math.PI * index),
      negativeBuckets: [],
      customValues: spans.map((_, index) => Math.E * index),
    };
    expect(isStorable(histogram)).toBe(true);
    const stream = encodeHistograms([{ timestampMs: 1, histogram }], 64 * 1024 - 40);
    expect(decodeHistograms(stream!, 1)).toEqual([{ timestampMs: 1, histogram }]);
  });

  it.each([
    ['fewer buckets than its spans say', { positiveBuckets: [1] }],
    [
      'an offset before the span before it',
      {
        positiveSpans: [
          { offset: 0, length: 1 },
          { offset: -1, length: 1 },
        ],
      },
    ],
    [
      'a length that is no number of buckets',
      {
        positiveSpans: [
          { offset: 0, length: 1.5 },
          { offset: 0, length: 0.5 },
        ],
      },
    ],
    ['a schema that is none', { schema: 1.5 }],
  ])('are not made of a histogram with %s', (_, change) => {
    const sound = {
      ...randomHistogram(seededRandom(1), seededRandom(2)),
      positiveSpans: [{ offset: 0, length: 2 }],
      positiveBuckets: [1, 2],
    };
    expect(isStorable(sound)).toBe(true);
    expect(isStorable({ ...sound, ...change })).toBe(false);
  });
});
