/** Sums and differences of histograms whose buckets need not be the same. Source: Prometheus,
 *  model/histogram/float_histogram.go. */
import { usesCustomBuckets } from './bounds.ts';
import type { CounterResetHint, Histogram } from './histogram.ts';
import { areCompatible, bucketIn, isWithinZero, SparseHistogram, type SparseSide } from './sparse.ts';

export interface Combined {
  readonly histogram: Histogram;
  /** One said that its counter was reset, the other that it was not. */
  readonly resetsCollide: boolean;
  /** Custom buckets had different bounds: only those that both have are left. */
  readonly boundsReconciled: boolean;
}

/** @returns undefined for exponential and custom buckets together */
export function addHistograms(a: Histogram, b: Histogram): Combined | undefined {
  return combine(a, b, 1);
}

export function subtractHistograms(a: Histogram, b: Histogram): Combined | undefined {
  return combine(a, b, -1);
}

function combine(a: Histogram, b: Histogram, sign: 1 | -1): Combined | undefined {
  const sum = new SparseHistogram(a);
  const added = addInto(sum, b, sign);
  if (added === undefined) return undefined;
  dropCompensation(sum);
  return { histogram: sum.finish(), ...added };
}

/** Plain sums, as `+` and `-` are. */
function dropCompensation(histogram: SparseHistogram): void {
  const { zeroCount, count, sum, positive, negative } = histogram;
  for (const one of [zeroCount, count, sum, ...positive.values(), ...negative.values()]) one.compensation = 0;
}

/** Adds to sums that carry their compensation.
 *  @returns undefined, and nothing is added, for exponential and custom buckets together */
export function addInto(
  into: SparseHistogram,
  histogram: Histogram,
  sign: 1 | -1 = 1,
): Omit<Combined, 'histogram'> | undefined {
  if (!areCompatible(into, histogram)) return undefined;
  const hint = combineHints(into.counterResetHint, histogram.counterResetHint);
  into.counterResetHint = hint ?? 'unknown';
  const other = new SparseHistogram(histogram);
  const boundsReconciled = usesCustomBuckets(into) ? reconcileBounds(into, other) : alignExponential(into, other);
  into.zeroCount.add(sign * other.zeroCount.total);
  into.count.add(sign * histogram.count);
  into.sum.add(sign * histogram.sum);
  addSide(into, into.positive, other.positive, sign);
  addSide(into, into.negative, other.negative, sign);
  return { resetsCollide: hint === undefined, boundsReconciled };
}

function addSide({ schema, zeroThreshold }: SparseHistogram, into: SparseSide, side: SparseSide, sign: 1 | -1): void {
  const hasZero = zeroThreshold > 0;
  for (const [index, { sum }] of side) {
    if (!hasZero || !isWithinZero(index, schema, zeroThreshold)) bucketIn(into, index).add(sign * sum);
  }
}

/** @returns undefined where they contradict each other */
function combineHints(a: CounterResetHint, b: CounterResetHint): CounterResetHint | undefined {
  if (a === b) return a;
  if (a === 'gauge' || b === 'gauge') return 'gauge';
  if (a === 'unknown' || b === 'unknown') return 'unknown';
  return undefined;
}

/** The same zero bucket, and the coarser schema. */
function alignExponential(a: SparseHistogram, b: SparseHistogram): false {
  while (a.zeroThreshold !== b.zeroThreshold) {
    if (a.zeroThreshold > b.zeroThreshold) b.countIntoZero(a.zeroThreshold);
    else a.widenZero(b.zeroThreshold);
  }
  const schema = Math.min(a.schema, b.schema);
  a.reduceTo(schema);
  b.reduceTo(schema);
  return false;
}

/** @returns whether they differed */
function reconcileBounds(a: SparseHistogram, b: SparseHistogram): boolean {
  if (sameBounds(a.customValues, b.customValues)) return false;
  const shared = sharedBounds(a.customValues, b.customValues);
  for (const one of [a, b]) {
    one.positive = rolledUp(one.positive, one.customValues, shared);
    one.customValues = shared;
  }
  return true;
}

export function sameBounds(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((bound, index) => bound === b[index]);
}

export function sharedBounds(a: readonly number[], b: readonly number[]): readonly number[] {
  return a.filter((bound) => b.includes(bound));
}

/** Buckets between fewer bounds. */
export function rolledUp(side: SparseSide, bounds: readonly number[], shared: readonly number[]): SparseSide {
  const coarse: SparseSide = new Map();
  for (const [index, bucket] of [...side].sort(([a], [b]) => a - b)) {
    const bound = bounds[index] ?? Infinity;
    const found = shared.findIndex((one) => one >= bound);
    const into = bucketIn(coarse, found < 0 ? shared.length : found);
    into.add(bucket.sum);
    if (bucket.compensation !== 0) into.add(bucket.compensation);
  }
  return coarse;
}

/** A histogram that is multiplied with a negative number is no counter. */
export function multiplyHistogram(histogram: Histogram, factor: number): Histogram {
  const scaled = scaleHistogram(histogram, (value) => value * factor);
  return factor < 0 ? { ...scaled, counterResetHint: 'gauge' } : scaled;
}

/** By 0, no bucket is left but the zero bucket. */
export function divideHistogram(histogram: Histogram, divisor: number): Histogram {
  const scaled = scaleHistogram(histogram, (value) => value / divisor);
  if (divisor === 0) {
    return { ...scaled, positiveSpans: [], positiveBuckets: [], negativeSpans: [], negativeBuckets: [] };
  }
  return divisor < 0 ? { ...scaled, counterResetHint: 'gauge' } : scaled;
}

function scaleHistogram(histogram: Histogram, scale: (value: number) => number): Histogram {
  return {
    ...histogram,
    zeroCount: scale(histogram.zeroCount),
    count: scale(histogram.count),
    sum: scale(histogram.sum),
    positiveBuckets: histogram.positiveBuckets.map(scale),
    negativeBuckets: histogram.negativeBuckets.map(scale),
  };
}

/** @param schema not finer than its own */
export function atSchema(histogram: Histogram, schema: number): Histogram {
  if (schema === histogram.schema) return histogram;
  const reduced = new SparseHistogram(histogram);
  reduced.reduceTo(schema);
  return reduced.finish();
}
