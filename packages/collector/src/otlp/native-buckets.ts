/** Buckets in a row, as OpenTelemetry has them, as spans of a native histogram. Source: prometheus v0.315.0,
 *  storage/remote/otlptranslator/prometheusremotewrite/histograms.go. */
import type { BucketSpan, NativeHistogram } from '@vigie/wire/native-histogram';
import type { ExponentialPoint, HistogramPoint } from '@vigie/wire/otlp/metrics';

const MIN_SCHEMA = -4;
const MAX_SCHEMA = 8;
const CUSTOM_BUCKETS = -53;
/** OpenTelemetry's own width is not taken up. */
const ZERO_THRESHOLD = 1e-128;
/** A gap of more empty buckets begins a span. */
const MAX_GAP = 2;

export interface BucketLayout {
  readonly spans: readonly BucketSpan[];
  readonly counts: readonly number[];
}

/** @returns undefined for a scale below those that native histograms have */
export function exponentialHistogram(point: ExponentialPoint): NativeHistogram | undefined {
  const { scale, zeroCount, count, sum = 0 } = point;
  if (scale < MIN_SCHEMA) return undefined;
  const schema = Math.min(scale, MAX_SCHEMA);
  const divisor = 2 ** (scale - schema);
  const positive = bucketLayout(point.positive.counts, point.positive.offset, divisor, 1);
  const negative = bucketLayout(point.negative.counts, point.negative.offset, divisor, 1);
  return {
    isFloat: false,
    schema,
    zeroThreshold: ZERO_THRESHOLD,
    zeroCount,
    count,
    sum,
    positiveSpans: positive.spans,
    positiveCounts: positive.counts,
    negativeSpans: negative.spans,
    negativeCounts: negative.counts,
    customValues: [],
    resetHint: 'unknown',
    isStale: false,
  };
}

/** A histogram with bounds of its own, as one series. */
export function customBucketsHistogram({
  bucketCounts,
  explicitBounds,
  count,
  sum = 0,
}: HistogramPoint): NativeHistogram {
  const first = bucketCounts.findIndex((bucket) => bucket !== 0);
  const offset = first < 0 ? bucketCounts.length : first;
  const { spans, counts } = bucketLayout(bucketCounts.slice(offset), offset, 1, 0);
  return {
    isFloat: false,
    schema: CUSTOM_BUCKETS,
    zeroThreshold: 0,
    zeroCount: 0,
    count,
    sum,
    positiveSpans: spans,
    positiveCounts: counts,
    negativeSpans: [],
    negativeCounts: [],
    customValues: explicitBounds,
    resetHint: 'unknown',
    isStale: false,
  };
}

/** @param divisor how many buckets become one
 *  @param shift of the first index: a bucket of OpenTelemetry is named for its lower bound, one of Prometheus for its upper */
export function bucketLayout(buckets: readonly number[], offset: number, divisor: number, shift: 0 | 1): BucketLayout {
  if (buckets.length === 0) return { spans: [], counts: [] };
  const indexOf = (at: number): number => Math.floor((at + offset) / divisor);
  const spans: { offset: number; length: number }[] = [{ offset: indexOf(0) + shift, length: 0 }];
  const counts: number[] = [];
  const append = (count: number): void => {
    spans[spans.length - 1]!.length++;
    counts.push(count);
  };
  // Of the bucket that was appended last, and of the one that is being counted.
  let last = indexOf(0) - 1;
  let index = indexOf(0);
  let count = 0;
  const close = (): void => {
    const gap = index - last - 1;
    if (gap > MAX_GAP) spans.push({ offset: gap, length: 0 });
    else for (let empty = 0; empty < gap; empty++) append(0);
    append(count);
    last = index;
  };
  for (const [at, bucket] of buckets.entries()) {
    const next = indexOf(at);
    if (next !== index) {
      if (count !== 0) close();
      count = 0;
      index = next;
    }
    count += bucket;
  }
  close();
  return { spans, counts };
}
