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
  readonly refs: Int32Array;
  /** The bits of a NaN are kept: a staleness marker is one. */
  readonly values: Float64Array;
  /** Unix ms. */
  readonly timestampsMs: Float64Array;
  /** Unix ms; 0 where the sender gives none, as protocol 1.0 cannot. */
  readonly startTimestampsMs: Float64Array;
  readonly histograms: readonly HistogramSample[];
  readonly exemplars: readonly SeriesExemplar[];
  readonly metadata: readonly WrittenMetadata[];
  /** Samples and histograms of series that were DROPPED. */
  readonly droppedCount: number;
}

export class WriteColumns implements WriteRequest {
  count = 0;
  droppedCount = 0;
  refs = new Int32Array(0);
  values = new Float64Array(0);
  timestampsMs = new Float64Array(0);
  startTimestampsMs = new Float64Array(0);
  histograms: HistogramSample[] = [];
  exemplars: SeriesExemplar[] = [];
  metadata: WrittenMetadata[] = [];
  /** The values as bytes. */
  #valueBytes = new Uint8Array(0);
  readonly #maxSamples: number;

  constructor(maxSamples: number) {
    this.#maxSamples = maxSamples;
  }

  clear(): void {
    this.count = 0;
    this.droppedCount = 0;
    this.histograms = [];
    this.exemplars = [];
    this.metadata = [];
  }

  /** @param valueAt where the eight bytes of the value begin
   *  @throws {LimitError} */
  add(ref: number, bytes: Uint8Array, valueAt: number, timestampMs: number, startTimestampMs: number): void {
    this.#reserveOne();
    const row = this.count++;
    this.refs[row] = ref;
    // Not as a number: that would be free to turn one NaN into another.
    for (let index = 0; index < 8; index++) this.#valueBytes[8 * row + index] = bytes[valueAt + index]!;
    this.timestampsMs[row] = timestampMs;
    this.startTimestampsMs[row] = startTimestampMs;
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
    if (this.count + this.droppedCount + this.histograms.length >= this.#maxSamples) {
      throw new LimitError('samples', this.#maxSamples);
    }
  }

  #reserveOne(): void {
    this.#checkLimit();
    const { count } = this;
    if (count < this.refs.length) return;
    const size = Math.max(1024, 2 * count);
    const { refs, values, timestampsMs, startTimestampsMs } = this;
    const bytes = this.#valueBytes;
    this.refs = new Int32Array(size);
    this.refs.set(refs);
    this.values = new Float64Array(size);
    this.#valueBytes = new Uint8Array(this.values.buffer);
    this.#valueBytes.set(bytes.subarray(0, 8 * values.length));
    this.timestampsMs = new Float64Array(size);
    this.timestampsMs.set(timestampsMs);
    this.startTimestampsMs = new Float64Array(size);
    this.startTimestampsMs.set(startTimestampsMs);
  }
}
