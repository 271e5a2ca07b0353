/** Whether histograms are equal, and whether a counter began again between them. */
import { rolledUp, sameBounds, sharedBounds } from './arithmetic.ts';
import { usesCustomBuckets } from './bounds.ts';
import type { Histogram } from './histogram.ts';
import { areCompatible, compact, isWithinZero, SparseHistogram, type SparseSide } from './sparse.ts';

/** The same observations in the same buckets; empty buckets and how spans are cut do not count. Numbers are compared by their
 *  bits, as Prometheus does: NaN equals NaN, and 0 is not -0. */
export function equalHistograms(a: Histogram, b: Histogram): boolean {
  if (a === b) return true;
  const isSame =
    a.schema === b.schema &&
    a.zeroThreshold === b.zeroThreshold &&
    Object.is(a.zeroCount, b.zeroCount) &&
    Object.is(a.count, b.count) &&
    Object.is(a.sum, b.sum) &&
    (!usesCustomBuckets(a) || sameBounds(a.customValues, b.customValues));
  if (!isSame) return false;
  const left = compact(a);
  const right = compact(b);
  return (
    sameSpans(left.positiveSpans, right.positiveSpans) &&
    sameSpans(left.negativeSpans, right.negativeSpans) &&
    sameCounts(left.positiveBuckets, right.positiveBuckets) &&
    sameCounts(left.negativeBuckets, right.negativeBuckets)
  );
}

function sameSpans(a: Histogram['positiveSpans'], b: Histogram['positiveSpans']): boolean {
  return (
    a.length === b.length &&
    a.every(({ offset, length }, index) => offset === b[index]?.offset && length === b[index]?.length)
  );
}

function sameCounts(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((count, index) => Object.is(count, b[index]));
}

/** Whether some count is lower than it was, or the layout is one that a counter which goes on would not have. */
export function isReset(current: Histogram, previous: Histogram): boolean {
  if (current.counterResetHint === 'reset') return true;
  if (current.counterResetHint === 'not_reset') return false;
  if (current.count < previous.count) return true;
  if (!areCompatible(current, previous)) return true;
  const after = new SparseHistogram(current);
  const before = new SparseHistogram(previous);
  if (usesCustomBuckets(current)) {
    if (!sameBounds(current.customValues, previous.customValues)) {
      const shared = sharedBounds(current.customValues, previous.customValues);
      after.positive = rolledUp(after.positive, current.customValues, shared);
      before.positive = rolledUp(before.positive, previous.customValues, shared);
    }
    return hasShrunk(after.positive, before.positive, () => true);
  }
  if (current.schema > previous.schema || current.zeroThreshold < previous.zeroThreshold) return true;
  if (before.zeroThreshold !== current.zeroThreshold) before.countIntoZero(current.zeroThreshold);
  if (before.zeroThreshold !== current.zeroThreshold || current.zeroCount < before.zeroCount.total) return true;
  before.reduceTo(current.schema);
  const isCounted = (index: number): boolean => !isWithinZero(index, current.schema, current.zeroThreshold);
  return hasShrunk(after.positive, before.positive, isCounted) || hasShrunk(after.negative, before.negative, isCounted);
}

function hasShrunk(after: SparseSide, before: SparseSide, isCounted: (index: number) => boolean): boolean {
  for (const [index, { sum }] of before) {
    if (sum !== 0 && isCounted(index) && !((after.get(index)?.sum ?? 0) >= sum)) return true;
  }
  return false;
}
