import { LimitError } from '../errors.ts';
import type { FamilyMetadata, HistogramSample, Scrape, SeriesExemplar } from './scrape.ts';

/** The columns of one scrape after the other: they grow to the largest and are kept. */
export class ScrapeColumns implements Scrape {
  count = 0;
  droppedCount = 0;
  refs = new Int32Array(0);
  values = new Float64Array(0);
  timestampsMs = new Float64Array(0);
  startTimestampsMs = new Float64Array(0);
  /** Of each row, as in the line table. */
  groups = new Int32Array(0);
  histograms: HistogramSample[] = [];
  exemplars: SeriesExemplar[] = [];
  metadata: FamilyMetadata[] = [];
  gone: number[] = [];
  #maxSamples = 0;

  /** Begins another scrape. @param maxSamples that it may have */
  clear(maxSamples: number): void {
    this.#maxSamples = maxSamples;
    this.count = 0;
    this.droppedCount = 0;
    this.histograms = [];
    this.exemplars = [];
    this.metadata = [];
    this.gone = [];
  }

  /** @throws {LimitError} more samples than one scrape may have */
  checkLimit(): void {
    const samples = this.count + this.droppedCount + this.histograms.length;
    if (samples > this.#maxSamples) throw new LimitError('samples', this.#maxSamples);
  }

  add(ref: number, value: number, timestampMs: number, startTimestampMs: number, group: number): void {
    this.reserve(1);
    const row = this.count++;
    this.refs[row] = ref;
    this.values[row] = value;
    this.timestampsMs[row] = timestampMs;
    this.startTimestampsMs[row] = startTimestampMs;
    this.groups[row] = group;
  }

  /** Makes room for so many rows more. */
  reserve(rows: number): void {
    const wanted = this.count + rows;
    if (wanted <= this.refs.length) return;
    const size = Math.max(wanted, Math.min(2 * this.refs.length, this.#maxSamples), 256);
    this.refs = into(new Int32Array(size), this.refs);
    this.values = into(new Float64Array(size), this.values);
    this.timestampsMs = into(new Float64Array(size), this.timestampsMs);
    this.startTimestampsMs = into(new Float64Array(size), this.startTimestampsMs);
    this.groups = into(new Int32Array(size), this.groups);
  }
}

function into<T extends Int32Array | Float64Array>(to: T, from: T): T {
  to.set(from);
  return to;
}
