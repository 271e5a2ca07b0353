/** Samples as columns, owned by whoever reads: one is filled again and again, and grows to the largest series read. */
import { bug } from '@vigie/core/errors';
import type { Histogram } from '../histogram/histogram.ts';
import { STALE_HIGH, STALE_LOW } from './stale.ts';

const FIRST_CAPACITY = 256;

export class SampleColumns {
  /** Samples in all columns. A storage that writes to the arrays itself calls `reserve`, writes, and sets it. */
  length = 0;
  /** Unix time in ms, ascending, no two alike. Its length is the capacity. */
  timestampsMs = new Float64Array(FIRST_CAPACITY);
  /** NaN payloads count (see `markStale`): copy with `set`, or through a typed array, not through arithmetic. What a
   *  histogram has here means nothing. */
  values = new Float64Array(FIRST_CAPACITY);
  /** The same memory as `values`, two words each, low one first. */
  valueWords = new Uint32Array(this.values.buffer);
  /** Undefined where no sample is a histogram; otherwise a sample is one where there is an element. Elements are shared
   *  with the storage and never changed. */
  histograms: (Histogram | undefined)[] | undefined;
  /** When the counter behind a sample began, Unix time in ms, 0 where unknown; undefined where all are. */
  startTimestampsMs: Float64Array | undefined;

  clear(): void {
    this.length = 0;
    this.histograms = undefined;
    this.startTimestampsMs = undefined;
  }

  /** Makes room for so many samples more; the arrays may be others afterwards. */
  reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.timestampsMs.length) return;
    let capacity = this.timestampsMs.length;
    while (capacity < needed) capacity *= 2;
    this.timestampsMs = grown(this.timestampsMs, capacity);
    this.values = grown(this.values, capacity);
    this.valueWords = new Uint32Array(this.values.buffer);
    if (this.startTimestampsMs !== undefined) this.startTimestampsMs = grown(this.startTimestampsMs, capacity);
  }

  /** @param startTimestampMs 0 where unknown */
  addFloat(timestampMs: number, value: number, startTimestampMs = 0): void {
    const at = this.#next(timestampMs, startTimestampMs);
    this.values[at] = value;
  }

  addHistogram(timestampMs: number, histogram: Histogram, startTimestampMs = 0): void {
    const at = this.#next(timestampMs, startTimestampMs);
    this.values[at] = 0;
    this.histograms ??= [];
    this.histograms[at] = histogram;
  }

  /** The end of a series, of floats or of histograms. */
  addStale(timestampMs: number): void {
    this.markStale(this.#next(timestampMs, 0));
  }

  /** Of the samples from `from` on, only the last one stays. */
  keepLast(from: number): void {
    const last = this.length - 1;
    if (last <= from) return;
    this.timestampsMs[from] = this.timestampsMs[last]!;
    this.valueWords[2 * from] = this.valueWords[2 * last]!;
    this.valueWords[2 * from + 1] = this.valueWords[2 * last + 1]!;
    if (this.startTimestampsMs !== undefined) this.startTimestampsMs[from] = this.startTimestampsMs[last]!;
    if (this.histograms !== undefined) {
      this.histograms[from] = this.histograms[last];
      this.histograms.length = from + 1;
    }
    this.length = from + 1;
  }

  markStale(at: number): void {
    this.valueWords[2 * at] = STALE_LOW;
    this.valueWords[2 * at + 1] = STALE_HIGH;
  }

  isStale(at: number): boolean {
    return this.valueWords[2 * at] === STALE_LOW && this.valueWords[2 * at + 1] === STALE_HIGH;
  }

  #next(timestampMs: number, startTimestampMs: number): number {
    this.reserve(1);
    const at = this.length++;
    if (at > 0 && this.timestampsMs[at - 1]! >= timestampMs) throw bug(`samples out of order at ${timestampMs}`);
    this.timestampsMs[at] = timestampMs;
    if (startTimestampMs !== 0) this.startTimestampsMs ??= new Float64Array(this.timestampsMs.length);
    if (this.startTimestampsMs !== undefined) this.startTimestampsMs[at] = startTimestampMs;
    return at;
  }
}

function grown(from: Float64Array, capacity: number): Float64Array<ArrayBuffer> {
  const to = new Float64Array(capacity);
  to.set(from);
  return to;
}
