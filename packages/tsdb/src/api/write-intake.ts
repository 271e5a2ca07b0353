/** From the body of a write request to samples in the head. One for all senders: a series is known by the bytes of its labels,
 *  whoever sends them. */
import { LabelSet, METRIC_NAME } from '@vigie/promql/labels/label-set';
import { STALE_HIGH, STALE_LOW } from '@vigie/promql/storage/stale';
import { describeLabels } from '@vigie/promql/text/labels';
import { DROPPED } from '@vigie/wire/exposition/scrape';
import type { SeriesLabels } from '@vigie/wire/exposition/series-labels';
import { histogramFlaw } from '@vigie/wire/native-histogram';
import type { RemoteWriteVersion } from '@vigie/wire/remote-write/protocol';
import type { WriteRequest, WrittenMetadata } from '@vigie/wire/remote-write/write-columns';
import { WriteRequestReader } from '@vigie/wire/remote-write/write-request-reader';
import { decompress } from '@vigie/wire/snappy';
import type { AppendResult } from '../head/head.ts';
import type { FloatColumns, HistogramSample } from '../head/journal.ts';
import { refusalOf, UNKNOWN_SERIES } from '../head/outcome.ts';
import { NO_SLOT, type SeriesRef } from '../head/series-table.ts';
import type { Tsdb } from '../tsdb.ts';
import { toHistogram } from './histograms.ts';
import { WriteProblems } from './write-problems.ts';

/** What is there now, also what had been there before. */
export interface WriteStats {
  samples: number;
  histograms: number;
  exemplars: number;
}

export interface Intake {
  readonly written: WriteStats;
  readonly problems: WriteProblems;
  /** Whether what was taken survives the process. */
  readonly isLogged: boolean;
  readonly decodedBytes: number;
}

/** Of a sender with the defaults of Prometheus: 2,000 samples with labels of 400 bytes. */
const FIRST_SCRATCH_BYTES = 1 << 20;
/** Requests beyond take memory of their own. */
const MAX_SCRATCH_BYTES = 16 << 20;

export class WriteIntake {
  readonly #tsdb: Tsdb;
  readonly #maxDecodedBytes: number;
  readonly #reader: WriteRequestReader;
  #problems = new WriteProblems();
  #scratch = Buffer.allocUnsafeSlow(FIRST_SCRATCH_BYTES);
  #outcomes = new Uint8Array(1024);

  constructor(tsdb: Tsdb, maxDecodedBytes: number) {
    this.#tsdb = tsdb;
    this.#maxDecodedBytes = maxDecodedBytes;
    this.#reader = new WriteRequestReader((labels) => this.#resolve(labels));
  }

  /** Takes what can be taken, all of it before anyone can ask.
   *  @param block in snappy's block format
   *  @throws {MalformedError | LimitError} nothing has been taken
   *  Cost: about 0.4 us for a sample of a series that was there before, most of it for the bytes of its labels. */
  async take(block: Uint8Array, version: RemoteWriteVersion): Promise<Intake> {
    const body = this.#decompressed(block);
    const request = this.#read(body, version);
    const problems = this.#problems;
    const written = { samples: 0, histograms: 0, exemplars: 0 };
    this.#takeFloats(request, request.count, written, 'samples');
    this.#takeHistograms(request, written);
    this.#takeExemplars(request, version, written);
    for (const metadata of request.metadata) this.#takeMetadata(metadata, version);
    if (request.emptySeries > 0)
      problems.add(() => `TimeSeries must contain at least one sample or histogram: ${request.emptySeries} have none`);
    return { written, problems, decodedBytes: body.length, isLogged: await this.#tsdb.commit() };
  }

  #decompressed(block: Uint8Array): Buffer {
    const body = decompress(block, this.#maxDecodedBytes, this.#scratch);
    if (body.length > this.#scratch.length && body.length <= MAX_SCRATCH_BYTES / 2)
      this.#scratch = Buffer.allocUnsafeSlow(2 * body.length);
    return body;
  }

  #read(body: Buffer, version: RemoteWriteVersion): WriteRequest {
    this.#problems = new WriteProblems();
    const request = this.#reader.read(body, version);
    if (!this.#hasGone(request)) return request;
    // Retention has removed a series since it was sent last: all are asked for anew.
    this.#reader.clear();
    this.#problems = new WriteProblems();
    return this.#reader.read(body, version);
  }

  #hasGone({ count, refs, histograms, exemplars }: WriteRequest): boolean {
    const { table, counts } = this.#tsdb.head;
    if (counts.seriesRemoved === 0) return false;
    for (let row = 0; row < count; row++) if (table.resolve(refs[row]!) === NO_SLOT) return true;
    return [...histograms, ...exemplars].some(({ ref }) => table.resolve(ref) === NO_SLOT);
  }

  #resolve(labels: SeriesLabels): number {
    const set = labelSetOf(labels);
    const text = (): string => describeLabels(set);
    const twice = labels.find((name, index) => index > 0 && index % 2 === 0 && labels[index - 2] === name);
    if (twice !== undefined) {
      this.#problems.add(() => `invalid labels for series, labels ${text()}, duplicated label ${twice}`);
      return DROPPED;
    }
    if (set.get(METRIC_NAME) === '' || set.names[0] === '') {
      this.#problems.add(() => `invalid metric name or labels, got ${text()}`);
      return DROPPED;
    }
    const ref = this.#tsdb.getOrCreate(set);
    if (typeof ref === 'number') return ref;
    this.#problems.refused(ref, text);
    return DROPPED;
  }

  #takeFloats(columns: FloatColumns, count: number, written: WriteStats, kind: 'samples' | 'histograms'): void {
    if (count === 0) return;
    const outcomes = this.#outcomesFor(count);
    written[kind] += this.#taken(
      this.#tsdb.head.append(columns, outcomes),
      outcomes,
      count,
      (row) => columns.refs[row]!,
    );
  }

  /** In their order: a stale one is a float to the head. */
  #takeHistograms({ histograms }: WriteRequest, written: WriteStats): void {
    let run: HistogramSample[] = [];
    const flush = (): void => {
      if (run.length === 0) return;
      const outcomes = this.#outcomesFor(run.length);
      const result = this.#tsdb.head.appendHistograms(run, outcomes);
      written.histograms += this.#taken(result, outcomes, run.length, (row) => run[row]!.ref);
      run = [];
    };
    for (const { ref, timestampMs, startTimestampMs, histogram } of histograms) {
      const flaw = histogramFlaw(histogram);
      if (flaw !== undefined) this.#problems.add(() => `${flaw} for series ${this.#textOf(ref)}`);
      else if (histogram.isStale) {
        flush();
        this.#takeFloats(staleColumns(ref, timestampMs), 1, written, 'histograms');
      } else run.push({ ref, timestampMs, startTimestampMs, histogram: toHistogram(histogram) });
    }
    flush();
  }

  #takeExemplars({ exemplars }: WriteRequest, version: RemoteWriteVersion, written: WriteStats): void {
    for (const { ref, exemplar } of exemplars) {
      const { labels, value, timestampMs = 0 } = exemplar;
      const result = this.#tsdb.addExemplar(ref, { labels: labelSetOf(labels), value, timestampMs });
      if (result === 'added' || result === 'known') written.exemplars++;
      else if (version === '2.0') this.#problems.exemplar(result, () => this.#textOf(ref));
    }
  }

  #takeMetadata({ family, type, help, unit }: WrittenMetadata, version: RemoteWriteVersion): void {
    const metric = version === '2.0' ? familyOf(family, type) : family;
    this.#tsdb.setMetadata({ metric, type, help, unit });
  }

  /** @returns how many are there now */
  #taken(
    { accepted, known }: AppendResult,
    outcomes: Uint8Array,
    count: number,
    refOf: (row: number) => SeriesRef,
  ): number {
    const taken = accepted + known;
    for (let row = 0; taken < count && row < count; row++) {
      const outcome = outcomes[row]!;
      if (outcome >= UNKNOWN_SERIES) this.#problems.refused(refusalOf(outcome), () => this.#textOf(refOf(row)));
    }
    return taken;
  }

  #textOf(ref: SeriesRef): string {
    const { table } = this.#tsdb.head;
    const slot = table.resolve(ref);
    return slot === NO_SLOT ? '{}' : describeLabels(table.labelSet(slot));
  }

  #outcomesFor(count: number): Uint8Array {
    if (this.#outcomes.length < count) this.#outcomes = new Uint8Array(2 * count);
    return this.#outcomes;
  }
}

/** Without labels that are empty. Names ascend in UTF-8 there, and in UTF-16 here. */
function labelSetOf(labels: SeriesLabels): LabelSet {
  const names: string[] = [];
  const values: string[] = [];
  let isAscending = true;
  for (let at = 0; at < labels.length; at += 2) {
    const name = labels[at]!;
    const value = labels[at + 1]!;
    if (value === '') continue;
    if (names.length > 0 && !(names[names.length - 1]! < name)) isAscending = false;
    names.push(name);
    values.push(value);
  }
  if (isAscending) return LabelSet.ofSorted(names, values);
  return LabelSet.of(names.map((name, index) => [name, values[index]!] as const));
}

function staleColumns(ref: SeriesRef, timestampMs: number): FloatColumns {
  const words = Uint32Array.of(STALE_LOW, STALE_HIGH);
  return {
    count: 1,
    refs: Uint32Array.of(ref),
    timestampsMs: Float64Array.of(timestampMs),
    values: new Float64Array(words.buffer),
  };
}

const SUFFIXES: Readonly<Record<string, RegExp>> = {
  histogram: /_(?:bucket|count|sum)$/,
  gaugehistogram: /_(?:bucket|gcount|gsum)$/,
  summary: /_(?:count|sum)$/,
};

/** Protocol 2.0 says with each series what its family is, and not what it is called. */
function familyOf(name: string, type: string): string {
  const suffix = SUFFIXES[type];
  return suffix === undefined ? name : name.replace(suffix, '');
}
