/** `</` and `>/`: what is left of a histogram below or above a value, its sum estimated anew. Source: Prometheus 3.14,
 *  model/histogram/float_histogram.go, TrimBuckets. */
import { type Bucket, negativeBuckets, positiveBuckets, usesCustomBuckets, zeroBucket } from './bounds.ts';
import type { Histogram } from './histogram.ts';
import { compact } from './sparse.ts';

/** Which observations stay. */
type Kept = 'below' | 'above';

/** Count and sum change only where a bucket does. */
export function trimHistogram(histogram: Histogram, value: number, keeps: Kept): Histogram {
  const isCustom = usesCustomBuckets(histogram);
  let count = 0;
  let sum = 0;
  let isTrimmed = false;
  const trimBucket = (bucket: Bucket, isPositive: boolean): number => {
    if (bucket.count === 0) return 0;
    const part = keptPart(bucket, value, keeps, isPositive, isCustom);
    count += part.count;
    if (part.count !== 0) sum += part.midpoint * part.count;
    if (part.count !== bucket.count) isTrimmed = true;
    return part.count;
  };
  const positive = positiveBuckets(histogram);
  const negative = negativeBuckets(histogram);
  const positiveCounts = positive.map((bucket) => trimBucket(bucket, true));
  const negativeCounts = negative.map((bucket) => trimBucket(bucket, false));
  let { zeroCount } = histogram;
  if (zeroCount > 0) {
    const isPopulated = ({ count: observations }: Bucket): boolean => observations !== 0;
    const part = keptZeroPart(
      zeroBucket(histogram),
      value,
      keeps,
      negative.some(isPopulated),
      positive.some(isPopulated),
    );
    if (part.count !== zeroCount) isTrimmed = true;
    zeroCount = part.count;
    count += part.count;
    sum += part.midpoint * part.count;
  }
  if (!isTrimmed) return histogram;
  return compact({
    ...histogram,
    count,
    sum,
    zeroCount,
    positiveBuckets: positiveCounts,
    negativeBuckets: negativeCounts,
  });
}

interface Part {
  readonly count: number;
  readonly midpoint: number;
}

const NOTHING: Part = { count: 0, midpoint: 0 };

function keptPart(bucket: Bucket, value: number, keeps: Kept, isPositive: boolean, isCustom: boolean): Part {
  const { lower, upper, count } = bucket;
  const isWhole = keeps === 'below' ? upper <= value : lower >= value;
  if (isWhole) return { count, midpoint: midpointOf(lower, upper, isPositive, isCustom) };
  const isCut = keeps === 'below' ? lower < value : upper > value;
  if (!isCut) return NOTHING;
  if (lower === -Infinity || upper === Infinity) return keptOfEndless(bucket, value, keeps);
  const below = countBelow(bucket, value, isPositive, isCustom);
  return keeps === 'below'
    ? { count: below, midpoint: midpointOf(lower, value, isPositive, isCustom) }
    : { count: count - below, midpoint: midpointOf(value, upper, isPositive, isCustom) };
}

/** Nobody knows how observations lie in a bucket without an end: it goes or stays whole, unless 0 may serve as its lower
 *  end. */
function keptOfEndless({ lower, upper, count }: Bucket, value: number, keeps: Kept): Part {
  if (lower !== -Infinity) {
    return keeps === 'above' && value >= lower ? { count: value === Infinity ? 0 : count, midpoint: value } : NOTHING;
  }
  if (keeps === 'below') {
    if (value > 0 && upper > 0 && upper !== Infinity) return { count: (count * value) / upper, midpoint: value / 2 };
    return upper <= 0 ? { count, midpoint: value } : NOTHING;
  }
  if (value <= lower) return { count, midpoint: 0 };
  const isDivisible = value >= 0 && upper > value && upper !== Infinity;
  return isDivisible ? { count: count * (1 - value / upper), midpoint: (value + upper) / 2 } : NOTHING;
}

/** With observations on one side only, the zero bucket has only that side. */
function keptZeroPart(bucket: Bucket, value: number, keeps: Kept, hasNegative: boolean, hasPositive: boolean): Part {
  const lower = hasPositive && !hasNegative ? 0 : bucket.lower;
  const upper = hasNegative && !hasPositive ? 0 : bucket.upper;
  const whole = { count: bucket.count, midpoint: (lower + upper) / 2 };
  if (value <= lower) return keeps === 'below' ? NOTHING : whole;
  if (value >= upper) return keeps === 'below' ? whole : NOTHING;
  return keeps === 'below'
    ? { count: bucket.count * ((value - lower) / (upper - lower)), midpoint: (lower + value) / 2 }
    : { count: bucket.count * ((upper - value) / (upper - lower)), midpoint: (value + upper) / 2 };
}

/** Arithmetic in custom buckets, geometric in exponential ones. */
function midpointOf(lower: number, upper: number, isPositive: boolean, isCustom: boolean): number {
  if (lower === -Infinity) {
    if (upper === Infinity) return 0;
    return upper > 0 ? upper / 2 : upper;
  }
  if (upper === Infinity) return lower;
  if (isCustom) return (lower + upper) / 2;
  const root = Math.sqrt(Math.abs(lower * upper));
  return isPositive ? root : -root;
}

function countBelow({ lower, upper, count }: Bucket, value: number, isPositive: boolean, isLinear: boolean): number {
  if (isLinear) return count * ((value - lower) / (upper - lower));
  const logLower = Math.log2(Math.abs(lower));
  const logUpper = Math.log2(Math.abs(upper));
  const logValue = Math.log2(Math.abs(value));
  const fraction = isPositive
    ? (logValue - logLower) / (logUpper - logLower)
    : 1 - (logValue - logUpper) / (logLower - logUpper);
  return count * fraction;
}
