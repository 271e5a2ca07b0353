/** What must hold of any two histograms. */
import { type Random, seededRandom } from '@vigie/core/random';
import { describe, expect, it } from 'vitest';
import { addHistograms, multiplyHistogram, subtractHistograms } from '../../src/histogram/arithmetic.ts';
import { negativeBuckets, positiveBuckets } from '../../src/histogram/bounds.ts';
import { equalHistograms, isReset } from '../../src/histogram/compare.ts';
import { CUSTOM_BUCKETS_SCHEMA, type Histogram } from '../../src/histogram/histogram.ts';
import { histogramFraction, histogramQuantile } from '../../src/histogram/quantile.ts';
import { compact } from '../../src/histogram/sparse.ts';
import { trimHistogram } from '../../src/histogram/trim.ts';

const SEED = 20_261_131;
const ROUNDS = 1000;

/** Counts are whole, so that sums of them are exact. */
function randomHistogram(random: Random, isCustom: boolean): Histogram {
  const counts = (length: number): readonly number[] => Array.from({ length }, () => Math.floor(random() * 5));
  const spans = (count: number, from: number): Histogram['positiveSpans'] =>
    count < 2
      ? [{ offset: from, length: count }]
      : [
          { offset: from, length: 1 },
          { offset: Math.floor(random() * 3), length: count - 1 },
        ];
  const positiveBuckets = counts(isCustom ? 4 : 1 + Math.floor(random() * 4));
  const negativeBuckets = isCustom ? [] : counts(Math.floor(random() * 3));
  const zeroCount = isCustom ? 0 : Math.floor(random() * 3);
  const count = [...positiveBuckets, ...negativeBuckets, zeroCount].reduce((sum, one) => sum + one, 0);
  return {
    counterResetHint: 'unknown',
    schema: isCustom ? CUSTOM_BUCKETS_SCHEMA : Math.floor(random() * 4) - 1,
    zeroThreshold: isCustom ? 0 : [0, 0.001, 0.5, 1][Math.floor(random() * 4)]!,
    zeroCount,
    count,
    sum: Math.floor(random() * 100),
    positiveSpans: isCustom ? [{ offset: 0, length: 4 }] : spans(positiveBuckets.length, Math.floor(random() * 6) - 2),
    negativeSpans: negativeBuckets.length === 0 ? [] : spans(negativeBuckets.length, Math.floor(random() * 3)),
    positiveBuckets,
    negativeBuckets,
    customValues: isCustom ? [1, 3, 5].map((bound) => bound + Math.floor(random() * 2)) : [],
  };
}

function total({ zeroCount, positiveBuckets, negativeBuckets }: Histogram): number {
  return [zeroCount, ...positiveBuckets, ...negativeBuckets].reduce((sum, one) => sum + one, 0);
}

/** Whether sums lose nothing and count nothing twice: no bucket lies within the zero bucket of its own histogram, nor, of
 *  another schema, within that of the other. */
function fitsZero(a: Histogram, b: Histogram): boolean {
  if (a.schema !== b.schema && a.zeroThreshold !== b.zeroThreshold) return false;
  return [a, b].every((one) =>
    [...positiveBuckets(one), ...negativeBuckets(one)].every(
      ({ lower, upper }) => Math.min(Math.abs(lower), Math.abs(upper)) >= one.zeroThreshold,
    ),
  );
}

describe('histograms', () => {
  const pairs = (check: (a: Histogram, b: Histogram, round: number) => void): void => {
    const random = seededRandom(SEED);
    for (let round = 0; round < ROUNDS; round++) {
      const isCustom = round % 2 === 1;
      check(randomHistogram(random, isCustom), randomHistogram(random, isCustom), round);
    }
  };

  it('are added in either order, and no observation is lost', () => {
    pairs((a, b, round) => {
      const ab = addHistograms(a, b)?.histogram;
      const ba = addHistograms(b, a)?.histogram;
      if (ab === undefined || ba === undefined) throw new Error(`round ${round} is incompatible`);
      expect([ab.count, ab.sum], `round ${round}`).toEqual([a.count + b.count, a.sum + b.sum]);
      if (!fitsZero(a, b)) return;
      expect(equalHistograms(ab, ba), `round ${round}`).toBe(true);
      expect(total(ab), `round ${round}`).toBe(total(a) + total(b));
    });
  });

  // The bucket (0.25, 0.5] is within the other's zero bucket; made coarser, it is (0.25, 1], which is not.
  it('of a wider zero bucket and a coarser schema count twice what is in between, as in Prometheus', () => {
    const plain = {
      ...randomHistogram(seededRandom(SEED), false),
      negativeSpans: [],
      negativeBuckets: [],
      zeroCount: 0,
    };
    const wide = {
      ...plain,
      schema: -1,
      zeroThreshold: 0.5,
      positiveSpans: [{ offset: 1, length: 1 }],
      positiveBuckets: [3],
    };
    const fine = {
      ...plain,
      schema: 0,
      zeroThreshold: 0,
      positiveSpans: [{ offset: -1, length: 1 }],
      positiveBuckets: [2],
    };
    expect(addHistograms(wide, fine)?.histogram).toMatchObject({ zeroCount: 2, positiveBuckets: [2, 3] });
    expect(addHistograms(fine, wide)?.histogram).toMatchObject({ zeroCount: 2, positiveBuckets: [3] });
  });

  it('are what is left when the one that was added is taken away, in the same buckets', () => {
    pairs((a, b, round) => {
      const sum = addHistograms(a, b)?.histogram;
      const rest = sum && subtractHistograms(sum, b)?.histogram;
      // Nothing of b, in the buckets of the sum.
      const same = addHistograms(a, multiplyHistogram(b, 0))?.histogram;
      if (rest === undefined || same === undefined || sum === undefined) throw new Error(`round ${round}`);
      if (sum.schema !== b.schema || sum.zeroThreshold !== same.zeroThreshold) return;
      expect(rest.count, `round ${round}`).toBe(a.count);
      expect(total(rest), `round ${round}`).toBe(total(a));
    });
  });

  it('that only grew were not reset, and that lost an observation were', () => {
    pairs((a, b, round) => {
      const grown = addHistograms(a, {
        ...b,
        schema: a.schema,
        zeroThreshold: a.zeroThreshold,
        customValues: a.customValues,
      });
      if (grown === undefined) throw new Error(`round ${round}`);
      expect(isReset(grown.histogram, a), `round ${round}`).toBe(false);
      if (grown.histogram.count > a.count) expect(isReset(a, grown.histogram), `round ${round}`).toBe(true);
    });
  });

  it('of exponential and custom buckets are not added', () => {
    const random = seededRandom(SEED);
    expect(addHistograms(randomHistogram(random, true), randomHistogram(random, false))).toBeUndefined();
  });

  it('have a fraction below their quantile that is the quantile', () => {
    const random = seededRandom(SEED);
    let checked = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const histogram = randomHistogram(random, false);
      const q = random();
      const { value } = histogramQuantile(q, histogram);
      if (!Number.isFinite(value) || value === 0) continue;
      const fraction = histogramFraction(-Infinity, value, histogram).value;
      // Between two populated buckets many values have the same rank; within one there is one.
      const buckets = compact(histogram);
      if (buckets.zeroThreshold > 0.001) continue;
      expect(Math.abs(fraction - q), `seed ${SEED}, round ${round}, q ${q}`).toBeLessThan(1e-9);
      checked += 1;
    }
    expect(checked).toBeGreaterThan(100);
  });

  it('are cut in two without losing an observation', () => {
    const random = seededRandom(SEED);
    for (let round = 0; round < ROUNDS; round++) {
      const histogram = randomHistogram(random, false);
      const value = (random() - 0.3) * 10;
      const below = trimHistogram(histogram, value, 'below');
      const above = trimHistogram(histogram, value, 'above');
      expect(below.count + above.count, `seed ${SEED}, round ${round}, at ${value}`).toBeCloseTo(histogram.count, 9);
    }
  });
});
