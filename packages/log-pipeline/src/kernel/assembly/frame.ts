/** Lines of the input into rows of the table. */
import {
  FLAG_FRAGMENT,
  FLAG_STDERR,
  FLAG_UNPARSED,
  RESULT_CONSUMED_BYTES,
  RESULT_FRAGMENT_ROWS,
  RESULT_UNPARSED_ROWS,
  ROW_BYTES,
  ROW_EXTRA_START,
  ROW_FLAGS,
  ROW_LINE_END,
  ROW_LINE_START,
  ROW_MESSAGE_LENGTH,
  ROW_MESSAGE_START,
  ROW_OFFSET,
  ROW_RAW_BYTES,
  ROW_TIME_LENGTH,
  ROW_TIME_START,
} from '../layout';
import { table } from './state';

const LF: u8 = 0x0a;
const SPACE: u8 = 0x20;
/** Eight bytes each, so that stream and spaces are one compare. */
const SP_STDOUT_SP: u64 = 0x2074756f64747320;
const SP_STDERR_SP: u64 = 0x2072726564747320;
const TAG_F_SP: u16 = 0x2046;
const TAG_P_SP: u16 = 0x2050;

/** What `matchHeader` found, beside the content start it returns. */
let headerTimeLength: usize = 0;
let headerFlags: i32 = 0;

/** Contract: `Kernel.frameCri`. */
export function frameCri(
  start: usize,
  length: usize,
  base: f64,
  readTime: usize,
  readTimeLength: usize,
  maxRows: i32,
): i32 {
  const end = start + length;
  let at = start;
  let rows = 0;
  let fragmentRows = 0;
  let unparsedRows = 0;
  let row = table;
  while (rows < maxRows) {
    // No byte of a header is a newline: where one matches, the line's newline comes after it, and the search may skip it.
    const content = matchHeader(at, end);
    let newline: usize;
    if (content != 0) {
      newline = findNewline(content, end);
      if (newline >= end) break;
      store<u32>(row, <u32>at, ROW_TIME_START);
      store<u32>(row, <u32>headerTimeLength, ROW_TIME_LENGTH);
      store<u32>(row, <u32>content, ROW_MESSAGE_START);
      store<u32>(row, <u32>(newline - content), ROW_MESSAGE_LENGTH);
      store<u32>(row, headerFlags, ROW_FLAGS);
      fragmentRows += (headerFlags & FLAG_FRAGMENT) >> 1;
    } else {
      newline = findNewline(at, end);
      if (newline >= end) break;
      storeUnparsed(row, at, newline, readTime, readTimeLength);
      unparsedRows += 1;
    }
    storeLine(row, at, newline + 1, base + <f64>(at - start));
    at = newline + 1;
    row += ROW_BYTES;
    rows += 1;
  }
  storeResults(at - start, fragmentRows, unparsedRows);
  return rows;
}

/** Contract: `Kernel.frameLines`. */
export function frameLines(
  start: usize,
  length: usize,
  base: f64,
  readTime: usize,
  readTimeLength: usize,
  maxRows: i32,
): i32 {
  const end = start + length;
  let at = start;
  let rows = 0;
  let row = table;
  while (rows < maxRows) {
    const newline = findNewline(at, end);
    if (newline >= end) break;
    storeUnparsed(row, at, newline, readTime, readTimeLength);
    storeLine(row, at, newline + 1, base + <f64>(at - start));
    at = newline + 1;
    row += ROW_BYTES;
    rows += 1;
  }
  storeResults(at - start, 0, rows);
  return rows;
}

// @ts-ignore: decorator
@inline
function storeLine(row: usize, start: usize, end: usize, offset: f64): void {
  store<u32>(row, <u32>start, ROW_LINE_START);
  store<u32>(row, <u32>end, ROW_LINE_END);
  store<u32>(row, <u32>(end - start), ROW_RAW_BYTES);
  store<f64>(row, offset, ROW_OFFSET);
  store<u64>(row, 0, ROW_EXTRA_START);
}

// @ts-ignore: decorator
@inline
function storeUnparsed(row: usize, start: usize, newline: usize, readTime: usize, readTimeLength: usize): void {
  store<u32>(row, <u32>readTime, ROW_TIME_START);
  store<u32>(row, <u32>readTimeLength, ROW_TIME_LENGTH);
  store<u32>(row, <u32>start, ROW_MESSAGE_START);
  store<u32>(row, <u32>(newline - start), ROW_MESSAGE_LENGTH);
  store<u32>(row, FLAG_UNPARSED, ROW_FLAGS);
}

function storeResults(consumedBytes: usize, fragmentRows: i32, unparsedRows: i32): void {
  store<u32>(RESULT_CONSUMED_BYTES, <u32>consumedBytes);
  store<u32>(RESULT_FRAGMENT_ROWS, fragmentRows);
  store<u32>(RESULT_UNPARSED_ROWS, unparsedRows);
}

/** @returns position of the first newline at or behind `at`; `end` or more when there is none before `end` */
// @ts-ignore: decorator
@inline
function findNewline(at: usize, end: usize): usize {
  const newlines = i8x16.splat(LF);
  while (at < end) {
    const first = i8x16.eq(v128.load(at), newlines);
    const second = i8x16.eq(v128.load(at, 16), newlines);
    const third = i8x16.eq(v128.load(at, 32), newlines);
    const fourth = i8x16.eq(v128.load(at, 48), newlines);
    if (v128.any_true(v128.or(v128.or(first, second), v128.or(third, fourth)))) {
      const low = <u32>(i8x16.bitmask(first) | (i8x16.bitmask(second) << 16));
      const high = <u32>(i8x16.bitmask(third) | (i8x16.bitmask(fourth) << 16));
      return at + <usize>ctz<u64>(<u64>low | (<u64>high << 32));
    }
    at += 64;
  }
  return end;
}

/** Reads a header, perhaps beyond `end` (the caller finds no newline then): only the scan over a tag's tail is bounded.
 *  @returns where the content starts, or 0 when the bytes are no CRI header */
// @ts-ignore: decorator
@inline
function matchHeader(at: usize, end: usize): usize {
  // `0000-00-00T00:00` and `9999-99-99T99:99`: digits lie between, separators must be equal.
  const low = i8x16(48, 48, 48, 48, 45, 48, 48, 45, 48, 48, 84, 48, 48, 58, 48, 48);
  const high = i8x16(57, 57, 57, 57, 45, 57, 57, 45, 57, 57, 84, 57, 57, 58, 57, 57);
  const minutes = v128.load(at);
  if (v128.any_true(v128.or(i8x16.sub_sat_u(minutes, high), i8x16.sub_sat_u(low, minutes)))) return 0;
  // `:00.000000000Z s`: a bit per digit.
  const rest = v128.load(at, 16);
  const digits = i8x16.bitmask(i8x16.lt_u(i8x16.sub(rest, i8x16.splat(48)), i8x16.splat(10)));
  if (load<u8>(at, 16) != 58 || (digits & 6) != 6) return 0;
  let zone = at + 19;
  if (load<u8>(zone) == 46) {
    const fraction = ctz<i32>(~(digits >> 4));
    if (<u32>(fraction - 1) > 8) return 0;
    zone += 1 + <usize>fraction;
  }
  const sign = load<u8>(zone);
  let stream = zone + 1;
  if (sign != 90) {
    if ((sign != 43 && sign != 45) || !isHourMinute(zone + 1)) return 0;
    stream = zone + 6;
  }
  const name = load<u64>(stream);
  let flags = 0;
  if (name != SP_STDOUT_SP) {
    if (name != SP_STDERR_SP) return 0;
    flags = FLAG_STDERR;
  }
  headerTimeLength = stream - at;
  const tag = load<u16>(stream, 8);
  if (tag == TAG_F_SP) {
    headerFlags = flags;
    return stream + 10;
  }
  if (tag == TAG_P_SP) {
    headerFlags = flags | FLAG_FRAGMENT;
    return stream + 10;
  }
  return matchLongTag(stream + 8, end, flags);
}

/** `dd:dd` */
function isHourMinute(at: usize): bool {
  return (
    isDigit(load<u8>(at)) &&
    isDigit(load<u8>(at, 1)) &&
    load<u8>(at, 2) == 58 &&
    isDigit(load<u8>(at, 3)) &&
    isDigit(load<u8>(at, 4))
  );
}

// @ts-ignore: decorator
@inline
function isDigit(byte: u8): bool {
  return byte - 48 < 10;
}

/** `F:…` or `P:…`, and a space: tags behind the first are reserved for later runtimes and mean nothing yet. */
function matchLongTag(at: usize, end: usize, flags: i32): usize {
  const tag = load<u8>(at);
  if (tag == 80) flags |= FLAG_FRAGMENT;
  else if (tag != 70) return 0;
  if (load<u8>(at, 1) != 58) return 0;
  at += 2;
  while (at < end) {
    const byte = load<u8>(at);
    if (byte == LF) return 0;
    at += 1;
    if (byte == SPACE) {
      headerFlags = flags;
      return at;
    }
  }
  return 0;
}
