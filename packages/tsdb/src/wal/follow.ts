/** Reads the log while it is written, record by record and in its order, from wherever a reader stood before: what sends samples
 *  on to elsewhere, and must lose none of them over a restart. */
import { join } from 'node:path';
import { errorCode } from '@vigie/core/errors';
import type { LabelSet } from '@vigie/promql/labels/label-set';
import type { TsdbFile, TsdbFs } from '../fs.ts';
import { NO_SLOT, type SeriesRef, type SeriesTable, slotOf } from '../head/series-table.ts';
import { FILE_HEADER_BYTES, FRAME_HEAD_BYTES, frameSize, readFrame } from './frames.ts';
import type { SegmentHolder } from './held-segments.ts';
import { countSamples, type LogRecordContent, readRecord } from './log-record.ts';
import { aligned } from './replay.ts';
import { segmentName, sortFiles } from './segment-files.ts';

/** Where a record begins. */
export interface LogPosition {
  readonly segment: number;
  readonly byte: number;
}

/** A log that is being written. */
export interface FollowedLog {
  /** Records before it are whole and with the operating system. */
  readonly end: LogPosition;
  /** Resolves when `end` may have moved, or the signal aborts. */
  moved(signal: AbortSignal): Promise<void>;
}

export type LogRecord = LogRecordContent & { readonly position: LogPosition };

export interface FollowerDeps {
  readonly folder: string;
  readonly fs: Pick<TsdbFs, 'open' | 'readFile' | 'readdir'>;
  readonly log: FollowedLog;
  /** Of the head that the log is of. */
  readonly table: SeriesTable;
  readonly closed: () => void;
}

export interface FollowerCounts {
  records: number;
  /** Bytes that were no records. */
  damagedBytes: number;
  /** Samples in segments that went because the log had grown to its bound. */
  lostSamples: number;
  /** Segments that were not there. */
  missingSegments: number;
}

/** Read at once; a record that is larger is held whole. */
const WINDOW_BYTES = 1024 ** 2;
/** No reference: one slot is left out of all that there are. */
const NO_REF = 0xffff_ffff;

export class LogFollower implements SegmentHolder {
  readonly counts: FollowerCounts = { records: 0, damagedBytes: 0, lostSamples: 0, missingSegments: 0 };
  readonly #deps: FollowerDeps;
  /** By slot, the series that were there at the beginning: only of these, the table says what older records mean. */
  readonly #known: Uint32Array;
  #segment: number;
  /** Of the next record. */
  #byte: number;
  #keptFrom: number;
  /** Segments before it have gone. */
  #goneBefore = 0;
  #file: TsdbFile | undefined;
  /** Bytes of the file from `#windowAt` on. */
  #window = Buffer.allocUnsafeSlow(WINDOW_BYTES);
  #windowAt = 0;
  #windowBytes = 0;

  constructor(from: LogPosition | undefined, deps: FollowerDeps) {
    this.#deps = deps;
    const { table, log } = deps;
    const { segment, byte } = from ?? log.end;
    // A position of another database: all of this one is new.
    const isForeign = segment > log.end.segment;
    this.#segment = isForeign ? 0 : segment;
    this.#byte = isForeign ? FILE_HEADER_BYTES : byte;
    this.#keptFrom = this.#segment;
    this.#known = new Uint32Array(table.slots).fill(NO_REF);
    for (let slot = 0; slot < table.slots; slot++) if (table.isLive(slot)) this.#known[slot] = table.refOf(slot);
  }

  /** Of the next record. */
  get position(): LogPosition {
    return { segment: this.#segment, byte: this.#byte };
  }

  get keptFrom(): number {
    return this.#keptFrom;
  }

  /** Of the log: what is before it can be read. */
  get end(): LogPosition {
    return this.#deps.log.end;
  }

  /** Whether all that is logged has been read. */
  get isAtEnd(): boolean {
    const { end } = this.#deps.log;
    return this.#segment === end.segment && this.#byte >= end.byte;
  }

  /** Lets segments before this one go, with the next snapshot. */
  keepFrom(segment: number): void {
    this.#keptFrom = segment;
  }

  /** Of a series that was there before the first record that was read. @returns undefined where nobody knows any more */
  labelsOf(ref: SeriesRef): LabelSet | undefined {
    if (this.#known[slotOf(ref)] !== ref) return undefined;
    const { table } = this.#deps;
    const slot = table.resolve(ref);
    return slot === NO_SLOT ? undefined : table.labelSet(slot);
  }

  /** Whether the head still has the series. */
  isLive(ref: SeriesRef): boolean {
    return this.#deps.table.resolve(ref) !== NO_SLOT;
  }

  /** The next record, as soon as it is logged. What is damaged is passed over, and counted.
   *  @throws the signal's reason, and what the file system throws; the position stays where it is
   *  Cost: that of a read for each MiB, and a checksum. */
  async next(signal: AbortSignal): Promise<LogRecord> {
    for (;;) {
      signal.throwIfAborted();
      if (this.#segment < this.#goneBefore) await this.#moveTo(this.#goneBefore);
      const { end } = this.#deps.log;
      const isComplete = this.#segment < end.segment;
      const limit = isComplete ? Number.POSITIVE_INFINITY : this.#segment === end.segment ? end.byte : 0;
      if (this.#byte >= limit) await this.#deps.log.moved(signal);
      else {
        const record = await this.#read(limit);
        if (record !== undefined) return record;
      }
    }
  }

  async lose(segment: number): Promise<void> {
    if (segment < this.#segment) return;
    const fromByte = segment === this.#segment ? this.#byte : FILE_HEADER_BYTES;
    this.#goneBefore = Math.max(this.#goneBefore, segment + 1);
    const { fs, folder } = this.#deps;
    const bytes = aligned(await fs.readFile(join(folder, segmentName(segment))));
    this.counts.lostSamples += countSamples(bytes, fromByte);
  }

  async close(): Promise<void> {
    this.#deps.closed();
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  /** @returns undefined where there was none, and the position has moved on */
  async #read(limit: number): Promise<LogRecord | undefined> {
    if (!(await this.#has(FRAME_HEAD_BYTES, limit))) return this.#passEnd();
    const size = frameSize(this.#window.subarray(0, this.#windowBytes), this.#byte - this.#windowAt);
    if (size === undefined) return this.#pass(8);
    if (!(await this.#has(size, limit))) return this.#passEnd();
    const frame = readFrame(this.#window.subarray(0, this.#windowBytes), this.#byte - this.#windowAt);
    const content = frame.status === 'record' ? readRecord(this.#window, frame) : undefined;
    if (content === undefined) return this.#pass(size);
    const position = this.position;
    this.#byte += size;
    this.counts.records++;
    return { ...this.#withSharedLabels(content), position };
  }

  #pass(bytes: number): undefined {
    this.counts.damagedBytes += bytes;
    this.#byte += bytes;
  }

  /** Behind the last whole record of a segment that has ended. */
  async #passEnd(): Promise<undefined> {
    if (this.#file !== undefined) this.counts.damagedBytes += this.#windowAt + this.#windowBytes - this.#byte;
    await this.#moveTo(await this.#segmentAfter(this.#segment));
  }

  /** @returns whether so many bytes from the position on are in the window */
  async #has(size: number, limit: number): Promise<boolean> {
    const at = this.#byte - this.#windowAt;
    if (at >= 0 && at + size <= this.#windowBytes) return true;
    this.#file ??= await this.#open();
    if (this.#file === undefined) return false;
    this.#slideTo(Math.max(WINDOW_BYTES, size));
    while (this.#windowBytes < size) {
      const position = this.#windowAt + this.#windowBytes;
      const room = Math.min(this.#window.length - this.#windowBytes, limit - position);
      const { bytesRead } = await this.#file.read(this.#window, this.#windowBytes, room, position);
      if (bytesRead === 0) return false;
      this.#windowBytes += bytesRead;
    }
    return true;
  }

  /** The window begins with the next record. */
  #slideTo(capacity: number): void {
    const at = this.#byte - this.#windowAt;
    const before = this.#window;
    const rest = at >= 0 && at <= this.#windowBytes ? before.subarray(at, this.#windowBytes) : before.subarray(0, 0);
    if (before.length !== capacity) this.#window = Buffer.allocUnsafeSlow(capacity);
    this.#window.set(rest);
    this.#windowAt = this.#byte;
    this.#windowBytes = rest.length;
  }

  async #open(): Promise<TsdbFile | undefined> {
    const { fs, folder } = this.#deps;
    try {
      return await fs.open(join(folder, segmentName(this.#segment)), 'r');
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
      return undefined;
    }
  }

  async #segmentAfter(segment: number): Promise<number> {
    const { fs, folder, log } = this.#deps;
    if (this.#file !== undefined) return segment + 1;
    const { segments } = sortFiles(await fs.readdir(folder));
    const next = segments.find((number) => number > segment) ?? log.end.segment;
    if (segment > 0) this.counts.missingSegments += next - segment;
    return next;
  }

  async #moveTo(segment: number): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    this.#segment = segment;
    this.#byte = FILE_HEADER_BYTES;
    this.#windowAt = 0;
    this.#windowBytes = 0;
    await file?.close();
  }

  /** The texts of the table in place of copies of them. */
  #withSharedLabels(content: LogRecordContent): LogRecordContent {
    if (content.kind !== 'series') return content;
    const { table } = this.#deps;
    const series = content.series.map(({ ref, labels }) => {
      const slot = table.resolve(ref);
      const shared = slot === NO_SLOT ? labels : table.labelSet(slot);
      return { ref, labels: isSame(labels, shared) ? shared : labels };
    });
    return { kind: 'series', series };
  }
}

function isSame(a: LabelSet, b: LabelSet): boolean {
  const { names, values } = a;
  return (
    names.length === b.names.length && names.every((name, at) => name === b.names[at] && values[at] === b.values[at])
  );
}
