import { bug } from '@vigie/core/errors';
import { type Hold, Progress } from '../delivery/progress.ts';
import type { JoinedRow } from '../framing/join.ts';
import type { Partials } from '../framing/partials.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { FLAG_FRAGMENT, FLAG_PARTIAL, FLAG_STDERR, FLAG_TRUNCATED, FLAG_UNPARSED } from '../kernel/layout.ts';
import { Extents } from './extents.ts';
import type { OpenRecord, OpenRecords } from './open-records.ts';
import type { MultilineRule } from './rule.ts';

/** How the lines of a container become records. A stream without a rule keeps its lines apart. */
export interface Multiline {
  readonly stdout: MultilineRule | undefined;
  readonly stderr: MultilineRule | undefined;
  readonly maxLines: number;
  /** Of the joined message. */
  readonly maxBytes: number;
  /** A record is complete when nothing was added for so long. */
  readonly timeoutMs: number;
}

/** Rows that the table must have free behind those of a read: what is open of each stream comes out before them. */
export const SPARE_ROWS = 2;

export interface LinesToJoin {
  readonly kernel: Kernel;
  readonly rows: number;
  readonly multiline: Multiline;
  readonly open: OpenRecords;
  readonly partials: Partials;
  /** Of the generation that the rows come from. */
  readonly progress: Progress;
  /** Offset in it of the first byte of this read. */
  readonly position: number;
  /** Claims of rows, in row order; brought up to date. */
  readonly joined: JoinedRow[];
  readonly nowMs: number;
  /** Of a message, joined or not. */
  readonly maxLineBytes: number;
}

export interface JoinedLines {
  readonly rows: number;
  /** Records that there are more now than before: lines that were folded and kept open count down, open records that
   *  came out count up. */
  readonly records: number;
  /** Records that had to end because of a limit. */
  readonly cut: number;
}

const NEWLINE = 0x0a;
const KEPT_FLAGS = FLAG_STDERR | FLAG_TRUNCATED | FLAG_PARTIAL;
/** Lines of no record of their own: encoding skips them. */
const FOLDED = FLAG_FRAGMENT;

/** Folds the lines of each stream into records: the first line's row takes the joined message, the others are flagged.
 *  The last record of each stream stays open, because its next line may be in the next read; what was open before and
 *  is complete now gets a row in front. Unparsed lines pass untouched: they belong to no stream.
 *  Cost: the rule for every line; a copy of what is joined, of the last record, and of the table where rows come before it */
export function joinLines(lines: LinesToJoin): JoinedLines {
  return new Joiner(lines).join();
}

class Joiner {
  readonly #lines: LinesToJoin;
  readonly #maxBytes: number;
  readonly #claims = new Map<number, Hold[]>();
  /** Rows of each stream's current record that lie in this read. */
  readonly #current: readonly [number[], number[]] = [[], []];
  readonly #currentBytes: [number, number] = [0, 0];
  readonly #complete: OpenRecord[] = [];
  readonly #extents = new Extents();
  /** Where the newest line stands that was added to what each stream had open before this read. */
  readonly #openEnd: [number, number] = [-1, -1];
  #records = 0;
  #cut = 0;

  constructor(lines: LinesToJoin) {
    this.#lines = lines;
    this.#maxBytes = Math.min(lines.multiline.maxBytes, lines.maxLineBytes);
    for (const { row, hold } of lines.joined) {
      this.#claims.set(row, [hold]);
      this.#addExtent(hold, this.#lineOffset(row));
    }
  }

  join(): JoinedLines {
    const { kernel, rows, multiline, open } = this.#lines;
    const { table, memory } = kernel;
    for (let row = 0; row < rows; row++) {
      const flags = table.flags(row);
      if ((flags & (FLAG_FRAGMENT | FLAG_UNPARSED)) !== 0) continue;
      const stream = (flags & FLAG_STDERR) === 0 ? 0 : 1;
      const rule = stream === 0 ? multiline.stdout : multiline.stderr;
      if (rule === undefined) continue;
      const start = table.messageStart(row);
      const length = table.messageLength(row);
      const next = rule.next(open.states[stream], memory, start, start + length);
      open.states[stream] = next < 0 ? ~next : next;
      if (next < 0 || !this.#goOn(stream, row, length)) this.#begin(stream, row, length);
    }
    this.#keepOpen();
    this.#keepBeforeFragments();
    const shift = this.#emitComplete(rows);
    return { rows: rows + shift, records: this.#records, cut: this.#cut };
  }

  /** @returns false where there is nothing to go on with, or it may not grow */
  #goOn(stream: 0 | 1, row: number, length: number): boolean {
    const { kernel, multiline, open, nowMs } = this.#lines;
    const current = this.#current[stream];
    if (current.length > 0) {
      if (current.length >= multiline.maxLines || this.#currentBytes[stream] + 1 + length > this.#maxBytes) {
        this.#cut++;
        return false;
      }
      current.push(row);
      this.#currentBytes[stream] += 1 + length;
      return true;
    }
    const record = open.get(stream === 1);
    if (record === undefined || record.interrupted) return false;
    const fits = record.lines < multiline.maxLines && record.length + 1 + length <= this.#maxBytes;
    if (!fits || !open.hasRoom(length + 1)) {
      this.#cut++;
      return false;
    }
    this.#append(record, row, nowMs);
    this.#openEnd[stream] = this.#lineOffset(row);
    kernel.table.setFlags(row, kernel.table.flags(row) | FOLDED);
    this.#records--;
    return true;
  }

  #begin(stream: 0 | 1, row: number, length: number): void {
    const complete = this.#lines.open.take(stream === 1);
    if (complete !== undefined) {
      this.#complete.push(complete);
      if (this.#openEnd[stream] >= 0) this.#extents.addHeld(complete.hold, this.#openEnd[stream]);
    }
    this.#fold(stream);
    this.#current[stream].push(row);
    this.#currentBytes[stream] = length;
  }

  /** Ends the stream's current record: its lines become one message in the first one's row. */
  #fold(stream: 0 | 1): void {
    const { table, memory, arena } = this.#lines.kernel;
    const current = this.#current[stream];
    const [first] = current;
    const last = current.at(-1);
    if (first !== undefined && last !== undefined && last !== first) {
      const [claim] = this.#claims.get(first) ?? [];
      if (claim === undefined) this.#extents.add(table.offset(first), this.#lineOffset(last));
      else this.#addExtent(claim, this.#lineOffset(last));
      const at = arena.alloc(this.#currentBytes[stream]);
      if (at < 0) throw bug('the arena is too small for the joined lines of one read');
      let out = at;
      let flags = 0;
      let rawBytes = 0;
      for (const row of current) {
        if (row !== first) memory[out++] = NEWLINE;
        const start = table.messageStart(row);
        memory.copyWithin(out, start, start + table.messageLength(row));
        out += table.messageLength(row);
        flags |= table.flags(row) & KEPT_FLAGS;
        rawBytes += table.rawBytes(row);
        if (row === first) continue;
        table.setFlags(row, table.flags(row) | FOLDED);
        this.#moveClaims(row, first);
      }
      table.setMessage(first, at, out - at);
      table.setFlags(first, table.flags(first) | flags);
      table.setRawBytes(first, rawBytes);
      this.#records -= current.length - 1;
    }
    current.length = 0;
  }

  #moveClaims(from: number, to: number): void {
    const claims = this.#claims.get(from);
    if (claims === undefined) return;
    this.#claims.delete(from);
    this.#claims.set(to, [...(this.#claims.get(to) ?? []), ...claims]);
  }

  /** Takes the last record of each stream out of this read, as far as there is room to keep it. */
  #keepOpen(): void {
    const { kernel, open, nowMs } = this.#lines;
    const { table, memory } = kernel;
    const streams: readonly (0 | 1)[] = (this.#current[0][0] ?? 0) <= (this.#current[1][0] ?? 0) ? [0, 1] : [1, 0];
    for (const stream of streams) {
      const current = this.#current[stream];
      const [first] = current;
      if (first === undefined) continue;
      if (!open.hasRoom(this.#currentBytes[stream])) {
        this.#cut++;
        this.#fold(stream);
        continue;
      }
      const time = table.timeStart(first);
      const record: OpenRecord = {
        time: Uint8Array.from(memory.subarray(time, time + table.timeLength(first))),
        offset: table.offset(first),
        hold: this.#holdOf(first),
        bytes: new Uint8Array(this.#currentBytes[stream]),
        length: 0,
        rawBytes: 0,
        flags: 0,
        lines: 0,
        interrupted: false,
        touchedAtMs: nowMs,
      };
      open.open(stream === 1, record);
      for (const row of current) {
        this.#append(record, row, nowMs);
        table.setFlags(row, table.flags(row) | FOLDED);
      }
      this.#records -= current.length;
      current.length = 0;
    }
  }

  /** Keeps the checkpoint before a record that stays open. Reading again from there must find whatever else was begun
   *  before it and is still open, and the other way round. */
  #holdOf(row: number): Hold {
    const { kernel, progress, open, partials } = this.#lines;
    const [claimed] = this.#claims.get(row) ?? [];
    // It began as a fragment: that claim is the record's now.
    if (claimed !== undefined) this.#claims.delete(row);
    if (claimed !== undefined && !this.#isOfThisRead(claimed)) return claimed;
    const start = claimed?.start ?? kernel.table.offset(row);
    const kept: Hold[] = [];
    const cut = this.#extents.cleanCut(start, (hold) => kept.push(hold));
    const hold = claimed ?? progress.hold(cut);
    if (claimed !== undefined && cut < start) claimed.before.push(progress.hold(cut));
    for (const earlier of kept) Progress.tie(hold, earlier);
    for (const stderr of [false, true]) {
      for (const other of [partials.get(stderr)?.hold, open.get(stderr)?.hold]) {
        if (other === undefined) continue;
        const begins = other.progress === progress ? other.start : -Infinity;
        if (begins < cut) Progress.tie(hold, other);
        else if (begins > start) Progress.tie(other, hold);
      }
    }
    return hold;
  }

  /** A fragment of this read that waits for its end may stand inside a record of the other stream. */
  #keepBeforeFragments(): void {
    const { partials, progress } = this.#lines;
    for (const stderr of [false, true]) {
      const hold = partials.get(stderr)?.hold;
      if (hold === undefined || !this.#isOfThisRead(hold)) continue;
      const cut = this.#extents.cleanCut(hold.start, (earlier) => Progress.tie(hold, earlier));
      if (cut < hold.start) hold.before.push(progress.hold(cut));
    }
  }

  #addExtent(hold: Hold, end: number): void {
    if (this.#isOfThisRead(hold)) this.#extents.add(hold.start, end);
    else this.#extents.addHeld(hold, end);
  }

  #isOfThisRead({ progress, start }: Hold): boolean {
    return progress === this.#lines.progress && start >= this.#lines.position;
  }

  /** Of the line that a row was made of, or of the last one. */
  #lineOffset(row: number): number {
    const { kernel, position } = this.#lines;
    return position + kernel.table.lineStart(row) - kernel.regions.input.start;
  }

  #append(record: OpenRecord, row: number, nowMs: number): void {
    const { table, memory } = this.#lines.kernel;
    const start = table.messageStart(row);
    const message = memory.subarray(start, start + table.messageLength(row));
    this.#lines.open.append(record, message, table.rawBytes(row), table.flags(row) & KEPT_FLAGS, nowMs);
    const claims = this.#claims.get(row);
    if (claims === undefined) return;
    this.#claims.delete(row);
    record.hold.before.push(...claims);
  }

  /** Makes room in front of the rows for what was open and is complete.
   *  @returns rows that came in front */
  #emitComplete(rows: number): number {
    const { kernel, joined } = this.#lines;
    const shift = this.#complete.length;
    if (shift > 0) kernel.table.moveRows(0, rows, shift);
    this.#records += shift;
    joined.length = 0;
    for (const [row, record] of this.#complete.entries()) {
      writeOpenRecord(kernel, row, record);
      joined.push({ row, hold: record.hold });
    }
    for (const row of [...this.#claims.keys()].sort((a, b) => a - b)) {
      for (const hold of this.#claims.get(row) ?? []) joined.push({ row: row + shift, hold });
    }
    return shift;
  }
}

/** Sets every column of a row to a record that was kept outside the kernel's memory. */
export function writeOpenRecord(kernel: Kernel, row: number, record: OpenRecord): void {
  const { table, memory, arena } = kernel;
  const at = arena.alloc(record.length + record.time.length);
  if (at < 0) throw bug('the arena is too small for an open record');
  memory.set(record.bytes.subarray(0, record.length), at);
  memory.set(record.time, at + record.length);
  table.setLine(row, 0, 0);
  table.setMessage(row, at, record.length);
  table.setTime(row, at + record.length, record.time.length);
  table.setOffset(row, record.offset);
  table.setRawBytes(row, record.rawBytes);
  table.setFlags(row, record.flags);
  table.setExtra(row, 0, 0);
}
