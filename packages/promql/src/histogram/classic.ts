/** Quantiles and fractions of classic histograms: cumulative counts by upper bound. Source: Prometheus,
 *  promql/quantile.go. */

/** The buckets of one histogram at one time, in columns that are used again for the next. */
export class ClassicBuckets {
  length = 0;
  /** Ascending, none twice. */
  bounds = new Float64Array(16);
  /** Observations up to the bound. */
  counts = new Float64Array(16);

  clear(): void {
    this.length = 0;
  }

  /** Those with the same bound become one.
   *  @param upperBound not below that of the bucket before */
  add(upperBound: number, count: number): void {
    const last = this.length - 1;
    if (last >= 0 && this.bounds[last] === upperBound) {
      this.counts[last]! += count;
      return;
    }
    if (this.length === this.bounds.length) this.#grow();
    this.bounds[this.length] = upperBound;
    this.counts[this.length++] = count;
  }

  #grow(): void {
    const { bounds, counts } = this;
    this.bounds = new Float64Array(2 * bounds.length);
    this.bounds.set(bounds);
    this.counts = new Float64Array(2 * counts.length);
    this.counts.set(counts);
  }
}

export interface ClassicQuantile {
  readonly value: number;
  /** Where counts went down with a higher bound, and by how much at most. */
  readonly forced: { readonly from: number; readonly to: number; readonly maxDiff: number } | undefined;
}

/** Relative; a smaller difference is rounding. */
const SMALL_DELTA = 1e-12;

const NAN: ClassicQuantile = { value: Number.NaN, forced: undefined };

/** @param buckets not empty; counts that go down are changed */
export function classicQuantile(q: number, buckets: ClassicBuckets): ClassicQuantile {
  if (Number.isNaN(q)) return NAN;
  if (q < 0) return { value: -Infinity, forced: undefined };
  if (q > 1) return { value: Infinity, forced: undefined };
  const { length, bounds, counts } = buckets;
  if (bounds[length - 1] !== Infinity) return NAN;
  const forced = makeMonotonic(buckets);
  const observations = counts[length - 1]!;
  if (length < 2 || observations === 0) return { value: Number.NaN, forced };
  return { value: interpolatedQuantile(q * observations, buckets), forced };
}

function interpolatedQuantile(rankOfAll: number, { length, bounds, counts }: ClassicBuckets): number {
  let low = 0;
  let high = length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (counts[middle]! >= rankOfAll) high = middle;
    else low = middle + 1;
  }
  if (low === length - 1) return bounds[length - 2]!;
  const end = bounds[low]!;
  if (low === 0 && end <= 0) return end;
  const start = low === 0 ? 0 : bounds[low - 1]!;
  const below = low === 0 ? 0 : counts[low - 1]!;
  return start + (end - start) * ((rankOfAll - below) / (counts[low]! - below));
}

function makeMonotonic({ length, bounds, counts }: ClassicBuckets): ClassicQuantile['forced'] {
  let from = Infinity;
  let to = -Infinity;
  let maxDiff = 0;
  let previous = counts[0]!;
  for (let at = 1; at < length; at++) {
    const count = counts[at]!;
    if (count === previous) continue;
    if (isAlmostEqual(previous, count, SMALL_DELTA)) {
      counts[at] = previous;
    } else if (count < previous) {
      counts[at] = previous;
      from = Math.min(from, bounds[at]!);
      to = Math.max(to, bounds[at]!);
      maxDiff = Math.max(maxDiff, previous - count);
    } else {
      previous = count;
    }
  }
  return from === Infinity && to === -Infinity ? undefined : { from, to, maxDiff };
}

const MIN_NORMAL = 2 ** -1022;

/** Within a relative error; NaN equals NaN. Source: Prometheus, util/almost. */
export function isAlmostEqual(a: number, b: number, epsilon: number): boolean {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) && Number.isNaN(b);
  if (a === b) return true;
  const sum = Math.abs(a) + Math.abs(b);
  const diff = Math.abs(a - b);
  if (a === 0 || b === 0 || sum < MIN_NORMAL) return diff < epsilon * MIN_NORMAL;
  return diff / Math.min(sum, Number.MAX_VALUE) < epsilon;
}

/** @param buckets not empty */
export function classicFraction(lower: number, upper: number, buckets: ClassicBuckets): number {
  const { length, bounds, counts } = buckets;
  if (bounds[length - 1] !== Infinity) return Number.NaN;
  const count = counts[length - 1]!;
  if (count === 0 || Number.isNaN(lower) || Number.isNaN(upper)) return Number.NaN;
  if (lower >= upper) return 0;
  const within = (rank: number | undefined): number => (rank === undefined || rank > count ? count : rank);
  return (within(rankOf(buckets, upper)) - within(rankOf(buckets, lower))) / count;
}

function rankOf({ length, bounds, counts }: ClassicBuckets, value: number): number | undefined {
  let rank = 0;
  let lower = bounds[0]! <= 0 ? -Infinity : 0;
  for (let at = 0; at < length; at++) {
    const upperBound = bounds[at]!;
    const count = counts[at]!;
    if (lower >= value) return rank;
    if (upperBound > value) {
      if (lower === -Infinity) return count;
      return rank + ((count - rank) * (value - lower)) / (upperBound - lower);
    }
    rank = count;
    lower = upperBound;
  }
  return undefined;
}
