/** The log: what the head has taken, written behind the last in segments. Calls that come while a write runs share the next
 *  one. What is written survives the process (kill -9); an fsync every `fsyncIntervalMs` makes it survive the machine. */
import { join } from 'node:path';
import type { Clock, Timer } from '@vigie/core/clock';
import { coalesce } from '@vigie/core/coalesce';
import { syncFolder, writeWhole } from '@vigie/core/durable-files';
import type { LabelSet } from '@vigie/promql/labels/label-set';
import type { Exemplar, MetricMetadata } from '@vigie/promql/storage/querier';
import type { TsdbFile, TsdbFs } from '../fs.ts';
import type { FloatColumns, HistogramSample, Journal } from '../head/journal.ts';
import type { SeriesRef } from '../head/series-table.ts';
import { BodyWriter } from './body-writer.ts';
import type { FollowedLog, LogPosition } from './follow.ts';
import { encodeFileHeader, FILE_HEADER_BYTES } from './frames.ts';
import * as records from './records.ts';
import { SEGMENT_MAGIC, segmentName } from './segment-files.ts';

/** Read whole when it is replayed. */
const SEGMENT_BYTES = 32 * 1024 ** 2;
/** What may wait for the disk: some 3 million samples. */
const MAX_WAITING_BYTES = 64 * 1024 ** 2;
/** Memory that a burst took and that is not kept for the next one. */
const MAX_SPARE_BYTES = 1024 ** 2;

export interface WalDeps {
  readonly fs: TsdbFs;
  readonly clock: Clock;
  /** Something that was to be logged is not: only a snapshot has it now. */
  readonly failed: (error: unknown) => void;
}

export interface WalCounts {
  writtenBytes: number;
  writes: number;
  fsyncs: number;
  failedWrites: number;
  /** Bytes of records that are in memory and in no log, because the disk failed or did not keep up. */
  unloggedBytes: number;
}

interface WriteOutcome {
  readonly isWritten: boolean;
  readonly nextNumber: number;
}

interface OpenSegment {
  readonly file: TsdbFile;
  readonly number: number;
  sizeBytes: number;
}

export class Wal implements Journal, FollowedLog {
  readonly counts: WalCounts = { writtenBytes: 0, writes: 0, fsyncs: 0, failedWrites: 0, unloggedBytes: 0 };
  readonly #folder: string;
  readonly #fsyncIntervalMs: number;
  readonly #deps: WalDeps;
  readonly #waiting = new BodyWriter();
  #newSeries: (readonly [SeriesRef, LabelSet])[] = [];
  #spare: Buffer | undefined;
  #segment: OpenSegment | undefined;
  #nextNumber: number;
  #end: LogPosition;
  readonly #moved = new Set<() => void>();
  #isDirty = false;
  #mustCut = false;
  #fsyncTimer: Timer | undefined;
  #closed: Promise<void> | undefined;
  readonly #write = coalesce(() => this.#writeWaiting());

  /** @param nextNumber of the segment that it begins with, above all there are */
  constructor(folder: string, nextNumber: number, fsyncIntervalMs: number, deps: WalDeps) {
    this.#folder = folder;
    this.#nextNumber = nextNumber;
    this.#end = { segment: nextNumber, byte: FILE_HEADER_BYTES };
    this.#fsyncIntervalMs = fsyncIntervalMs;
    this.#deps = deps;
  }

  get end(): LogPosition {
    return this.#end;
  }

  moved(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#moved.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      if (signal.aborted) return resolve();
      this.#moved.add(done);
      signal.addEventListener('abort', done, { once: true });
    });
  }

  series(ref: SeriesRef, labels: LabelSet): void {
    this.#newSeries.push([ref, labels]);
  }

  floats(columns: FloatColumns, isLate: boolean): void {
    this.#record(records.FLOATS_RECORD, (writer) => records.writeFloats(writer, columns, isLate));
  }

  histograms(samples: readonly HistogramSample[], isLate: boolean): void {
    this.#record(isLate ? records.LATE_HISTOGRAMS_RECORD : records.HISTOGRAMS_RECORD, (writer) => {
      for (const sample of samples) records.writeHistogram(writer, sample);
    });
  }

  exemplar(ref: SeriesRef, exemplar: Exemplar): void {
    this.#record(records.EXEMPLAR_RECORD, (writer) => records.writeExemplar(writer, ref, exemplar));
  }

  metadata(metadata: MetricMetadata): void {
    this.#record(records.METADATA_RECORD, (writer) => records.writeMetadata(writer, metadata));
  }

  /** @returns whether all that was told before the call is with the operating system */
  async commit(): Promise<boolean> {
    return (await this.#write()).isWritten;
  }

  /** Ends the segment. @returns the number of the next: everything told before the call is in segments before it */
  async cut(): Promise<number> {
    this.#mustCut = true;
    return (await this.#write()).nextNumber;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await this.cut();
    // Set by the last write; its segment has been synced.
    this.#fsyncTimer?.cancel();
  }

  #record(type: number, write: (writer: BodyWriter) => void): void {
    this.#declareSeries();
    const writer = this.#waiting;
    writer.begin();
    write(writer);
    if (this.#isFull(writer.bodyLength)) return;
    writer.end(type);
  }

  /** Twice: without it, all that follows of the series is worth nothing. */
  #declareSeries(): void {
    if (this.#newSeries.length === 0) return;
    const writer = this.#waiting;
    const from = writer.length;
    writer.begin();
    for (const [ref, labels] of this.#newSeries) {
      writer.word(ref);
      records.writeLabels(writer, labels);
    }
    this.#newSeries = [];
    if (this.#isFull(2 * writer.bodyLength)) return;
    writer.end(records.SERIES_RECORD);
    writer.repeat(from);
  }

  #isFull(bodyBytes: number): boolean {
    if (this.#waiting.length + bodyBytes <= MAX_WAITING_BYTES) return false;
    this.counts.unloggedBytes += bodyBytes;
    this.#deps.failed(new Error(`more than ${MAX_WAITING_BYTES} bytes wait for the disk`));
    return true;
  }

  async #writeWaiting(): Promise<WriteOutcome> {
    this.#declareSeries();
    const bytes = this.#waiting.take(this.#spare);
    this.#spare = undefined;
    const cut = this.#mustCut;
    this.#mustCut = false;
    let isWritten = true;
    try {
      if (bytes.length > 0) await this.#writeToSegment(bytes);
      if (cut || (this.#segment?.sizeBytes ?? 0) >= SEGMENT_BYTES) await this.#endSegment();
    } catch (error) {
      isWritten = false;
      this.counts.failedWrites++;
      this.counts.unloggedBytes += bytes.length;
      await this.#abandonSegment();
      this.#deps.failed(error);
    }
    if (bytes.buffer.byteLength <= MAX_SPARE_BYTES) this.#spare = Buffer.from(bytes.buffer);
    this.#tellEnd();
    // As of here: the next write may begin a segment before whoever waits for this one goes on.
    return { isWritten, nextNumber: this.#nextNumber };
  }

  /** Only between writes: while one runs, nobody knows what a file has. */
  #tellEnd(): void {
    const segment = this.#segment;
    this.#end =
      segment === undefined
        ? { segment: this.#nextNumber, byte: FILE_HEADER_BYTES }
        : { segment: segment.number, byte: segment.sizeBytes };
    for (const done of [...this.#moved]) done();
  }

  async #writeToSegment(bytes: Buffer): Promise<void> {
    this.#segment ??= await this.#beginSegment();
    const segment = this.#segment;
    await writeWhole(segment.file, bytes, segment.sizeBytes);
    segment.sizeBytes += bytes.length;
    this.counts.writes++;
    this.counts.writtenBytes += bytes.length;
    this.#isDirty = true;
    this.#fsyncTimer ??= this.#deps.clock.setTimer(this.#fsyncIntervalMs, () => void this.#fsync());
  }

  async #beginSegment(): Promise<OpenSegment> {
    const number = this.#nextNumber++;
    const file = await this.#deps.fs.open(join(this.#folder, segmentName(number)), 'w', 0o600);
    const segment = { file, number, sizeBytes: FILE_HEADER_BYTES };
    this.#segment = segment;
    await writeWhole(file, encodeFileHeader(SEGMENT_MAGIC), 0);
    await syncFolder(this.#deps.fs, this.#folder);
    return segment;
  }

  async #endSegment(): Promise<void> {
    const segment = this.#segment;
    if (segment === undefined) return;
    await segment.file.sync();
    this.counts.fsyncs++;
    this.#isDirty = false;
    this.#segment = undefined;
    await segment.file.close();
  }

  /** After a failed write nobody knows what the disk has: what is whole in it is read, and nothing more is written to it. */
  async #abandonSegment(): Promise<void> {
    const segment = this.#segment;
    this.#segment = undefined;
    this.#isDirty = false;
    if (segment === undefined) return;
    await segment.file.truncate(segment.sizeBytes).catch(() => undefined);
    await segment.file.close().catch(() => undefined);
  }

  async #fsync(): Promise<void> {
    this.#fsyncTimer = undefined;
    const segment = this.#segment;
    if (segment === undefined || !this.#isDirty) return;
    this.#isDirty = false;
    try {
      await segment.file.sync();
      this.counts.fsyncs++;
    } catch (error) {
      // Closed meanwhile, by a write that ended the segment: that one has synced it.
      if (this.#segment !== segment) return;
      this.counts.failedWrites++;
      await this.#abandonSegment();
      this.#deps.failed(error);
    }
  }
}
