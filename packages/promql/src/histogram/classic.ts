/** Quantiles and fractions of classic histograms: cumulative counts by upper bound. Source: Prometheus,
 *  promql/quantile.go. */

export interface ClassicBucket {
  readonly upperBound: number;
  count: number;
}

export interface ClassicQuantile {
  readonly value: number;
  /** Where counts went down with a higher bound, and by how much at most. */
  readonly forced: { readonly from: number; readonly to: number; readonly maxDiff: number } | undefined;
}

/** Relative; a smaller difference is rounding. */
const SMALL_DELTA = 1e-12;

/** @param unsorted not empty; changed */
export function classicQuantile(q: number, unsorted: ClassicBucket[]): ClassicQuantile {
  if (Number.isNaN(q)) return { value: Number.NaN, forced: undefined };
  if (q < 0) return { value: -Infinity, forced: undefined };
  if (q > 1) return { value: Infinity, forced: undefined };
  unsorted.sort((a, b) => a.upperBound - b.upperBound || 0);
  if (unsorted.at(-1)?.upperBound !== Infinity) return { value: Number.NaN, forced: undefined };
  const buckets = coalesce(unsorted);
  const forced = makeMonotonic(buckets);
  const observations = buckets.at(-1)?.count ?? 0;
  if (buckets.length < 2 || observations === 0) return { value: Number.NaN, forced };
  return { value: interpolatedQuantile(q * observations, buckets), forced };
}

function interpolatedQuantile(rankOfAll: number, buckets: readonly ClassicBucket[]): number {
  let low = 0;
  let high = buckets.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (buckets[middle]!.count >= rankOfAll) high = middle;
    else low = middle + 1;
  }
  if (low === buckets.length - 1) return buckets[buckets.length - 2]!.upperBound;
  const { upperBound: end, count: cumulative } = buckets[low]!;
  if (low === 0 && end <= 0) return end;
  const before = buckets[low - 1];
  const start = before?.upperBound ?? 0;
  const rank = rankOfAll - (before?.count ?? 0);
  return start + (end - start) * (rank / (cumulative - (before?.count ?? 0)));
}

/** Buckets with the same bound become one. */
function coalesce(sorted: readonly ClassicBucket[]): ClassicBucket[] {
  const buckets: ClassicBucket[] = [];
  for (const bucket of sorted) {
    const last = buckets.at(-1);
    if (last !== undefined && last.upperBound === bucket.upperBound) last.count += bucket.count;
    else buckets.push({ ...bucket });
  }
  return buckets;
}

function makeMonotonic(buckets: readonly ClassicBucket[]): ClassicQuantile['forced'] {
  let from = Infinity;
  let to = -Infinity;
  let maxDiff = 0;
  let previous = buckets[0]?.count ?? 0;
  for (const bucket of buckets) {
    const { count, upperBound } = bucket;
    if (count === previous) continue;
    if (isAlmostEqual(previous, count, SMALL_DELTA)) {
      bucket.count = previous;
    } else if (count < previous) {
      bucket.count = previous;
      from = Math.min(from, upperBound);
      to = Math.max(to, upperBound);
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

/** @param unsorted not empty */
export function classicFraction(lower: number, upper: number, unsorted: ClassicBucket[]): number {
  unsorted.sort((a, b) => a.upperBound - b.upperBound || 0);
  if (unsorted.at(-1)?.upperBound !== Infinity) return Number.NaN;
  const buckets = coalesce(unsorted);
  const count = buckets.at(-1)?.count ?? 0;
  if (count === 0 || Number.isNaN(lower) || Number.isNaN(upper)) return Number.NaN;
  if (lower >= upper) return 0;
  const within = (rank: number | undefined): number => (rank === undefined || rank > count ? count : rank);
  return (within(rankOf(buckets, upper)) - within(rankOf(buckets, lower))) / count;
}

function rankOf(buckets: readonly ClassicBucket[], value: number): number | undefined {
  let rank = 0;
  let lower = (buckets[0]?.upperBound ?? 0) <= 0 ? -Infinity : 0;
  for (const { upperBound, count } of buckets) {
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
