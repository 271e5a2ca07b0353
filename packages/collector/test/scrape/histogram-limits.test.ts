/** The first two tables are those of Prometheus: scrape/target_test.go, scrape/scrape_test.go. */
import { seededRandom } from '@vigie/core/random';
import type { NativeHistogram } from '@vigie/wire/native-histogram';
import { describe, expect, it } from 'vitest';
import { NO_HISTOGRAM_LIMITS, schemaOfFactor, withinLimits } from '../../src/scrape/histogram-limits.ts';

function histogram(parts: Partial<NativeHistogram>): NativeHistogram {
  return {
    ...{ isFloat: false, schema: 0, zeroThreshold: 0.001, zeroCount: 3, count: 21, sum: 33, resetHint: 'unknown' },
    ...{ positiveSpans: [], positiveCounts: [], negativeSpans: [], negativeCounts: [], customValues: [] },
    isStale: false,
    ...parts,
  };
}

const example = histogram({
  positiveSpans: [{ offset: 0, length: 3 }],
  positiveCounts: [3, 3, 3],
  negativeSpans: [{ offset: 0, length: 3 }],
  negativeCounts: [3, 3, 3],
});
const bigGap = histogram({
  positiveSpans: [
    { offset: 1, length: 1 },
    { offset: 2, length: 1 },
  ],
  positiveCounts: [1, 1],
});
const custom = histogram({
  schema: -53,
  positiveSpans: [{ offset: 0, length: 3 }],
  positiveCounts: [3, 3, 3],
  customValues: [1, 2, 3],
});

describe('a histogram with a limit of buckets', () => {
  it.each([
    ['that no resolution fits', example, 3, undefined],
    ['that a coarser one fits', example, 4, { schema: -1, buckets: 4 }],
    ['within it', example, 10, { schema: 0, buckets: 6 }],
    ['with a wide gap', bigGap, 1, { schema: -2, buckets: 1 }],
    ['of custom buckets beyond it', custom, 2, undefined],
    ['of custom buckets within it', custom, 3, { schema: -53, buckets: 3 }],
  ])('%s', (_title, given, buckets, expected) => {
    const kept = withinLimits(given, { ...NO_HISTOGRAM_LIMITS, buckets });
    const found = kept && { schema: kept.schema, buckets: kept.positiveCounts.length + kept.negativeCounts.length };
    expect(found).toEqual(expected);
  });

  it('does not count buckets that count nothing', () => {
    const sparse = histogram({ positiveSpans: [{ offset: 1, length: 5 }], positiveCounts: [2, 0, 0, 0, 3] });
    expect(withinLimits(sparse, { ...NO_HISTOGRAM_LIMITS, buckets: 2 })).toMatchObject({
      schema: 0,
      positiveSpans: [
        { offset: 1, length: 1 },
        { offset: 3, length: 1 },
      ],
      positiveCounts: [2, 3],
    });
  });

  it.each([
    [2, false, 4, undefined],
    [2, false, 5, 'kept'],
    [3, false, 3, 'kept'],
    [2, true, 3, 'kept'],
  ])('counts a gap of %d custom buckets as Prometheus has it, floats: %s, limit %d', (gap, isFloat, buckets, kept) => {
    const spans = [
      { offset: 0, length: 2 },
      { offset: gap, length: 1 },
    ];
    const given = { ...custom, isFloat, positiveSpans: spans, customValues: [1, 2, 3, 4, 5, 6] };
    expect(withinLimits(given, { ...NO_HISTOGRAM_LIMITS, buckets })).toBe(kept && given);
  });
});

describe('a histogram with a finest resolution', () => {
  it.each([
    ['made coarser', example, -1, -1],
    ['of that resolution', example, 0, 0],
    ['coarser already', example, 3, 0],
    ['of custom buckets', custom, -1, -53],
    ['of a schema that may come to be', histogram({ schema: 52 }), 7, 7],
    ['of a schema that is none', histogram({ schema: 53 }), 7, 53],
  ])('%s', (_title, given, maxSchema, expected) => {
    expect(withinLimits(given, { buckets: undefined, maxSchema })?.schema).toBe(expected);
  });

  it.each([
    [65536, -4],
    [256, -3],
    [16, -2],
    [4, -1],
    [2, 0],
    [1.4, 1],
    [1.1, 2],
    [1.09, 3],
    [1.04, 4],
    [1.02, 5],
    [1.01, 6],
    [1.005, 7],
    [1.002, 8],
    [0, 8],
    [1e300, -4],
  ])('of the factor %d has the schema %d', (factor, schema) => {
    expect(schemaOfFactor(factor)).toBe(schema);
  });
});

describe('a histogram that is none', () => {
  it('is left to be refused for that, and one that ends its series is left too', () => {
    const limits = { buckets: 1, maxSchema: 0 };
    const backwards = histogram({
      schema: 3,
      positiveSpans: [
        { offset: 5, length: 1 },
        { offset: -4, length: 1 },
      ],
      positiveCounts: [1, 1],
    });
    const stale = { ...example, isStale: true };
    expect(withinLimits(backwards, limits)).toBe(backwards);
    expect(withinLimits(stale, limits)).toBe(stale);
  });
});

it('has each count in the bucket that holds the observation, seeds 0 to 199', () => {
  for (let seed = 0; seed < 200; seed++) {
    const random = seededRandom(seed);
    const spans = Array.from({ length: 1 + Math.floor(random() * 5) }, (_, at) => ({
      offset: Math.floor(random() * 9) - (at === 0 ? 20 : 0),
      length: Math.floor(random() * 6),
    }));
    const counts = spans.flatMap(({ length }) => Array.from({ length }, () => Math.floor(random() * 4)));
    const schema = Math.floor(random() * 13) - 4;
    const maxSchema = Math.max(-4, schema - Math.floor(random() * 4));
    const fine = histogram({ schema, negativeSpans: spans, negativeCounts: counts });
    const coarse = withinLimits(fine, { buckets: undefined, maxSchema: Math.min(7, maxSchema) });
    if (coarse === undefined) throw new Error(`seed ${seed}: refused`);
    const width = 2 ** (fine.schema - coarse.schema);
    const expected = new Map<number, number>();
    for (const [index, count] of byIndex(fine.negativeSpans, fine.negativeCounts)) {
      if (count === 0 && width > 1) continue;
      const target = Math.ceil(index / width);
      expected.set(target, (expected.get(target) ?? 0) + count);
    }
    expect([seed, ...byIndex(coarse.negativeSpans, coarse.negativeCounts)]).toEqual([seed, ...expected]);
  }
});

function byIndex(spans: NativeHistogram['negativeSpans'], counts: readonly number[]): readonly [number, number][] {
  let [index, at] = [0, 0];
  return spans.flatMap(({ offset, length }) => {
    index += offset;
    return Array.from({ length }, (): [number, number] => [index++, counts[at++] ?? Number.NaN]);
  });
}
