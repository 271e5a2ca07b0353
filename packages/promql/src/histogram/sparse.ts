/** A histogram as arithmetic wants it: buckets by index, those that are zero left out on the way back. */
import { exponentialBound, indexAtSchema, usesCustomBuckets } from './bounds.ts';
import type { CounterResetHint, Histogram, Span } from './histogram.ts';
import { KahanSum } from './kahan.ts';

/** By index; any order. */
export type SparseSide = Map<number, KahanSum>;

/** Sums that carry their compensation. */
export class SparseHistogram {
  counterResetHint: CounterResetHint;
  schema: number;
  zeroThreshold: number;
  customValues: readonly number[];
  readonly zeroCount = new KahanSum();
  readonly count = new KahanSum();
  readonly sum = new KahanSum();
  positive: SparseSide;
  negative: SparseSide;
  readonly #ownZeroCount: number;

  constructor(histogram: Histogram) {
    this.#ownZeroCount = histogram.zeroCount;
    this.counterResetHint = histogram.counterResetHint;
    this.schema = histogram.schema;
    this.zeroThreshold = histogram.zeroThreshold;
    this.customValues = histogram.customValues;
    this.zeroCount.sum = histogram.zeroCount;
    this.count.sum = histogram.count;
    this.sum.sum = histogram.sum;
    this.positive = sideOf(histogram.positiveSpans, histogram.positiveBuckets);
    this.negative = sideOf(histogram.negativeSpans, histogram.negativeBuckets);
  }

  /** Buckets of a coarser schema. */
  reduceTo(schema: number): void {
    if (schema === this.schema) return;
    this.positive = reduced(this.positive, this.schema, schema);
    this.negative = reduced(this.negative, this.schema, schema);
    this.schema = schema;
  }

  /** Takes what is nearer to zero than a wider threshold into the zero bucket. A threshold inside of a populated bucket
   *  moves to its end. */
  widenZero(threshold: number): void {
    if (threshold !== this.zeroThreshold) this.#addToZero(this.#zeroEnd(threshold), true);
  }

  /** Only counts it there: buckets stay, and who adds them up passes over those that end within the zero bucket. Of a coarser
   *  schema, one may reach beyond it: then what it has from within counts twice, as in Prometheus. */
  countIntoZero(threshold: number): void {
    this.zeroCount.sum = this.#ownZeroCount;
    this.zeroCount.compensation = 0;
    this.#addToZero(this.#zeroEnd(threshold), false);
  }

  #zeroEnd(threshold: number): number {
    let wider = threshold;
    for (let before = Number.NaN; before !== wider; ) {
      before = wider;
      for (const side of [this.positive, this.negative]) {
        for (const [index, { sum }] of side) {
          const upper = exponentialBound(index, this.schema);
          if (sum !== 0 && exponentialBound(index - 1, this.schema) < wider && upper > wider) wider = upper;
        }
      }
    }
    return wider;
  }

  #addToZero(threshold: number, removes: boolean): void {
    for (const side of [this.positive, this.negative]) {
      for (const [index, bucket] of [...side].sort(([a], [b]) => a - b)) {
        if (exponentialBound(index - 1, this.schema) >= threshold) break;
        this.zeroCount.add(bucket.sum);
        if (bucket.compensation !== 0) this.zeroCount.add(bucket.compensation);
        if (removes) side.delete(index);
      }
    }
    this.zeroThreshold = threshold;
  }

  scale(by: (value: number) => number): void {
    const sums = [this.zeroCount, this.count, this.sum, ...this.positive.values(), ...this.negative.values()];
    for (const one of sums) {
      one.sum = by(one.sum);
      one.compensation = by(one.compensation);
    }
  }

  get hasOverflown(): boolean {
    const sums = [this.zeroCount, this.count, this.sum, ...this.positive.values(), ...this.negative.values()];
    return sums.some(({ sum }) => sum === Infinity || sum === -Infinity);
  }

  /** Compact: no empty bucket, no two spans that touch. */
  finish(): Histogram {
    const positive = spansOf(this.positive);
    const negative = spansOf(this.negative);
    return {
      counterResetHint: this.counterResetHint,
      schema: this.schema,
      zeroThreshold: this.zeroThreshold,
      zeroCount: total(this.zeroCount),
      count: total(this.count),
      sum: total(this.sum),
      positiveSpans: positive.spans,
      positiveBuckets: positive.counts,
      negativeSpans: negative.spans,
      negativeBuckets: negative.counts,
      customValues: this.customValues,
    };
  }

  copy(): SparseHistogram {
    return new SparseHistogram(this.finish());
  }
}

/** Of what nothing was added to, -0 too stays what it is. */
function total({ sum, compensation }: KahanSum): number {
  return compensation === 0 ? sum : sum + compensation;
}

function sideOf(spans: readonly Span[], counts: readonly number[]): SparseSide {
  const side: SparseSide = new Map();
  let index = 0;
  let at = 0;
  for (const { offset, length } of spans) {
    index += offset;
    for (let left = length; left > 0; left--) {
      const bucket = new KahanSum();
      bucket.sum = counts[at++] ?? 0;
      if (bucket.sum !== 0) side.set(index, bucket);
      index++;
    }
  }
  return side;
}

function reduced(side: SparseSide, schema: number, target: number): SparseSide {
  const coarse: SparseSide = new Map();
  for (const [index, bucket] of [...side].sort(([a], [b]) => a - b)) {
    const into = bucketIn(coarse, indexAtSchema(index, schema, target));
    into.add(bucket.sum);
    if (bucket.compensation !== 0) into.add(bucket.compensation);
  }
  return coarse;
}

/** Whether a bucket ends within a zero bucket. */
export function isWithinZero(index: number, schema: number, zeroThreshold: number): boolean {
  return exponentialBound(index, schema) <= zeroThreshold;
}

/** The bucket of that index, a new one if need be. */
export function bucketIn(side: SparseSide, index: number): KahanSum {
  let bucket = side.get(index);
  if (bucket === undefined) {
    bucket = new KahanSum();
    side.set(index, bucket);
  }
  return bucket;
}

function spansOf(side: SparseSide): { readonly spans: readonly Span[]; readonly counts: readonly number[] } {
  const spans: { offset: number; length: number }[] = [];
  const counts: number[] = [];
  let next = 0;
  for (const [index, bucket] of [...side].sort(([a], [b]) => a - b)) {
    const count = bucket.total;
    if (count === 0) continue;
    const last = spans.at(-1);
    if (last !== undefined && index === next) last.length += 1;
    else spans.push({ offset: index - next, length: 1 });
    counts.push(count);
    next = index + 1;
  }
  return { spans, counts };
}

/** Without empty buckets. */
export function compact(histogram: Histogram): Histogram {
  return new SparseHistogram(histogram).finish();
}

/** Whether both have exponential buckets, or both custom ones. */
export function areCompatible(a: { readonly schema: number }, b: { readonly schema: number }): boolean {
  return usesCustomBuckets(a) === usesCustomBuckets(b);
}
