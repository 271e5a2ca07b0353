/** Adds exponential histograms. Source: OpenTelemetry collector contrib v0.160, deltatocumulativeprocessor/internal/data. */
import type { ExponentialBuckets, ExponentialPoint } from '@vigie/wire/otlp/metrics';
import { NO_BUCKETS } from '@vigie/wire/otlp/metrics';

/** What OpenTelemetry's SDKs keep at most. Beyond, buckets are merged two by two. */
const MAX_BUCKETS = 160;

type Sides = Pick<ExponentialPoint, 'scale' | 'zeroCount' | 'zeroThreshold' | 'positive' | 'negative'>;

/** @returns the buckets of both, at the scale that both can be had at */
export function addExponential(a: Sides, b: Sides): Sides {
  const shared = Math.min(a.scale, b.scale);
  const scale = Math.min(
    scaleWithin(shared, atScale(a, shared).positive, atScale(b, shared).positive),
    scaleWithin(shared, atScale(a, shared).negative, atScale(b, shared).negative),
  );
  const zeroThreshold = Math.max(a.zeroThreshold, b.zeroThreshold);
  const left = withZeroWidth(atScale(a, scale), zeroThreshold);
  const right = withZeroWidth(atScale(b, scale), zeroThreshold);
  return {
    scale,
    zeroThreshold: Math.max(left.zeroThreshold, right.zeroThreshold),
    zeroCount: left.zeroCount + right.zeroCount,
    positive: merged(left.positive, right.positive),
    negative: merged(left.negative, right.negative),
  };
}

function atScale(sides: Sides, scale: number): Sides {
  if (sides.scale === scale) return sides;
  const divisor = 2 ** (sides.scale - scale);
  return {
    ...sides,
    scale,
    positive: collapsed(sides.positive, divisor),
    negative: collapsed(sides.negative, divisor),
  };
}

/** Each `divisor` buckets become one. */
function collapsed({ offset, counts }: ExponentialBuckets, divisor: number): ExponentialBuckets {
  const first = Math.floor(offset / divisor);
  const collected: number[] = [];
  for (const [at, count] of counts.entries()) {
    const index = Math.floor((offset + at) / divisor) - first;
    collected[index] = (collected[index] ?? 0) + count;
  }
  return { offset: first, counts: collected };
}

/** @returns the highest scale at which both together have no more buckets than may be */
function scaleWithin(scale: number, a: ExponentialBuckets, b: ExponentialBuckets): number {
  let [low, end] = reach(a, b);
  let within = scale;
  while (end - low > MAX_BUCKETS) {
    low = Math.floor(low / 2);
    end = Math.ceil(end / 2);
    within--;
  }
  return within;
}

/** Index of the first bucket that has a count, and one past the last. */
function reach(...sides: readonly ExponentialBuckets[]): [low: number, end: number] {
  let low = Number.POSITIVE_INFINITY;
  let end = Number.NEGATIVE_INFINITY;
  for (const { offset, counts } of sides) {
    const first = counts.findIndex((count) => count !== 0);
    if (first < 0) continue;
    low = Math.min(low, offset + first);
    end = Math.max(end, offset + counts.findLastIndex((count) => count !== 0) + 1);
  }
  return low === Number.POSITIVE_INFINITY ? [0, 0] : [low, end];
}

/** Buckets that lie within the zero bucket go into it; it ends where one of them does. */
function withZeroWidth(sides: Sides, width: number): Sides {
  if (width === sides.zeroThreshold) return sides;
  const highest = indexOf(width, sides.scale);
  const positive = above(sides.positive, highest);
  const negative = above(sides.negative, highest);
  return {
    scale: sides.scale,
    zeroThreshold: 2 ** ((highest + 1) / 2 ** sides.scale),
    zeroCount: sides.zeroCount + positive.left + negative.left,
    positive: positive.buckets,
    negative: negative.buckets,
  };
}

/** Index of the bucket that has the value, its upper bound included. */
function indexOf(value: number, scale: number): number {
  return Math.ceil(Math.log2(value) * 2 ** scale) - 1;
}

function above(
  { offset, counts }: ExponentialBuckets,
  index: number,
): { readonly buckets: ExponentialBuckets; readonly left: number } {
  const from = Math.min(Math.max(0, index + 1 - offset), counts.length);
  const left = counts.slice(0, from).reduce((sum, count) => sum + count, 0);
  return { buckets: from === 0 ? { offset, counts } : { offset: offset + from, counts: counts.slice(from) }, left };
}

function merged(a: ExponentialBuckets, b: ExponentialBuckets): ExponentialBuckets {
  const [low, end] = reach(a, b);
  if (low === end) return NO_BUCKETS;
  const counts = Array.from(
    { length: end - low },
    (_, at) => (a.counts[low + at - a.offset] ?? 0) + (b.counts[low + at - b.offset] ?? 0),
  );
  return { offset: low, counts };
}
