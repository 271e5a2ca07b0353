/** The variance of a histogram's observations, as far as buckets tell. */
import { allBuckets, type Bucket, usesCustomBuckets } from './bounds.ts';
import type { Histogram } from './histogram.ts';
import { KahanSum } from './kahan.ts';

export function histogramVariance(histogram: Histogram): number {
  const mean = histogram.sum / histogram.count;
  const variance = new KahanSum();
  for (const bucket of allBuckets(histogram)) {
    if (bucket.count === 0) continue;
    const delta = midpoint(bucket, usesCustomBuckets(histogram)) - mean;
    variance.add(bucket.count * delta * delta);
  }
  return variance.total / histogram.count;
}

/** Arithmetic in custom buckets, geometric in exponential ones, 0 in the zero bucket. */
function midpoint({ lower, upper }: Bucket, isCustom: boolean): number {
  if (isCustom) return (upper + lower) / 2;
  if (lower <= 0 && upper >= 0) return 0;
  const root = Math.sqrt(upper * lower);
  return upper < 0 ? -root : root;
}
