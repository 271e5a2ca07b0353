/** Native histograms of a counter that observes, is reset, and changes its resolution; and of a gauge. */
import type { Random } from '@vigie/core/random';
import type { BucketSpan, NativeHistogram } from '@vigie/wire/native-histogram';
import { pick } from './pick.ts';

const CUSTOM_SCHEMA = -53;
/** All share one: with none there would be a bucket of everything, whose quantile is +Inf or NaN by the last bit of a sum. */
const CUSTOM_BOUNDS = [
  [0.1, 0.5, 1, 5],
  [0.1, 1, 5],
  [0.5, 1, 2],
];

type Counts = ReadonlyMap<number, number>;

export class RandomHistogram {
  readonly #random: Random;
  readonly #kind: 'exponential' | 'custom';
  readonly #resets: number;
  readonly #changes: number;
  readonly #hasNegative: boolean;
  #schema = 0;
  #bounds: readonly number[] = [];
  #zeroThreshold = 0;
  #zeroCount = 0;
  #count = 0;
  #sum = 0;
  #positive = new Map<number, number>();
  #negative = new Map<number, number>();

  constructor(random: Random, kind: 'exponential' | 'custom') {
    this.#random = random;
    this.#kind = kind;
    this.#resets = pick(random, [0, 0.02, 0.1]);
    this.#changes = pick(random, [0, 0, 0.02]);
    this.#hasNegative = kind === 'exponential' && random() < 0.3;
    this.#begin();
  }

  advance(): NativeHistogram {
    if (this.#random() < this.#resets || this.#random() < this.#changes) this.#begin();
    const observations = Math.floor(this.#random() * 8);
    for (let left = observations; left > 0; left--) this.#observe();
    return {
      isFloat: false,
      schema: this.#schema,
      zeroThreshold: this.#zeroThreshold,
      zeroCount: this.#zeroCount,
      count: this.#count,
      sum: this.#sum,
      ...sides(this.#positive, this.#negative),
      customValues: this.#bounds,
      resetHint: 'unknown',
      isStale: false,
    };
  }

  #begin(): void {
    const isFirst = this.#count === 0;
    if (this.#kind === 'custom') {
      this.#schema = CUSTOM_SCHEMA;
      if (isFirst || this.#random() < 0.3) this.#bounds = pick(this.#random, CUSTOM_BOUNDS);
    } else if (isFirst || this.#random() < 0.3) {
      this.#schema = pick(this.#random, [-1, 0, 1, 3]);
      this.#zeroThreshold = pick(this.#random, [0, 2 ** -128, 0.001, 0.5]);
    }
    this.#zeroCount = 0;
    this.#count = 0;
    this.#sum = 0;
    this.#positive = new Map();
    this.#negative = new Map();
    this.#observeEachSide();
  }

  /** Prometheus' storage gives histograms of one chunk the same buckets, empty ones too, and evaluation takes a side with empty
   *  buckets for one with observations: so each side has one from the start. */
  #observeEachSide(): void {
    increment(this.#positive, this.#kind === 'custom' ? 0 : 1);
    if (this.#hasNegative) increment(this.#negative, 1);
    this.#count = this.#hasNegative ? 2 : 1;
  }

  #observe(): void {
    this.#count += 1;
    const value = Math.exp((this.#random() - 0.5) * 6);
    if (this.#kind === 'custom') {
      const index = this.#bounds.findIndex((bound) => value <= bound);
      increment(this.#positive, index < 0 ? this.#bounds.length : index);
      this.#sum += value;
    } else if (this.#random() < 0.1 || value <= this.#zeroThreshold) {
      this.#zeroCount += 1;
    } else {
      const isNegative = this.#hasNegative && this.#random() < 0.5;
      increment(isNegative ? this.#negative : this.#positive, Math.ceil(Math.log2(value) * 2 ** this.#schema));
      this.#sum += isNegative ? -value : value;
    }
  }
}

/** Not of a counter, and of floats. */
export function randomGaugeHistogram(random: Random): NativeHistogram {
  const positive = new Map<number, number>();
  const buckets = 1 + Math.floor(random() * 6);
  for (let left = buckets; left > 0; left--) positive.set(Math.floor(random() * 20) - 10, random() * 10);
  const zeroCount = random() < 0.5 ? 0 : random() * 5;
  let count = zeroCount;
  for (const [, bucket] of [...positive].sort(([a], [b]) => a - b)) count += bucket;
  return {
    isFloat: true,
    schema: 1,
    zeroThreshold: 0.001,
    zeroCount,
    count,
    sum: (random() - 0.2) * 100,
    ...sides(positive, new Map()),
    customValues: [],
    resetHint: 'gauge',
    isStale: false,
  };
}

function increment(counts: Map<number, number>, index: number): void {
  counts.set(index, (counts.get(index) ?? 0) + 1);
}

function sides(positive: Counts, negative: Counts) {
  const [positiveSpans, positiveCounts] = side(positive);
  const [negativeSpans, negativeCounts] = side(negative);
  return { positiveSpans, positiveCounts, negativeSpans, negativeCounts };
}

function side(counts: Counts): [readonly BucketSpan[], readonly number[]] {
  const spans: { offset: number; length: number }[] = [];
  const values: number[] = [];
  let next = 0;
  for (const [index, count] of [...counts].sort(([a], [b]) => a - b)) {
    const last = spans.at(-1);
    if (last !== undefined && index === next) last.length += 1;
    else spans.push({ offset: index - next, length: 1 });
    values.push(count);
    next = index + 1;
  }
  return [spans, values];
}
