/** What one request takes: samples of some series in the order of the log. */
import { CUSTOM_BUCKETS_SCHEMA, type Histogram } from '@vigie/promql/histogram/histogram';
import type { Exemplar } from '@vigie/promql/storage/querier';
import { encodeWriteRequest, type WrittenSeries } from '@vigie/wire/remote-write/encode-write-request';
import type { RemoteWriteVersion } from '@vigie/wire/remote-write/protocol';
import type { WrittenMetadata } from '@vigie/wire/remote-write/write-columns';
import { STALE_HISTOGRAM, toNativeHistogram } from './native-histograms.ts';
import type { OutgoingSeries } from './outgoing-series.ts';
import type { Mark } from './progress.ts';

export interface ItemCounts {
  readonly samples: number;
  readonly histograms: number;
  readonly exemplars: number;
}

export const NOTHING: ItemCounts = { samples: 0, histograms: 0, exemplars: 0 };

export interface EncodedBatch {
  /** Not compressed. */
  readonly body: Buffer;
  /** What a receiver that takes all of it says it has written. */
  readonly expected: ItemCounts;
  readonly leftOut: LeftOut;
}

/** What of a batch is not in its request. */
export interface LeftOut {
  readonly tooOld: ItemCounts;
  /** Histograms with custom buckets, which protocol 1.0 does not know: a receiver would refuse all that comes with them. */
  readonly customBuckets: ItemCounts;
  /** Exemplars in protocol 2.0 of series of which no sample can be sent with them. */
  readonly withoutSample: ItemCounts;
}

/** Metadata of the series with this metric name. */
export type MetadataOf = (name: string) => WrittenMetadata | undefined;

export interface BatchKind {
  /** Behind the newest of their series: a receiver may refuse them, and in protocol 1.0 all that comes with them. */
  readonly isLate: boolean;
  /** Of a log that an earlier process wrote, and perhaps sent. */
  readonly mayBeKnown: boolean;
}

interface Building {
  readonly series: OutgoingSeries;
  readonly rows: number[];
  readonly histograms: NonNullable<WrittenSeries['histograms']>[number][];
  readonly exemplars: NonNullable<WrittenSeries['exemplars']>[number][];
  lastExemplar: ExemplarRow | undefined;
}

interface ExemplarRow {
  readonly exemplar: Exemplar;
  /** The newest sample of the series when the exemplar came: those that have come since are sent behind it. NaN where that is no float. */
  readonly behindMs: number;
  readonly behindValue: number;
}

export class Batch {
  readonly kind: BatchKind;
  readonly capacity: number;
  /** When its first row came, monotonic. */
  readonly sinceMs: number;
  count = 0;
  newestMs = Number.NEGATIVE_INFINITY;
  readonly #series: OutgoingSeries[] = [];
  readonly #timesMs: Float64Array;
  readonly #startsMs: Float64Array;
  readonly #values: Float64Array;
  /** By row; all others are floats. */
  readonly #histograms = new Map<number, Histogram | 'stale'>();
  readonly #exemplars = new Map<number, ExemplarRow>();
  readonly #marks = new Map<Mark, number>();

  constructor(kind: BatchKind, capacity: number, sinceMs: number) {
    this.kind = kind;
    this.capacity = capacity;
    this.sinceMs = sinceMs;
    this.#timesMs = new Float64Array(capacity);
    this.#startsMs = new Float64Array(capacity);
    this.#values = new Float64Array(capacity);
  }

  get isFull(): boolean {
    return this.count >= this.capacity;
  }

  /** @param words of the column that the value is in: a number would be free to turn one NaN into another */
  addFloat(series: OutgoingSeries, timeMs: number, words: Uint32Array, at: number, startMs: number, mark: Mark): void {
    const row = this.#add(series, timeMs, mark);
    const own = new Uint32Array(this.#values.buffer);
    own[2 * row] = words[2 * at]!;
    own[2 * row + 1] = words[2 * at + 1]!;
    this.#startsMs[row] = startMs;
  }

  /** @param histogram `stale` for the end of a series of histograms */
  addHistogram(
    series: OutgoingSeries,
    timeMs: number,
    histogram: Histogram | 'stale',
    startMs: number,
    mark: Mark,
  ): void {
    const row = this.#add(series, timeMs, mark);
    this.#histograms.set(row, histogram);
    this.#startsMs[row] = startMs;
  }

  addExemplar(series: OutgoingSeries, exemplar: Exemplar, mark: Mark): void {
    const { lastMs: behindMs, lastValue: behindValue } = series;
    this.#exemplars.set(this.#add(series, exemplar.timestampMs, mark), { exemplar, behindMs, behindValue });
  }

  /** Tells the records that nothing of them is under way here any more. */
  settle(): void {
    for (const [mark, rows] of this.#marks) mark.underWay -= rows;
    this.#marks.clear();
  }

  counts(from = 0, to = this.count): ItemCounts {
    let histograms = 0;
    let exemplars = 0;
    for (const row of this.#histograms.keys()) if (row >= from && row < to) histograms++;
    for (const row of this.#exemplars.keys()) if (row >= from && row < to) exemplars++;
    return { samples: to - from - histograms - exemplars, histograms, exemplars };
  }

  /** Where rows end, from there on, that have each series once at most: what a receiver takes or refuses of one says nothing
   *  of another. */
  endOfRun(from: number): number {
    const seen = new Set<OutgoingSeries>();
    for (let row = from; row < this.count; row++) {
      const series = this.#series[row]!;
      if (this.#exemplars.has(row)) continue;
      if (seen.has(series)) return row;
      seen.add(series);
    }
    return this.count;
  }

  isSample(row: number): boolean {
    return !this.#exemplars.has(row);
  }

  /** @param oldestMs Unix ms; older rows are left out */
  encode(
    version: RemoteWriteVersion,
    from: number,
    to: number,
    metadataOf: MetadataOf,
    oldestMs: number,
  ): EncodedBatch {
    const list: Building[] = [];
    const current = new Map<OutgoingSeries, Building>();
    let [samples, histograms, exemplars, customBuckets] = [0, 0, 0, 0];
    for (let row = from; row < to; row++) {
      const series = this.#series[row]!;
      const histogram = this.#histograms.get(row);
      const exemplar = this.#exemplars.get(row);
      if (this.#timesMs[row]! < oldestMs) {
        if (histogram !== undefined) histograms++;
        else if (exemplar !== undefined) exemplars++;
        else samples++;
        continue;
      }
      if (version === '1.0' && typeof histogram === 'object' && histogram.schema === CUSTOM_BUCKETS_SCHEMA) {
        customBuckets++;
        continue;
      }
      let building = current.get(series);
      if (building === undefined) {
        building = { series, rows: [], histograms: [], exemplars: [], lastExemplar: undefined };
        current.set(series, building);
        list.push(building);
      }
      if (exemplar !== undefined) {
        building.exemplars.push(writtenExemplar(exemplar.exemplar));
        building.lastExemplar = exemplar;
      } else if (histogram === undefined) building.rows.push(row);
      else
        building.histograms.push({
          histogram: histogram === 'stale' ? STALE_HISTOGRAM : toNativeHistogram(histogram),
          timestampMs: this.#timesMs[row]!,
          startTimestampMs: this.#startsMs[row]!,
        });
    }
    const written: WrittenSeries[] = [];
    let withoutSample = 0;
    for (const building of list) {
      const one = version === '2.0' && hasNoSample(building) ? withSampleBehind(building) : this.#written(building);
      if (one === undefined) withoutSample += building.exemplars.length;
      else written.push(one);
    }
    const metadata = version === '2.0' ? metadataOfSeries(written, metadataOf) : [];
    const body = written.length === 0 ? Buffer.alloc(0) : encodeWriteRequest(version, written, metadata);
    const leftOut = {
      tooOld: { samples, histograms, exemplars },
      customBuckets: { ...NOTHING, histograms: customBuckets },
      withoutSample: { ...NOTHING, exemplars: withoutSample },
    };
    return { body, expected: countItems(written), leftOut };
  }

  #add(series: OutgoingSeries, timeMs: number, mark: Mark): number {
    const row = this.count++;
    this.#series.push(series);
    this.#timesMs[row] = timeMs;
    if (timeMs > this.newestMs) this.newestMs = timeMs;
    mark.underWay++;
    this.#marks.set(mark, (this.#marks.get(mark) ?? 0) + 1);
    return row;
  }

  #written({ series, rows, histograms, exemplars }: Building): WrittenSeries {
    const words = new Uint32Array(2 * rows.length);
    const own = new Uint32Array(this.#values.buffer);
    for (const [at, row] of rows.entries()) {
      words[2 * at] = own[2 * row]!;
      words[2 * at + 1] = own[2 * row + 1]!;
    }
    return {
      labels: series.labels,
      values: new Float64Array(words.buffer),
      timestampsMs: Float64Array.from(rows, (row) => this.#timesMs[row]!),
      startTimestampsMs: Float64Array.from(rows, (row) => this.#startsMs[row]!),
      histograms,
      exemplars,
    };
  }
}

function hasNoSample({ rows, histograms }: Building): boolean {
  return rows.length === 0 && histograms.length === 0;
}

/** Protocol 2.0 knows no exemplar without a sample: the one before it is sent once more, which changes nothing.
 *  @returns undefined where that is none that can be sent again */
function withSampleBehind({ series, exemplars, lastExemplar }: Building): WrittenSeries | undefined {
  if (lastExemplar === undefined || Number.isNaN(lastExemplar.behindMs)) return undefined;
  const { behindMs, behindValue } = lastExemplar;
  const timestampsMs = Float64Array.of(behindMs);
  return { labels: series.labels, values: Float64Array.of(behindValue), timestampsMs, exemplars };
}

function writtenExemplar({ labels, value, timestampMs }: Exemplar): NonNullable<WrittenSeries['exemplars']>[number] {
  return { labels: [...labels.entries()].flat(), value, timestampMs };
}

function metadataOfSeries(series: readonly WrittenSeries[], metadataOf: MetadataOf): readonly WrittenMetadata[] {
  const found = new Map<string, WrittenMetadata>();
  for (const { labels } of series) {
    const at = labels.indexOf('__name__');
    const name = labels[at + 1];
    if (at < 0 || at % 2 !== 0 || name === undefined || found.has(name)) continue;
    const metadata = metadataOf(name);
    if (metadata !== undefined) found.set(name, { ...metadata, family: name });
  }
  return [...found.values()];
}

function countItems(series: readonly WrittenSeries[]): ItemCounts {
  let [samples, histograms, exemplars] = [0, 0, 0];
  for (const one of series) {
    samples += one.values.length;
    histograms += one.histograms?.length ?? 0;
    exemplars += one.exemplars?.length ?? 0;
  }
  return { samples, histograms, exemplars };
}
