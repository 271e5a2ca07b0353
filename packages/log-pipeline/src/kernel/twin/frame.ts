/** Lines of the input into rows of the table. */
import * as layout from '../layout.ts';
import type { TwinMemory } from '../twin.ts';

const LF = 0x0a;
const SPACE = 0x20;
const COLON = 0x3a;

interface CriHeader {
  readonly timeLength: number;
  readonly flags: number;
  readonly contentStart: number;
}

/** Frames CRI lines; the contract is `Kernel.frameCri`. */
export function frameCri(
  memory: TwinMemory,
  start: number,
  length: number,
  base: number,
  readTime: number,
  readTimeLength: number,
  maxRows: number,
): number {
  return frame(memory, start, length, base, readTime, readTimeLength, maxRows, parseCriHeader);
}

/** Frames lines of any kind; the contract is `Kernel.frameLines`. */
export function frameLines(
  memory: TwinMemory,
  start: number,
  length: number,
  base: number,
  readTime: number,
  readTimeLength: number,
  maxRows: number,
): number {
  return frame(memory, start, length, base, readTime, readTimeLength, maxRows, () => undefined);
}

function frame(
  memory: TwinMemory,
  start: number,
  length: number,
  base: number,
  readTime: number,
  readTimeLength: number,
  maxRows: number,
  parseHeader: (bytes: Uint8Array, from: number, to: number) => CriHeader | undefined,
): number {
  const { bytes, view } = memory;
  const end = start + length;
  let at = start;
  let rows = 0;
  let fragmentRows = 0;
  let unparsedRows = 0;
  while (rows < maxRows) {
    const newline = bytes.indexOf(LF, at);
    if (newline === -1 || newline >= end) break;
    const header = parseHeader(bytes, at, newline);
    const flags = header === undefined ? layout.FLAG_UNPARSED : header.flags;
    const messageStart = header === undefined ? at : header.contentStart;
    const row = memory.tableStart + rows * layout.ROW_BYTES;
    view.setUint32(row + layout.ROW_LINE_START, at, true);
    view.setUint32(row + layout.ROW_LINE_END, newline + 1, true);
    view.setUint32(row + layout.ROW_TIME_START, header === undefined ? readTime : at, true);
    view.setUint32(row + layout.ROW_TIME_LENGTH, header === undefined ? readTimeLength : header.timeLength, true);
    view.setUint32(row + layout.ROW_MESSAGE_START, messageStart, true);
    view.setUint32(row + layout.ROW_MESSAGE_LENGTH, newline - messageStart, true);
    view.setUint32(row + layout.ROW_FLAGS, flags, true);
    view.setUint32(row + layout.ROW_RAW_BYTES, newline + 1 - at, true);
    view.setFloat64(row + layout.ROW_OFFSET, base + (at - start), true);
    view.setUint32(row + layout.ROW_EXTRA_START, 0, true);
    view.setUint32(row + layout.ROW_EXTRA_LENGTH, 0, true);
    if ((flags & layout.FLAG_FRAGMENT) !== 0) fragmentRows += 1;
    if ((flags & layout.FLAG_UNPARSED) !== 0) unparsedRows += 1;
    rows += 1;
    at = newline + 1;
  }
  view.setUint32(layout.RESULT_CONSUMED_BYTES, at - start, true);
  view.setUint32(layout.RESULT_FRAGMENT_ROWS, fragmentRows, true);
  view.setUint32(layout.RESULT_UNPARSED_ROWS, unparsedRows, true);
  return rows;
}

/** `dddd-dd-ddTdd:dd:dd`, a fraction of 1 to 9 digits or none, `Z` or `±dd:dd`. Digits are not checked for range:
 *  whether month 13 exists is for whoever interprets the time. */
function parseCriHeader(bytes: Uint8Array, from: number, to: number): CriHeader | undefined {
  const timeLength = matchTimestamp(bytes, from, to);
  if (timeLength === 0) return undefined;
  const stream = from + timeLength;
  const isStdout = matches(bytes, stream, to, ' stdout ');
  if (!isStdout && !matches(bytes, stream, to, ' stderr ')) return undefined;
  const tag = stream + ' stdout '.length;
  const isFragment = matches(bytes, tag, to, 'P');
  if (!isFragment && !matches(bytes, tag, to, 'F')) return undefined;
  let contentSpace = tag + 1;
  if (contentSpace < to && bytes[contentSpace] === COLON) {
    while (contentSpace < to && bytes[contentSpace] !== SPACE) contentSpace += 1;
  }
  if (contentSpace >= to || bytes[contentSpace] !== SPACE) return undefined;
  const flags = (isStdout ? 0 : layout.FLAG_STDERR) | (isFragment ? layout.FLAG_FRAGMENT : 0);
  return { timeLength, flags, contentStart: contentSpace + 1 };
}

/** @returns the timestamp's length, or 0 when the bytes do not start with one */
function matchTimestamp(bytes: Uint8Array, from: number, to: number): number {
  const seconds = '0000-00-00T00:00:00';
  if (!matches(bytes, from, to, seconds)) return 0;
  let at = from + seconds.length;
  if (matches(bytes, at, to, '.')) {
    let digits = 0;
    while (matches(bytes, at + 1 + digits, to, '0')) digits += 1;
    if (digits < 1 || digits > 9) return 0;
    at += 1 + digits;
  }
  if (matches(bytes, at, to, 'Z')) return at + 1 - from;
  if (matches(bytes, at, to, '+00:00') || matches(bytes, at, to, '-00:00')) return at + 6 - from;
  return 0;
}

/** Whether the bytes at `at` read `pattern`, in which `0` stands for any digit. */
function matches(bytes: Uint8Array, at: number, to: number, pattern: string): boolean {
  if (at + pattern.length > to) return false;
  for (let i = 0; i < pattern.length; i++) {
    const byte = bytes[at + i]!;
    const wanted = pattern.charCodeAt(i);
    if (wanted === 0x30 ? byte < 0x30 || byte > 0x39 : byte !== wanted) return false;
  }
  return true;
}
