/** The row table in kernel memory, read and written by column; there is no object per row. */
import * as layout from './layout.ts';

const WORDS = layout.ROW_BYTES / 4;
const DOUBLES = layout.ROW_BYTES / 8;
const OFFSET_DOUBLE = layout.ROW_OFFSET / 8;

/** Columns of the rows. Rows count from 0; pointers are positions in the kernel's memory. See layout.ts for what each
 *  column means. No accessor checks its row: callers stay below the count that framing returned. */
export class RowTable {
  readonly maxRows: number;
  readonly #start: number;
  #words: Uint32Array;
  #doubles: Float64Array;

  constructor(buffer: ArrayBuffer, start: number, maxRows: number) {
    this.maxRows = maxRows;
    this.#start = start;
    this.#words = new Uint32Array(buffer, start, maxRows * WORDS);
    this.#doubles = new Float64Array(buffer, start, maxRows * DOUBLES);
  }

  /** The kernel's memory is another one now. */
  attach(buffer: ArrayBuffer): void {
    this.#words = new Uint32Array(buffer, this.#start, this.maxRows * WORDS);
    this.#doubles = new Float64Array(buffer, this.#start, this.maxRows * DOUBLES);
  }

  lineStart(row: number): number {
    return this.#words[row * WORDS + layout.ROW_LINE_START / 4]!;
  }
  lineEnd(row: number): number {
    return this.#words[row * WORDS + layout.ROW_LINE_END / 4]!;
  }
  timeStart(row: number): number {
    return this.#words[row * WORDS + layout.ROW_TIME_START / 4]!;
  }
  timeLength(row: number): number {
    return this.#words[row * WORDS + layout.ROW_TIME_LENGTH / 4]!;
  }
  messageStart(row: number): number {
    return this.#words[row * WORDS + layout.ROW_MESSAGE_START / 4]!;
  }
  messageLength(row: number): number {
    return this.#words[row * WORDS + layout.ROW_MESSAGE_LENGTH / 4]!;
  }
  flags(row: number): number {
    return this.#words[row * WORDS + layout.ROW_FLAGS / 4]!;
  }
  rawBytes(row: number): number {
    return this.#words[row * WORDS + layout.ROW_RAW_BYTES / 4]!;
  }
  offset(row: number): number {
    return this.#doubles[row * DOUBLES + OFFSET_DOUBLE]!;
  }
  extraStart(row: number): number {
    return this.#words[row * WORDS + layout.ROW_EXTRA_START / 4]!;
  }
  extraLength(row: number): number {
    return this.#words[row * WORDS + layout.ROW_EXTRA_LENGTH / 4]!;
  }

  setLine(row: number, start: number, end: number): void {
    this.#words[row * WORDS + layout.ROW_LINE_START / 4] = start;
    this.#words[row * WORDS + layout.ROW_LINE_END / 4] = end;
  }
  setTime(row: number, start: number, length: number): void {
    this.#words[row * WORDS + layout.ROW_TIME_START / 4] = start;
    this.#words[row * WORDS + layout.ROW_TIME_LENGTH / 4] = length;
  }
  setMessage(row: number, start: number, length: number): void {
    this.#words[row * WORDS + layout.ROW_MESSAGE_START / 4] = start;
    this.#words[row * WORDS + layout.ROW_MESSAGE_LENGTH / 4] = length;
  }
  setFlags(row: number, flags: number): void {
    this.#words[row * WORDS + layout.ROW_FLAGS / 4] = flags;
  }
  setRawBytes(row: number, rawBytes: number): void {
    this.#words[row * WORDS + layout.ROW_RAW_BYTES / 4] = rawBytes;
  }
  setOffset(row: number, offset: number): void {
    this.#doubles[row * DOUBLES + OFFSET_DOUBLE] = offset;
  }
  setExtra(row: number, start: number, length: number): void {
    this.#words[row * WORDS + layout.ROW_EXTRA_START / 4] = start;
    this.#words[row * WORDS + layout.ROW_EXTRA_LENGTH / 4] = length;
  }

  /** Makes `to` a copy of `from`, all columns. */
  copyRow(from: number, to: number): void {
    this.#words.copyWithin(to * WORDS, from * WORDS, (from + 1) * WORDS);
  }

  /** Moves rows first..end up by `count` rows; what was there is overwritten. */
  moveRows(first: number, end: number, count: number): void {
    this.#words.copyWithin((first + count) * WORDS, first * WORDS, end * WORDS);
  }
}
