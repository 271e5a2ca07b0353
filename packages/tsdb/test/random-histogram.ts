import type { Random } from '@vigie/core/random';
import type { CounterResetHint, Histogram, Span } from '@vigie/promql/histogram/histogram';

const HINTS: readonly CounterResetHint[] = ['unknown', 'reset', 'not_reset', 'gauge'];

/** @param layout decides on schema and buckets: the same seed, the same layout
 *  @param random decides on what is in them */
export function randomHistogram(layout: Random, random: Random): Histogram {
  const isCustom = layout() < 0.2;
  const positiveSpans = randomSpans(layout);
  const negativeSpans = isCustom ? [] : randomSpans(layout);
  const value = (): number => (random() < 0.1 ? random() * 1e6 : Math.floor(random() * 50));
  const buckets = (spans: readonly Span[]): number[] =>
    Array.from({ length: spans.reduce((sum, { length }) => sum + length, 0) }, value);
  return {
    counterResetHint: HINTS[Math.floor(random() * 4)]!,
    schema: isCustom ? -53 : Math.floor(layout() * 13) - 4,
    zeroThreshold: isCustom ? 0 : layout() * 1e-3,
    zeroCount: isCustom ? 0 : value(),
    count: value(),
    sum: random() < 0.05 ? Number.NaN : (random() - 0.3) * 1e4,
    positiveSpans,
    negativeSpans,
    positiveBuckets: buckets(positiveSpans),
    negativeBuckets: buckets(negativeSpans),
    customValues: isCustom ? Array.from({ length: 8 }, (_, index) => index + layout()) : [],
  };
}

function randomSpans(layout: Random): Span[] {
  return Array.from({ length: Math.floor(layout() * 4) }, (_, index) => ({
    offset: Math.floor(layout() * 20) - (index === 0 ? 10 : 0),
    length: Math.floor(layout() * 5),
  }));
}
