import { read as fsRead, readSync } from 'node:fs';
import type { Clock } from '@vigie/core/clock';
import type { Batch } from '../batch/batch.ts';
import type { LaneLedger } from '../delivery/ledger.ts';
import { type Hold, Progress } from '../delivery/progress.ts';
import { decodeDockerRows, detectFormat } from '../framing/docker.ts';
import { type JoinedRow, joinFragments, writePartial } from '../framing/join.ts';
import { takePlainLines } from '../framing/plain.ts';
import type { FrameResult, Kernel } from '../kernel/kernel.ts';
import { FLAG_FRAGMENT, FLAG_PARTIAL, FLAG_STDERR, FLAG_TRUNCATED, FLAG_UNPARSED } from '../kernel/layout.ts';
import { joinLines, type Multiline, SPARE_ROWS, writeOpenRecord } from '../multiline/join-lines.ts';
import type { Catalog } from '../tail/catalog.ts';
import type { ContainerLog, Generation, GoneReason } from '../tail/generation.ts';
import { isSealed } from '../tail/generation.ts';
import { headOf, PREFIX_BYTES } from '../tail/head.ts';
import { readHead } from '../tail/read-head.ts';
import type { LogCursor } from './log-cursor.ts';
import type { Gap } from './resume.ts';

/** Rows framed from one read, waiting to be encoded. */
export interface PendingRows {
  readonly cursor: LogCursor;
  readonly progress: Progress;
  readonly rows: number;
  /** First row not encoded yet. */
  next: number;
  /** Keeps the checkpoint at the read's first byte. */
  readonly hold: Hold;
  readonly joined: readonly JoinedRow[];
  nextJoined: number;
}

export type ReadResult =
  | { readonly status: 'rows'; readonly pending: PendingRows; readonly bytes: number }
  /** Bytes of a line that is too long, one at least, were passed over. */
  | { readonly status: 'passed'; readonly bytes: number }
  /** Not before then, whatever is heard of the log meanwhile. */
  | { readonly status: 'wait'; readonly untilMs: number }
  /** Not before something is heard of the log. */
  | { readonly status: 'nothing' };

export interface ReaderOptions {
  readonly readBytes: number;
  readonly maxLineBytes: number;
  /** Ends last lines without a newline even in live files: nothing more will come. */
  readonly once: boolean;
  /** `detect`: as container runtimes write, told by each file's first line. */
  readonly format: 'detect' | 'plain';
  /** How lines become records where a log's plan does not say; undefined: each is one. */
  readonly multiline?: Multiline | undefined;
}

/** What the lane knows of its logs from before. */
export interface ReaderOrigin {
  begin(cursor: LogCursor, generation: Generation): Progress;
  gapBetween(log: ContainerLog, before: Generation, after: Generation): Gap;
}

export interface ReaderReports {
  readError(generation: Generation, error: unknown): void;
}

/** A writer that was told to reopen still ends the line it is at: containerd within a few ms. */
const SETTLE_MS = 100;
/** Small reads come from the page cache, where a thread-pool round trip costs more than the read. */
const SYNC_READ_BYTES = 64 * 1024;
const READ_RETRY_MS = 1_000;
const DOUBT_RETRY_MS = 25;
const NEWLINE = 0x0a;

/** Turns the next bytes of a log into rows in kernel memory. One per lane, as the kernel is. Every call moves forward by
 *  a byte or a record, or names what to wait for: whatever the files do, nobody who asks again and again spins. */
export class LaneReader {
  readonly #kernel: Kernel;
  readonly #batch: Batch;
  readonly #catalog: Catalog;
  readonly #clock: Clock;
  readonly #options: ReaderOptions;
  readonly #ledger: LaneLedger;
  readonly #reports: ReaderReports;
  readonly #origin: ReaderOrigin;
  readonly #prefix = Buffer.alloc(PREFIX_BYTES);

  constructor(
    batch: Batch,
    catalog: Catalog,
    clock: Clock,
    options: ReaderOptions,
    ledger: LaneLedger,
    reports: ReaderReports,
    origin: ReaderOrigin,
  ) {
    this.#kernel = batch.kernel;
    this.#batch = batch;
    this.#catalog = catalog;
    this.#clock = clock;
    this.#options = options;
    this.#ledger = ledger;
    this.#reports = reports;
    this.#origin = origin;
  }

  /** @param allowanceBytes how much the scheduler lets this log read now */
  async read(cursor: LogCursor, allowanceBytes: number): Promise<ReadResult> {
    for (;;) {
      const result = await this.#readOnce(cursor, allowanceBytes);
      if (result !== 'again') return result;
    }
  }

  /** @returns 'again' after it noted something of a generation that leads elsewhere now, and no second time */
  async #readOnce(cursor: LogCursor, allowanceBytes: number): Promise<ReadResult | 'again'> {
    const picked = this.#pick(cursor);
    if (picked.status === 'generation' && !this.#heedGap(cursor, picked.progress.generation))
      return this.#waitForScan();
    const { interrupted } = cursor.partials;
    const ended = interrupted === undefined ? undefined : this.flushPartial(cursor, interrupted);
    if (ended !== undefined) return { status: 'rows', pending: ended, bytes: 0 };
    if (picked.status !== 'generation') return picked;
    const { progress, endsHere } = picked;
    const { generation } = progress;
    const input = this.#kernel.regions.input;
    const regionBytes = input.end - input.start;
    const fairBytes = Math.min(regionBytes, Math.max(allowanceBytes, this.#options.readBytes));
    const length = progress.longLine ? regionBytes : fairBytes;
    const position = progress.readOffset;
    let bytes: number;
    try {
      const outcome =
        generation.encoding === 'gzip'
          ? await this.#readGzip(cursor, progress, length)
          : await this.#readPlain(progress, length);
      if (outcome === 'doubt') return this.#doubt(generation);
      bytes = outcome;
    } catch (error) {
      this.#reports.readError(generation, error);
      cursor.failures++;
      return {
        status: 'wait',
        untilMs: this.#clock.monotonicMs() + Math.min(READ_RETRY_MS * cursor.failures, 30_000),
      };
    }
    cursor.failures = 0;
    if (bytes === 0) {
      // The size said more than the file has: an archive's trailer, or a truncation that a scan will sort out.
      if (generation.encoding === 'gzip') {
        generation.sizeBytes = position;
        return 'again';
      }
      progress.stuckAtBytes = generation.sizeBytes;
      return this.#doubt(generation);
    }
    if (position + bytes > generation.sizeBytes) generation.sizeBytes = position + bytes;
    if (position + bytes > generation.certainBytes) generation.certainBytes = position + bytes;
    cursor.movedAtMs = this.#clock.monotonicMs();
    cursor.format ??=
      this.#options.format === 'plain'
        ? 'plain'
        : detectFormat(
            position === 0
              ? this.#kernel.memory.subarray(input.start, input.start + bytes)
              : (generation.head?.prefix ?? new Uint8Array(0)),
          );
    if (progress.skipping !== undefined) return this.#skip(progress, bytes);
    const atEnd = endsHere && position + bytes >= generation.sizeBytes;
    return this.#frame(cursor, progress, bytes, length, atEnd);
  }

  #doubt(generation: Generation): ReadResult {
    this.#catalog.doubt(generation);
    return this.#waitForScan();
  }

  #waitForScan(): ReadResult {
    return { status: 'wait', untilMs: this.#clock.monotonicMs() + DOUBT_RETRY_MS };
  }

  /** The record of a stream whose end did not come in time, as rows of its own. */
  flushPartial(cursor: LogCursor, stderr: boolean): PendingRows | undefined {
    const partial = cursor.partials.get(stderr);
    if (partial === undefined) return undefined;
    const kernel = this.#kernel;
    this.#batch.reset();
    this.#batch.rowCount = 1;
    writePartial(kernel, 0, partial.bytes.subarray(0, partial.length), partial.time);
    kernel.table.setLine(0, 0, 0);
    kernel.table.setExtra(0, 0, 0);
    kernel.table.setOffset(0, partial.offset);
    kernel.table.setRawBytes(0, partial.rawBytes);
    kernel.table.setFlags(0, FLAG_PARTIAL | (stderr ? FLAG_STDERR : 0) | (partial.truncated ? FLAG_TRUNCATED : 0));
    cursor.partials.close(stderr);
    this.#ledger.partialRecords++;
    this.#ledger.readRecords++;
    return {
      cursor,
      progress: partial.hold.progress,
      rows: 1,
      next: 0,
      hold: partial.hold,
      joined: [],
      nextJoined: 0,
    };
  }

  /** The record of a stream that got no further line in time, as a row of its own. */
  flushOpen(cursor: LogCursor, stderr: boolean): PendingRows | undefined {
    const record = cursor.open.take(stderr);
    if (record === undefined) return undefined;
    this.#batch.reset();
    this.#batch.rowCount = 1;
    writeOpenRecord(this.#kernel, 0, record);
    this.#ledger.readRecords++;
    const { hold } = record;
    return { cursor, progress: hold.progress, rows: 1, next: 0, hold, joined: [], nextJoined: 0 };
  }

  #pick(
    cursor: LogCursor,
  ):
    | { readonly status: 'generation'; readonly progress: Progress; readonly endsHere: boolean }
    | Exclude<ReadResult, { status: 'rows' }> {
    const nowMs = this.#clock.monotonicMs();
    const { once } = this.#options;
    let waitMs: number | undefined;
    for (const generation of cursor.log.generations) {
      const progress = cursor.find(generation) ?? this.#origin.begin(cursor, generation);
      if (progress.abandoned) continue;
      if (generation.gone !== undefined) {
        this.#abandon(cursor, progress);
        continue;
      }
      const ends = once || isSealed(generation, nowMs);
      if (progress.readOffset < generation.sizeBytes) {
        const stuck = progress.stuckAtBytes === generation.sizeBytes;
        if (!stuck || ends) return { status: 'generation', progress, endsHere: ends };
        if (generation.live) continue;
        // What completes the line comes before what is in the next file.
        if (nowMs - generation.grownAtMs < SETTLE_MS) {
          return { status: 'wait', untilMs: generation.grownAtMs + SETTLE_MS };
        }
        waitMs = Math.min(waitMs ?? Infinity, nowMs + SETTLE_MS * 10);
        continue;
      }
      if (generation.cutFromBytes !== undefined) this.#countCut(cursor, progress, generation.cutFromBytes);
      if (!generation.live && !once && nowMs - generation.grownAtMs < SETTLE_MS) {
        return { status: 'wait', untilMs: generation.grownAtMs + SETTLE_MS };
      }
    }
    return waitMs === undefined ? { status: 'nothing' } : { status: 'wait', untilMs: waitMs };
  }

  /** Its unread bytes are gone: counted, never silent. */
  #abandon(cursor: LogCursor, progress: Progress): void {
    const { generation } = progress;
    if (generation.cutFromBytes !== undefined) this.#countCut(cursor, progress, generation.cutFromBytes);
    this.#lose(cursor, generation, generation.gone ?? 'deleted', generation.sizeBytes - progress.readOffset);
    progress.abandoned = true;
    if (progress.skipping !== undefined) progress.release(progress.skipping);
    progress.skipping = undefined;
  }

  /** Bytes beyond the end of the copy that took its place. */
  #countCut(cursor: LogCursor, progress: Progress, cutFromBytes: number): void {
    if (progress.cutCounted) return;
    progress.cutCounted = true;
    const { generation, readOffset } = progress;
    this.#lose(cursor, generation, 'truncated', cutFromBytes - Math.max(readOffset, generation.sizeBytes));
  }

  #lose(cursor: LogCursor, generation: Generation, reason: GoneReason, bytes: number): void {
    if (bytes <= 0) return;
    this.#ledger.lost(reason, bytes);
    const { generations } = cursor.log;
    const at = generations.indexOf(generation);
    for (const open of cursor.waiting()) {
      if (generations.indexOf(open.hold.progress.generation) <= at) open.interrupted = true;
    }
  }

  /** What is open goes on in the next generation, but not in the one after a generation that vanished.
   *  @returns false while nobody can tell */
  #heedGap(cursor: LogCursor, next: Generation): boolean {
    const { lastRead, log } = cursor;
    if (!cursor.isWaiting || lastRead === undefined || lastRead === next) return true;
    const gap = this.#origin.gapBetween(log, lastRead, next);
    if (gap === 'unsure') return false;
    if (gap === 'none') return true;
    for (const open of cursor.waiting()) open.interrupted = true;
    return true;
  }

  async #readPlain(progress: Progress, length: number): Promise<number | 'doubt'> {
    const { generation } = progress;
    const start = this.#kernel.regions.input.start;
    const acquired = this.#catalog.descriptors.acquire(generation);
    if (acquired.status === 'moved') return 'doubt';
    if (acquired.status === 'failed') throw acquired.error;
    const { fd } = acquired;
    try {
      const position = progress.readOffset;
      const small = generation.sizeBytes - position <= SYNC_READ_BYTES;
      const bytes = small
        ? readSync(fd, this.#kernel.memory, start, length, position)
        : await readAsync(fd, this.#kernel.memory, start, length, position);
      return this.#opensAsKnown(generation, fd, position, bytes) ? bytes : 'doubt';
    } finally {
      this.#catalog.descriptors.release(generation, fd);
    }
  }

  /** Verified after the read: a truncation before it shows in the file's first bytes now. */
  #opensAsKnown(generation: Generation, fd: number, position: number, bytes: number): boolean {
    const start = this.#kernel.regions.input.start;
    if (generation.head === undefined) {
      const window = position === 0 ? this.#kernel.memory.subarray(start, start + bytes) : readHead(fd);
      generation.head = headOf(window);
      return true;
    }
    const { prefix } = generation.head;
    if (position === 0 && bytes >= prefix.length) {
      return prefix.equals(this.#kernel.memory.subarray(start, start + prefix.length));
    }
    const found = readSync(fd, this.#prefix, 0, prefix.length, 0);
    return prefix.equals(this.#prefix.subarray(0, found));
  }

  async #readGzip(cursor: LogCursor, progress: Progress, length: number): Promise<number | 'doubt'> {
    const { generation } = progress;
    if (generation.path === undefined) return 'doubt';
    const reader = cursor.gzip(generation, generation.path);
    // All of the first line, by which the archive is known.
    const known = (generation.head?.length ?? 0) - progress.readOffset;
    const { input } = this.#kernel.regions;
    try {
      const bytes = await reader.read(this.#kernel.memory, input.start, Math.max(length, known), progress.readOffset);
      if (generation.head === undefined || reader.beginsWith(generation.head)) return bytes;
      cursor.closeGzip();
      return 'doubt';
    } catch (error) {
      cursor.closeGzip();
      if (error instanceof Error && 'code' in error) {
        if (error.code === 'ENOENT') return 'doubt';
        if (typeof error.code === 'string' && error.code.startsWith('Z_')) {
          this.#reports.readError(generation, error);
          generation.gone = 'corrupt_gzip';
          return 'doubt';
        }
      }
      throw error;
    }
  }

  /** Passes over the rest of a line of which the beginning was shipped. */
  #skip(progress: Progress, bytes: number): ReadResult {
    const start = this.#kernel.regions.input.start;
    const window = this.#kernel.memory.subarray(start, start + bytes);
    const newline = window.indexOf(NEWLINE);
    const passed = newline < 0 ? bytes : newline + 1;
    progress.readOffset += passed;
    this.#ledger.read(passed);
    this.#ledger.dropped('truncated', passed, 0);
    if (newline >= 0 && progress.skipping !== undefined) {
      progress.release(progress.skipping);
      progress.skipping = undefined;
    }
    return { status: 'passed', bytes: passed };
  }

  #frame(cursor: LogCursor, progress: Progress, bytes: number, asked: number, atEnd: boolean): ReadResult | 'again' {
    const kernel = this.#kernel;
    const { input } = kernel.regions;
    const position = progress.readOffset;
    this.#batch.reset();
    this.#writeReadTime();
    let framed = this.#frameBytes(cursor, bytes, position);
    let { rows, consumedBytes } = framed;
    let flag = 0;
    if (rows === 0) {
      const overlong = bytes >= input.end - input.start;
      if (!overlong && !atEnd) {
        // Asked for less than the region holds: take all of it before calling the line unfinished.
        if (bytes >= asked) {
          progress.longLine = true;
          return 'again';
        }
        progress.stuckAtBytes = progress.generation.sizeBytes;
        return position + bytes < progress.generation.sizeBytes ? this.#doubt(progress.generation) : 'again';
      }
      // A newline in the slack behind the input ends the line for the kernel; it is not counted.
      this.#kernel.memory[input.start + bytes] = NEWLINE;
      framed = this.#frameBytes(cursor, bytes + 1, position);
      rows = framed.rows;
      consumedBytes = bytes;
      kernel.table.setRawBytes(0, bytes);
      flag = overlong ? FLAG_TRUNCATED : FLAG_PARTIAL;
      kernel.table.setFlags(0, kernel.table.flags(0) | flag);
      progress.generation.head ??= headOf(this.#kernel.memory.subarray(input.start, input.start + bytes), true);
    }
    const hold = progress.hold(position);
    for (const stderr of [false, true]) {
      for (const open of [cursor.partials.get(stderr), cursor.open.get(stderr)]) {
        if (open === undefined) continue;
        Progress.tie(hold, open.hold);
        if (!progress.entered) progress.follow(open.hold, position);
      }
    }
    progress.entered = true;
    if (flag === FLAG_TRUNCATED) {
      hold.users++;
      progress.skipping = hold;
    }
    progress.longLine = false;
    cursor.lastRead = progress.generation;
    progress.readOffset = position + consumedBytes;
    this.#ledger.read(consumedBytes);
    const nowMs = this.#clock.monotonicMs();
    const joined: JoinedRow[] = [];
    let fragments = framed.fragmentRows;
    let unparsed = framed.unparsedRows;
    if (cursor.format === 'docker') {
      const decoded = decodeDockerRows(kernel, rows);
      fragments = decoded.fragments;
      unparsed = rows - decoded.parsed;
    }
    if (cursor.format === 'plain') {
      takePlainLines(kernel, rows);
      unparsed = 0;
    }
    if (flag === FLAG_PARTIAL && fragments > 0) {
      // Nothing will complete it: the last fragment ends its record here.
      kernel.table.setFlags(0, kernel.table.flags(0) & ~FLAG_FRAGMENT);
      fragments = 0;
    }
    this.#cutLongMessages(rows);
    if (unparsed > 0) {
      this.#ledger.unparsedRecords += unparsed;
    }
    this.#learnTime(cursor, rows, unparsed);
    if (fragments > 0 || !cursor.partials.isEmpty) {
      joinFragments(kernel, rows, cursor.partials, cursor.open, progress, this.#ledger, nowMs, joined);
    }
    if (flag === FLAG_PARTIAL) this.#ledger.partialRecords++;
    let records = rows - fragments;
    const multiline = cursor.plan?.multiline ?? this.#options.multiline;
    if (multiline !== undefined) {
      const { partials, open } = cursor;
      const { maxLineBytes } = this.#options;
      const read = { kernel, rows, multiline, open, partials, progress, position, joined, nowMs, maxLineBytes };
      const lines = joinLines(read);
      rows = lines.rows;
      records += lines.records;
      this.#ledger.cutRecords += lines.cut;
    }
    this.#ledger.readRecords += records;
    this.#batch.rowCount = rows;
    this.#batch.fragmentRows = fragments;
    this.#batch.unparsedRows = unparsed;
    const pending = { cursor, progress, rows, next: 0, hold, joined, nextJoined: 0 };
    return { status: 'rows', pending, bytes: consumedBytes };
  }

  #frameBytes(cursor: LogCursor, bytes: number, position: number): FrameResult {
    const kernel = this.#kernel;
    const { input, readTime } = kernel.regions;
    const maxRows = kernel.table.maxRows - SPARE_ROWS;
    return cursor.format !== 'cri'
      ? kernel.frameLines(input.start, bytes, position, readTime.start, this.#readTimeLength, maxRows)
      : kernel.frameCri(input.start, bytes, position, readTime.start, this.#readTimeLength, maxRows);
  }

  #readTimeLength = 0;

  #writeReadTime(): void {
    const text = new Date(this.#clock.nowMs()).toISOString();
    this.#readTimeLength = this.#kernel.memory.write(text, this.#kernel.regions.readTime.start, 'latin1');
  }

  #cutLongMessages(rows: number): void {
    const { table } = this.#kernel;
    const limit = this.#options.maxLineBytes;
    for (let row = 0; row < rows; row++) {
      const length = table.messageLength(row);
      if (length <= limit) continue;
      const cut = length - limit;
      table.setMessage(row, table.messageStart(row), limit);
      table.setRawBytes(row, table.rawBytes(row) - cut);
      table.setFlags(row, table.flags(row) | FLAG_TRUNCATED);
      this.#ledger.dropped('truncated', cut, 0);
      this.#ledger.truncatedRecords++;
    }
  }

  #learnTime(cursor: LogCursor, rows: number, unparsed: number): void {
    const { table } = this.#kernel;
    const row = rows - 1;
    if (unparsed > 0 && (table.flags(row) & FLAG_UNPARSED) !== 0) return;
    const start = table.timeStart(row);
    const timeMs = Date.parse(this.#kernel.memory.toString('latin1', start, start + table.timeLength(row)));
    if (!Number.isNaN(timeMs)) cursor.recordTimeMs = timeMs;
  }
}

function readAsync(fd: number, buffer: Buffer, start: number, length: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fsRead(fd, buffer, start, length, position, (error, bytes) => {
      if (error === null) resolve(bytes);
      else reject(error);
    });
  });
}
