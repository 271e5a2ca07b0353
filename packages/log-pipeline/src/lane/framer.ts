import type { Clock } from '@vigie/core/clock';
import type { Batch } from '../batch/batch.ts';
import type { LaneLedger } from '../delivery/ledger.ts';
import { type Hold, Progress } from '../delivery/progress.ts';
import { decodeDockerRows } from '../framing/docker.ts';
import { type JoinedRow, joinFragments } from '../framing/join.ts';
import { takePlainLines } from '../framing/plain.ts';
import type { FrameResult } from '../kernel/kernel.ts';
import { FLAG_FRAGMENT, FLAG_PARTIAL, FLAG_TRUNCATED, FLAG_UNPARSED } from '../kernel/layout.ts';
import { joinLines, type Multiline, SPARE_ROWS } from '../multiline/join-lines.ts';
import { headOf } from '../tail/head.ts';
import type { LogCursor } from './log-cursor.ts';
import type { PendingRows } from './pending-rows.ts';

export interface FramerOptions {
  /** Of a message: what is beyond is cut off, flagged and counted. */
  readonly maxLineBytes: number;
  /** How lines become records where a log's plan does not say; undefined: each is one. */
  readonly multiline?: Multiline | undefined;
}

/** How the only row of a read ended that had no newline. */
type Unended = typeof FLAG_PARTIAL | typeof FLAG_TRUNCATED;

const NEWLINE = 0x0a;

/** Makes rows of the bytes in the kernel's input: lines are framed and taken for what their format says, fragments and
 *  lines that belong together are joined, and the log's progress moves behind them. */
export class Framer {
  readonly #batch: Batch;
  readonly #clock: Clock;
  readonly #ledger: LaneLedger;
  readonly #options: FramerOptions;
  #readTimeLength = 0;

  constructor(batch: Batch, clock: Clock, ledger: LaneLedger, options: FramerOptions) {
    this.#batch = batch;
    this.#clock = clock;
    this.#ledger = ledger;
    this.#options = options;
  }

  /** @param bytes how many are in the input, from the progress' `readOffset` on
   *  @param atEnd nothing comes behind them: what is left without a newline is a line
   *  @returns undefined where there is no whole line among them, and more may come */
  frame(cursor: LogCursor, progress: Progress, bytes: number, atEnd: boolean): PendingRows | undefined {
    const { input } = this.#batch.kernel.regions;
    const position = progress.readOffset;
    this.#batch.reset();
    this.#writeReadTime();
    const framed = this.#frameBytes(cursor, bytes, position);
    let { consumedBytes } = framed;
    let unended: Unended | undefined;
    if (framed.rows > 0) this.#batch.hold(framed);
    else {
      const overlong = bytes >= input.end - input.start;
      if (!overlong && !atEnd) return undefined;
      unended = overlong ? FLAG_TRUNCATED : FLAG_PARTIAL;
      consumedBytes = bytes;
      this.#frameUnended(cursor, progress, bytes, unended);
    }
    const hold = this.#hold(cursor, progress, position);
    if (unended === FLAG_TRUNCATED) {
      hold.users++;
      progress.skipping = hold;
    }
    progress.longLine = false;
    cursor.lastRead = progress.generation;
    progress.readOffset = position + consumedBytes;
    this.#ledger.read(consumedBytes);
    this.#decode(cursor, unended);
    const joined: JoinedRow[] = [];
    this.#join(cursor, progress, position, joined);
    return { cursor, progress, rows: this.#batch.rowCount, next: 0, hold, joined, nextJoined: 0 };
  }

  /** Passes over the rest of a line of which the beginning was shipped.
   *  @returns bytes passed over, one at least */
  passOver(progress: Progress, bytes: number): number {
    const { memory, regions } = this.#batch.kernel;
    const { start } = regions.input;
    const newline = memory.subarray(start, start + bytes).indexOf(NEWLINE);
    const passed = newline < 0 ? bytes : newline + 1;
    progress.readOffset += passed;
    this.#ledger.read(passed);
    this.#ledger.dropped('truncated', passed, 0);
    if (newline >= 0 && progress.skipping !== undefined) {
      progress.release(progress.skipping);
      progress.skipping = undefined;
    }
    return passed;
  }

  #frameBytes(cursor: LogCursor, bytes: number, position: number): FrameResult {
    const { kernel } = this.#batch;
    const { input, readTime } = kernel.regions;
    const maxRows = kernel.table.maxRows - SPARE_ROWS;
    return cursor.format !== 'cri'
      ? kernel.frameLines(input.start, bytes, position, readTime.start, this.#readTimeLength, maxRows)
      : kernel.frameCri(input.start, bytes, position, readTime.start, this.#readTimeLength, maxRows);
  }

  /** A newline in the slack behind the input ends the line for the kernel; it is not counted. */
  #frameUnended(cursor: LogCursor, progress: Progress, bytes: number, unended: Unended): void {
    const { memory, regions, table } = this.#batch.kernel;
    const { start } = regions.input;
    memory[start + bytes] = NEWLINE;
    this.#batch.hold(this.#frameBytes(cursor, bytes + 1, progress.readOffset));
    table.setRawBytes(0, bytes);
    table.setFlags(0, table.flags(0) | unended);
    progress.generation.head ??= headOf(memory.subarray(start, start + bytes), true);
  }

  /** Keeps the checkpoint at the read's first byte, and as long as that what is open there: reading again would find it
   *  without its beginning. */
  #hold(cursor: LogCursor, progress: Progress, position: number): Hold {
    const hold = progress.hold(position);
    for (const stderr of [false, true]) {
      for (const open of [cursor.partials.get(stderr), cursor.open.get(stderr)]) {
        if (open === undefined) continue;
        Progress.tie(hold, open.hold);
        if (!progress.entered) progress.follow(open.hold, position);
      }
    }
    progress.entered = true;
    return hold;
  }

  /** Takes lines for what their format says. */
  #decode(cursor: LogCursor, unended: Unended | undefined): void {
    const batch = this.#batch;
    const { kernel, table, rowCount: rows } = batch;
    if (cursor.format === 'docker') {
      const decoded = decodeDockerRows(kernel, rows);
      batch.fragmentRows = decoded.fragments;
      batch.unparsedRows = rows - decoded.parsed;
    }
    if (cursor.format === 'plain') {
      takePlainLines(kernel, rows);
      batch.unparsedRows = 0;
    }
    if (unended === FLAG_PARTIAL) {
      // Nothing will complete it: the last fragment ends its record here.
      if (batch.fragmentRows > 0) table.setFlags(0, table.flags(0) & ~FLAG_FRAGMENT);
      batch.fragmentRows = 0;
      this.#ledger.partialRecords++;
    }
    this.#cutLongMessages(rows);
    this.#ledger.unparsedRecords += batch.unparsedRows;
    this.#learnTime(cursor);
  }

  /** Joins fragments to lines, and lines to records.
   *  @param joined receives the claims of joined rows */
  #join(cursor: LogCursor, progress: Progress, position: number, joined: JoinedRow[]): void {
    const batch = this.#batch;
    const { kernel } = batch;
    const { partials, open } = cursor;
    const nowMs = this.#clock.monotonicMs();
    if (batch.fragmentRows > 0 || !partials.isEmpty) {
      joinFragments(kernel, batch.rowCount, partials, open, progress, this.#ledger, nowMs, joined);
    }
    this.#ledger.readRecords += batch.rowCount - batch.fragmentRows;
    const multiline = cursor.plan?.multiline ?? this.#options.multiline;
    if (multiline === undefined) return;
    const { maxLineBytes } = this.#options;
    const { rowCount: rows } = batch;
    const lines = joinLines({
      kernel,
      rows,
      multiline,
      open,
      partials,
      progress,
      position,
      joined,
      nowMs,
      maxLineBytes,
    });
    batch.rowCount = lines.rows;
    this.#ledger.readRecords += lines.records;
    this.#ledger.cutRecords += lines.cut;
  }

  /** What a line without a time of its own gets. */
  #writeReadTime(): void {
    const { memory, regions } = this.#batch.kernel;
    const text = new Date(this.#clock.nowMs()).toISOString();
    this.#readTimeLength = memory.write(text, regions.readTime.start, 'latin1');
  }

  #cutLongMessages(rows: number): void {
    const { table } = this.#batch;
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

  /** Of the newest row. */
  #learnTime(cursor: LogCursor): void {
    const { table, kernel, rowCount, unparsedRows } = this.#batch;
    const row = rowCount - 1;
    if (unparsedRows > 0 && (table.flags(row) & FLAG_UNPARSED) !== 0) return;
    const start = table.timeStart(row);
    const timeMs = Date.parse(kernel.memory.toString('latin1', start, start + table.timeLength(row)));
    if (!Number.isNaN(timeMs)) cursor.recordTimeMs = timeMs;
  }
}
