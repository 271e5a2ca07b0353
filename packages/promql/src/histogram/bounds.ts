/** Where buckets begin and end. Source: Prometheus, model/histogram/generic.go. */
import { CUSTOM_BUCKETS_SCHEMA, type Histogram } from './histogram.ts';

export function usesCustomBuckets(histogram: { readonly schema: number }): boolean {
  return histogram.schema === CUSTOM_BUCKETS_SCHEMA;
}

/** Upper bound of an exponential bucket. */
export function exponentialBound(index: number, schema: number): number {
  if (schema < 0) {
    const exponent = index * 2 ** -schema;
    return exponent === 1024 ? Number.MAX_VALUE : scaleByPower(1, exponent);
  }
  const perPower = 2 ** schema;
  const whole = Math.floor(index / perPower);
  const fraction = FRACTIONS[(index - whole * perPower) * 2 ** (FINEST_SCHEMA - schema)]!;
  if (fraction === 1 && whole === 1024) return Number.MAX_VALUE;
  return scaleByPower(fraction, whole);
}

const FINEST_SCHEMA = 8;
const ROOT_OF_TWO = Math.SQRT2 - Number.EPSILON;

/** 2^(n/256) to the last bit as in Prometheus' table, whose square root of 2 is the float below the nearest one; the others
 *  are products of roots, the larger ones first. */
const FRACTIONS = Float64Array.from({ length: 2 ** FINEST_SCHEMA }, (_, n) => {
  let fraction = 1;
  let root = 2;
  for (let bit = 2 ** (FINEST_SCHEMA - 1); bit >= 1; bit /= 2) {
    root = Math.sqrt(root);
    if ((n & bit) !== 0) fraction *= bit === 2 ** (FINEST_SCHEMA - 1) ? ROOT_OF_TWO : root;
  }
  return fraction;
});

/** Without overflow on the way where the result has none. */
function scaleByPower(value: number, exponent: number): number {
  const half = Math.trunc(exponent / 2);
  return value * 2 ** half * 2 ** (exponent - half);
}

/** The bucket of a coarser schema that a bucket falls into. */
export function indexAtSchema(index: number, schema: number, target: number): number {
  return Math.floor((index - 1) / 2 ** (schema - target)) + 1;
}

export interface Bucket {
  readonly lower: number;
  readonly upper: number;
  readonly lowerInclusive: boolean;
  readonly upperInclusive: boolean;
  readonly count: number;
}

function bucketAt(histogram: Histogram, index: number, count: number, isPositive: boolean): Bucket {
  const { schema, customValues } = histogram;
  if (usesCustomBuckets(histogram)) {
    const lower = index === 0 ? -Infinity : (customValues[index - 1] ?? Infinity);
    const upper = customValues[index] ?? Infinity;
    return { lower, upper, lowerInclusive: index === 0, upperInclusive: true, count };
  }
  const near = exponentialBound(index - 1, schema);
  const far = exponentialBound(index, schema);
  return isPositive
    ? { lower: near, upper: far, lowerInclusive: false, upperInclusive: true, count }
    : { lower: -far, upper: -near, lowerInclusive: true, upperInclusive: false, count };
}

/** From zero outwards; empty ones that a span covers are among them. */
export function positiveBuckets(histogram: Histogram): readonly Bucket[] {
  return sideBuckets(histogram, true);
}

export function negativeBuckets(histogram: Histogram): readonly Bucket[] {
  return sideBuckets(histogram, false);
}

function sideBuckets(histogram: Histogram, isPositive: boolean): readonly Bucket[] {
  const counts = isPositive ? histogram.positiveBuckets : histogram.negativeBuckets;
  const buckets: Bucket[] = [];
  let index = 0;
  for (const { offset, length } of isPositive ? histogram.positiveSpans : histogram.negativeSpans) {
    index += offset;
    for (let at = 0; at < length; at++) {
      buckets.push(bucketAt(histogram, index, counts[buckets.length] ?? 0, isPositive));
      index++;
    }
  }
  return buckets;
}

export function zeroBucket({ zeroThreshold, zeroCount }: Histogram): Bucket {
  return { lower: -zeroThreshold, upper: zeroThreshold, lowerInclusive: true, upperInclusive: true, count: zeroCount };
}

/** From the lowest to the highest, the zero bucket among them unless it is empty. What lies within the zero bucket is cut. */
export function allBuckets(histogram: Histogram): readonly Bucket[] {
  const negative = negativeBuckets(histogram).toReversed();
  const positive = positiveBuckets(histogram);
  if (usesCustomBuckets(histogram)) return positive;
  const { zeroThreshold } = histogram;
  const buckets: Bucket[] = [];
  for (const bucket of negative) {
    if (bucket.lower >= -zeroThreshold) continue;
    buckets.push(bucket.upper > -zeroThreshold ? { ...bucket, upper: -zeroThreshold } : bucket);
  }
  if (histogram.zeroCount > 0) buckets.push(zeroBucket(histogram));
  for (const bucket of positive) {
    if (bucket.upper <= zeroThreshold) continue;
    buckets.push(bucket.lower < zeroThreshold ? { ...bucket, lower: zeroThreshold } : bucket);
  }
  return buckets;
}
