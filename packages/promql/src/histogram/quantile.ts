/** Quantiles and fractions of native histograms. Source: Prometheus, promql/quantile.go. */
import { allBuckets, type Bucket, usesCustomBuckets } from './bounds.ts';
import type { Histogram } from './histogram.ts';

export interface Estimate {
  readonly value: number;
  /** What NaN among the observations did to it. */
  readonly nan: 'result-is-nan' | 'skewed' | 'excluded' | undefined;
}

const plain = (value: number): Estimate => ({ value, nan: undefined });

/** Interpolates within a bucket: exponentially, or linearly in the zero bucket and in custom buckets. */
export function histogramQuantile(q: number, histogram: Histogram): Estimate {
  if (q < 0) return plain(-Infinity);
  if (q > 1) return plain(Infinity);
  if (histogram.count === 0 || Number.isNaN(q)) return plain(Number.NaN);
  // NaN observations are in the count and in no bucket, above all that are: then one has to count from below.
  const isForward = Number.isNaN(histogram.sum) || q < 0.5;
  const buckets = isForward ? allBuckets(histogram) : allBuckets(histogram).toReversed();
  let rank = isForward ? q * histogram.count : (1 - q) * histogram.count;
  let bucket: Bucket = { lower: 0, upper: 0, lowerInclusive: false, upperInclusive: false, count: 0 };
  let count = 0;
  let at = 0;
  for (; at < buckets.length; at++) {
    bucket = buckets[at]!;
    if (bucket.count === 0) continue;
    count += bucket.count;
    if (count >= rank) break;
  }
  const bounds = effectiveBounds(histogram, bucket);
  if (typeof bounds === 'number') return plain(bounds);
  const { lower, upper } = bounds;
  if (count > histogram.count) count = histogram.count;
  if (count < rank) {
    return Number.isNaN(histogram.sum) ? { value: Number.NaN, nan: 'result-is-nan' } : plain(upper);
  }
  if (isForward) rank -= count - bucket.count;
  else rank = count - rank;
  let nan: Estimate['nan'];
  if (Number.isNaN(histogram.sum)) {
    for (at += 1; at < buckets.length; at++) count += buckets[at]!.count;
    if (count < histogram.count) nan = 'skewed';
  }
  return { value: interpolate(histogram, lower, upper, rank / bucket.count), nan };
}

/** @returns a number where no interpolation is possible: the quantile itself */
function effectiveBounds(histogram: Histogram, { lower, upper }: Bucket): Pick<Bucket, 'lower' | 'upper'> | number {
  if (usesCustomBuckets(histogram)) {
    if (lower === -Infinity) return upper <= 0 ? upper : { lower: 0, upper };
    return upper === Infinity ? lower : { lower, upper };
  }
  if (lower < 0 && upper > 0) return zeroBucketBounds(histogram, lower, upper);
  return { lower, upper };
}

/** With observations on one side only, the zero bucket has only that side. */
function zeroBucketBounds(histogram: Histogram, lower: number, upper: number): Pick<Bucket, 'lower' | 'upper'> {
  const hasNegative = histogram.negativeBuckets.length > 0;
  const hasPositive = histogram.positiveBuckets.length > 0;
  if (!hasNegative && hasPositive) return { lower: 0, upper };
  if (!hasPositive && hasNegative) return { lower, upper: 0 };
  return { lower, upper };
}

function interpolate(histogram: Histogram, lower: number, upper: number, fraction: number): number {
  if (usesCustomBuckets(histogram) || (lower <= 0 && upper >= 0)) return lower + (upper - lower) * fraction;
  const logLower = Math.log2(Math.abs(lower));
  const logUpper = Math.log2(Math.abs(upper));
  if (lower > 0) return 2 ** (logLower + (logUpper - logLower) * fraction);
  return -(2 ** (logUpper + (logLower - logUpper) * (1 - fraction)));
}

/** The share of observations between two values. */
export function histogramFraction(lower: number, upper: number, histogram: Histogram): Estimate {
  if (histogram.count === 0 || Number.isNaN(lower) || Number.isNaN(upper)) return plain(Number.NaN);
  if (lower >= upper) return plain(0);
  const buckets = allBuckets(histogram);
  const lowerRank = rankOf(histogram, buckets, lower);
  const upperRank = rankOf(histogram, buckets, upper);
  let count = histogram.count;
  let nan: Estimate['nan'];
  if (Number.isNaN(histogram.sum)) {
    count = buckets.reduce((sum, bucket) => sum + bucket.count, 0);
    if (count < histogram.count) nan = 'excluded';
  }
  const within = (rank: number | undefined): number => (rank === undefined || rank > count ? count : rank);
  return { value: (within(upperRank) - within(lowerRank)) / histogram.count, nan };
}

/** How many observations are below a value; undefined where it is above all buckets. */
function rankOf(histogram: Histogram, buckets: readonly Bucket[], value: number): number | undefined {
  let rank = 0;
  for (const bucket of buckets) {
    let { lower, upper } = bucket;
    const isZero = lower <= 0 && upper >= 0;
    if (usesCustomBuckets(histogram) && lower === -Infinity && upper > 0) lower = 0;
    if (isZero && !usesCustomBuckets(histogram)) ({ lower, upper } = zeroBucketBounds(histogram, lower, upper));
    if (lower >= value) return rank;
    if (upper > value) {
      const isLinear = usesCustomBuckets(histogram) || isZero;
      return isLinear
        ? linearRank(rank, bucket.count, lower, upper, value)
        : exponentialRank(rank, bucket.count, lower, upper, value);
    }
    rank += bucket.count;
  }
  return undefined;
}

function linearRank(rank: number, count: number, lower: number, upper: number, value: number): number {
  if (lower === -Infinity) return count;
  return rank + (count * (value - lower)) / (upper - lower);
}

function exponentialRank(rank: number, count: number, lower: number, upper: number, value: number): number {
  const logLower = Math.log2(Math.abs(lower));
  const logUpper = Math.log2(Math.abs(upper));
  const logValue = Math.log2(Math.abs(value));
  const fraction =
    value > 0 ? (logValue - logLower) / (logUpper - logLower) : 1 - (logValue - logUpper) / (logLower - logUpper);
  return rank + count * fraction;
}
