/** `</` and `>/`: what is left of a histogram below or above a value. Source: Prometheus, promql/engine.go. */
import { type Bucket, negativeBuckets, positiveBuckets, usesCustomBuckets, zeroBucket } from './bounds.ts';
import type { Histogram } from './histogram.ts';
import { compact } from './sparse.ts';

/** @param keeps which observations stay: those below the value or those above */
export function trimHistogram(histogram: Histogram, value: number, keeps: 'below' | 'above'): Histogram {
  const isCustom = usesCustomBuckets(histogram);
  let count = 0;
  let removedSum = 0;
  let hasPositive = false;
  let hasNegative = false;
  const trimSide = (buckets: readonly Bucket[], isPositive: boolean): readonly number[] =>
    buckets.map((bucket) => {
      if (bucket.count === 0) return 0;
      if (!isPositive) hasNegative = true;
      else if (!isCustom) hasPositive = true;
      else {
        if (bucket.lower < 0 || bucket.upper <= 0) hasNegative = true;
        if (bucket.upper > 0) hasPositive = true;
      }
      const isKept = keeps === 'below' ? bucket.upper <= value : bucket.lower >= value;
      if (isKept) {
        count += bucket.count;
        return bucket.count;
      }
      const isCut = keeps === 'below' ? bucket.lower < value : bucket.upper > value;
      const cut = cutBucket(bucket, value, keeps, isPositive, isCustom);
      if (isCut) {
        removedSum += (bucket.count - cut.kept) * cut.midpoint;
        count += cut.kept;
        return cut.kept;
      }
      const midpoint = isCustom && isPositive ? cut.midpoint : Math.sqrt(bucket.lower * bucket.upper);
      removedSum += bucket.count * midpoint;
      return 0;
    });
  const positive = trimSide(positiveBuckets(histogram), true);
  const negative = trimSide(negativeBuckets(histogram), false);
  let { zeroCount } = histogram;
  if (zeroCount > 0) {
    const below = countBelow(zeroBucket(histogram), value, true, true);
    zeroCount = keeps === 'below' ? below : zeroCount - below;
    count += zeroCount;
  }
  let sum = count === 0 ? 0 : histogram.sum - removedSum;
  if ((!hasNegative && sum < 0) || (!hasPositive && sum > 0)) sum = 0;
  return compact({ ...histogram, count, sum, zeroCount, positiveBuckets: positive, negativeBuckets: negative });
}

interface Cut {
  readonly kept: number;
  /** Of what is removed. */
  readonly midpoint: number;
}

function cutBucket(
  bucket: Bucket,
  value: number,
  keeps: 'below' | 'above',
  isPositive: boolean,
  isCustom: boolean,
): Cut {
  const { lower, upper, count } = bucket;
  if (lower === -Infinity || upper === Infinity) return cutInfiniteBucket(bucket, value, keeps);
  const below = countBelow(bucket, value, isPositive, isCustom);
  const product = keeps === 'below' ? Math.abs(lower) * Math.abs(value) : Math.abs(value) * Math.abs(upper);
  const root = isPositive ? Math.sqrt(product) : -Math.sqrt(product);
  return { kept: keeps === 'below' ? below : count - below, midpoint: isCustom ? (lower + upper) / 2 : root };
}

/** Nobody knows how observations lie in a bucket without an end: it goes whole, unless 0 may serve as its lower end. */
function cutInfiniteBucket({ lower, upper, count }: Bucket, value: number, keeps: 'below' | 'above'): Cut {
  if (lower !== -Infinity) {
    return keeps === 'above' && value <= lower ? { kept: count, midpoint: 0 } : { kept: 0, midpoint: lower };
  }
  const isDivisible = value >= 0 && upper > value && upper !== Infinity;
  if (keeps === 'below') {
    if (value >= upper) return { kept: count, midpoint: 0 };
    return isDivisible
      ? { kept: (count * value) / upper, midpoint: (value + upper) / 2 }
      : { kept: 0, midpoint: upper };
  }
  if (value <= lower) return { kept: count, midpoint: 0 };
  return isDivisible ? { kept: count * (1 - value / upper), midpoint: value / 2 } : { kept: 0, midpoint: upper };
}

function countBelow({ lower, upper, count }: Bucket, value: number, isPositive: boolean, isLinear: boolean): number {
  if (value <= lower) return 0;
  if (value >= upper) return count;
  if (isLinear) return count * ((value - lower) / (upper - lower));
  const logLower = Math.log2(Math.abs(lower));
  const logUpper = Math.log2(Math.abs(upper));
  const logValue = Math.log2(Math.abs(value));
  const fraction = isPositive
    ? (logValue - logLower) / (logUpper - logLower)
    : 1 - (logValue - logUpper) / (logLower - logUpper);
  return count * fraction;
}
