import { LimitError } from '../errors.ts';
import type { MetricType } from '../exposition/entry.ts';
import type { HistogramSample, SeriesExemplar } from '../exposition/scrape.ts';

export interface WrittenMetadata {
  readonly family: string;
  readonly type: MetricType;
  readonly help: string;
  readonly unit: string;
}

/** What a write request holds. Everything is valid until the reader reads again; the columns are longer than `count`. */
export interface WriteRequest {
  readonly count: number;
  /** As `resolve` gave them. */
  readonly refs: Uint32Array;
  /** The bits of a NaN are kept: a staleness marker is one. */
  readonly values: Float64Array;
  /** Unix ms. */
  readonly timestampsMs: Float64Array;
  /** Unix ms; 0 where the sender gives none, as protocol 1.0 cannot; undefined where all are 0. */
  readonly startTimestampsMs: Float64Array | undefined;
  readonly histograms: readonly HistogramSample[];
  readonly exemplars: readonly SeriesExemplar[];
  readonly metadata: readonly WrittenMetadata[];
  /** Samples and histograms of series that were DROPPED. */
  readonly droppedCount: number;
  /** Series of protocol 2.0 without a sample or histogram, which it forbids. */
  readonly emptySeries: number;
}

export class WriteColumns implements WriteRequest {
  count = 0;
  droppedCount = 0;
  emptySeries = 0;
  refs = new Uint32Array(0);
  values = new Float64Array(0);
  timestampsMs = new Float64Array(0);
  histograms: HistogramSample[] = [];
  exemplars: SeriesExemplar[] = [];
  metadata: WrittenMetadata[] = [];
  /** The values as words: a number would be free to turn one NaN into another. */
  #valueWords = new Int32Array(0);
  #startsMs = new Float64Array(0);
  #hasStarts = false;
  readonly #maxSamples: number;

  constructor(maxSamples: number) {
    this.#maxSamples = maxSamples;
  }

  get startTimestampsMs(): Float64Array | undefined {
    return this.#hasStarts ? this.#startsMs : undefined;
  }

  clear(): void {
    this.count = 0;
    this.droppedCount = 0;
    this.emptySeries = 0;
    this.#hasStarts = false;
    this.histograms = [];
    this.exemplars = [];
    this.metadata = [];
  }

  /** @param low and @param high words of the value
   *  @throws {LimitError} */
  add(ref: number, low: number, high: number, timestampMs: number, startTimestampMs: number): void {
    const row = this.count;
    if (row >= this.refs.length) this.#grow();
    if (row + this.droppedCount + this.histograms.length >= this.#maxSamples) this.#refuse();
    this.count = row + 1;
    this.refs[row] = ref;
    this.#valueWords[2 * row] = low;
    this.#valueWords[2 * row + 1] = high;
    this.timestampsMs[row] = timestampMs;
    this.#startsMs[row] = startTimestampMs;
    if (startTimestampMs !== 0) this.#hasStarts = true;
  }

  addHistogram(histogram: HistogramSample): void {
    this.#checkLimit();
    this.histograms.push(histogram);
  }

  addExemplar(exemplar: SeriesExemplar): void {
    if (this.exemplars.length >= this.#maxSamples) throw new LimitError('exemplars', this.#maxSamples);
    this.exemplars.push(exemplar);
  }

  drop(): void {
    this.#checkLimit();
    this.droppedCount++;
  }

  #checkLimit(): void {
    if (this.count + this.droppedCount + this.histograms.length >= this.#maxSamples) this.#refuse();
  }

  #refuse(): never {
    throw new LimitError('samples', this.#maxSamples);
  }

  #grow(): void {
    const size = Math.max(1024, 2 * this.count);
    const { refs, values, timestampsMs } = this;
    const startsMs = this.#startsMs;
    this.refs = new Uint32Array(size);
    this.refs.set(refs);
    const words = this.#valueWords;
    this.values = new Float64Array(size);
    this.#valueWords = new Int32Array(this.values.buffer);
    this.#valueWords.set(words.subarray(0, 2 * values.length));
    this.timestampsMs = new Float64Array(size);
    this.timestampsMs.set(timestampsMs);
    this.#startsMs = new Float64Array(size);
    this.#startsMs.set(startsMs);
  }
}
