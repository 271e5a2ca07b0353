/** The sum of several histograms, and their average: compensated, and without overflow where the average has none. */
import { addInto, divideHistogram } from '../histogram/arithmetic.ts';
import type { Histogram } from '../histogram/histogram.ts';
import { SparseHistogram } from '../histogram/sparse.ts';

export class HistogramSum {
  readonly #sum: SparseHistogram;
  #count = 1;
  /** Once the sum has overflown: what the average is so far. */
  #mean: SparseHistogram | undefined;
  #sawReset: boolean;
  #sawNoReset: boolean;
  boundsReconciled = false;

  constructor(first: Histogram) {
    this.#sum = new SparseHistogram(first);
    this.#sawReset = first.counterResetHint === 'reset';
    this.#sawNoReset = first.counterResetHint === 'not_reset';
  }

  /** Some of them say that their counter was reset, others that it was not. */
  get resetsCollide(): boolean {
    return this.#sawReset && this.#sawNoReset;
  }

  /** @returns false, and nothing is added, for exponential and custom buckets together */
  add(histogram: Histogram): boolean {
    if (histogram.counterResetHint === 'reset') this.#sawReset = true;
    if (histogram.counterResetHint === 'not_reset') this.#sawNoReset = true;
    this.#count += 1;
    const before = this.#mean === undefined ? this.#sum.finish() : undefined;
    const added = addInto(this.#sum, histogram);
    if (added === undefined) return false;
    if (added.boundsReconciled) this.boundsReconciled = true;
    if (this.#mean === undefined && before !== undefined && this.#sum.hasOverflown) {
      this.#mean = new SparseHistogram(divideHistogram(before, this.#count - 1));
    }
    if (this.#mean !== undefined) {
      const share = (this.#count - 1) / this.#count;
      this.#mean.scale((value) => value * share);
      addInto(this.#mean, divideHistogram(histogram, this.#count));
    }
    return true;
  }

  sum(): Histogram {
    return this.#finish(this.#sum);
  }

  average(): Histogram {
    if (this.#mean !== undefined) return this.#finish(this.#mean);
    const average = this.#sum.copy();
    const count = this.#count;
    average.scale((value) => value / count);
    return this.#finish(average);
  }

  /** What was rounded off comes in at last, be it 0: so -0 of several is 0. */
  #finish(of: SparseHistogram): Histogram {
    if (this.#count > 1) of.scale((value) => value + 0);
    return of.finish();
  }
}
