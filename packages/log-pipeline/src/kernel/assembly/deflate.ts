/** Rows of the table into JSON lines within a zlib stream; what it is made of says ../twin/deflate.ts. */
import {
  DEFLATE_ADLER_A,
  DEFLATE_ADLER_B,
  DEFLATE_END_BYTES,
  DEFLATE_POSITION,
  DEFLATE_RECORD_BYTES,
  DEFLATE_STREAM_START,
  DEFLATE_WINDOW_BYTES,
  ESCAPE_GROWTH,
  FLAG_DROPPED,
  FLAG_FRAGMENT,
  FLAG_HIDE_MESSAGE,
  FLAG_STDERR,
  ID_OFFSET_HASH,
  LITERAL_RUN_BYTES,
  MAX_MATCH_BYTES,
  MIN_MATCH_BYTES,
  MIN_REFERENCE_BYTES,
  RECORD_FIXED_BYTES,
  RESULT_RECORDS,
  RESULT_WRITTEN_BYTES,
  ROW_BYTES,
  ROW_EXTRA_LENGTH,
  ROW_FLAGS,
  ROW_MESSAGE_LENGTH,
  ROW_MESSAGE_START,
  ROW_OFFSET,
  ROW_TIME_LENGTH,
  SHAPE_AFTER_ID,
  SHAPE_AFTER_MESSAGE,
  SHAPE_BEFORE_OFFSET,
  SHAPE_HEAD,
  SHAPE_ID_KIND,
  SHAPE_LAST_POSITION,
  SHAPE_RECORD_BYTES,
  SHAPE_STDERR,
  SHAPE_STDERR_BARE,
  SHAPE_STDOUT,
  SHAPE_STDOUT_BARE,
  SHAPE_SUM_A,
  SHAPE_SUM_B,
  SHAPE_TAILS,
  SHAPE_TIME_FORM,
  STORED_BLOCK_BYTES,
  STORED_HEADER_BYTES,
  TAIL_MASK,
  TAIL_SHIFT,
} from '../layout';
import { ADLER_MODULUS, addBytes, MAX_SUM_BYTES, sumBytes } from './adler32';
import { copy } from './copy';
import { writeDecimal, writeHex48, writeHex64 } from './digits';
import { copyPart, spliceExtra, writeTime } from './encode';
import { escapeMessage } from './escape';
import { hash64 } from './hash64';
import { lengthBits, writeReference } from './reference';
import { table } from './state';

/** Contract: `Kernel.beginDeflate`. */
export function beginDeflate(out: usize): void {
  store<u16>(out, 0x0178);
  const start = load<f64>(DEFLATE_POSITION) + DEFLATE_WINDOW_BYTES + 1;
  store<f64>(DEFLATE_POSITION, start);
  store<f64>(DEFLATE_STREAM_START, start);
  store<u32>(DEFLATE_ADLER_A, 1);
  store<u32>(DEFLATE_ADLER_B, 0);
}

/** Contract: `Kernel.encodeDeflate`. */
export function encodeDeflate(
  first: i32,
  end: i32,
  shape: usize,
  outStart: usize,
  softEnd: usize,
  hardEnd: usize,
): i32 {
  const constantBytes = <u64>load<u32>(shape, SHAPE_RECORD_BYTES) + RECORD_FIXED_BYTES;
  const hasId = load<u32>(shape, SHAPE_ID_KIND) == ID_OFFSET_HASH;
  const timeForm = load<u32>(shape, SHAPE_TIME_FORM);
  const constantLength = load<u32>(shape, SHAPE_BEFORE_OFFSET + 4);
  // How far a reference to the constant may reach; 0: none is made.
  const reach: f64 = constantLength < <u32>MIN_REFERENCE_BYTES ? 0 : DEFLATE_WINDOW_BYTES;
  // The matches of a reference: as many of 258 as there are, and the rest; where that would be less than a match can be,
  // the one before it gives it bytes.
  let whole = constantLength / MAX_MATCH_BYTES;
  const rest = constantLength - whole * MAX_MATCH_BYTES;
  let before: u32 = 0;
  let last: u32 = 0;
  if (rest >= <u32>MIN_MATCH_BYTES) {
    last = lengthBits(rest);
  } else if (rest != 0 && whole != 0) {
    whole -= 1;
    before = lengthBits(MAX_MATCH_BYTES + rest - MIN_MATCH_BYTES);
    last = lengthBits(MIN_MATCH_BYTES);
  }
  // The stream's Adler-32, whose sums are reduced when they are stored.
  let a = <u64>load<u32>(DEFLATE_ADLER_A);
  let b = <u64>load<u32>(DEFLATE_ADLER_B);
  let out = outStart;
  let run: usize = 0;
  let records = 0;
  let index = first;
  let row = table + <usize>first * ROW_BYTES;
  for (; index < end; index++, row += ROW_BYTES) {
    const flags = load<i32>(row, ROW_FLAGS);
    if (flags & (FLAG_DROPPED | FLAG_FRAGMENT)) continue;
    const message = <usize>load<u32>(row, ROW_MESSAGE_START);
    const messageLength = <usize>load<u32>(row, ROW_MESSAGE_LENGTH);
    const timeLength = <usize>load<u32>(row, ROW_TIME_LENGTH);
    const extraLength = <usize>load<u32>(row, ROW_EXTRA_LENGTH);
    let bound = constantBytes + ESCAPE_GROWTH * <u64>messageLength + timeLength + extraLength;
    if (bound >= <u64>STORED_BLOCK_BYTES) bound += (bound / STORED_BLOCK_BYTES) * STORED_HEADER_BYTES;
    if (out >= softEnd || out + bound + DEFLATE_RECORD_BYTES > hardEnd) break;
    if (records == 0) {
      run = out = openRun(out);
    } else if (out - run >= <usize>LITERAL_RUN_BYTES) {
      storeSums(a, b);
      run = out = openRun(closeRun(run, out));
      a = load<u32>(DEFLATE_ADLER_A);
      b = load<u32>(DEFLATE_ADLER_B);
    }

    const offset = load<f64>(row, ROW_OFFSET);
    out = copyPart(out, shape + SHAPE_HEAD);
    if (hasId) {
      const hash = hash64(message, messageLength);
      out = writeHex48(out, <u64>offset);
      store<u8>(out++, 45);
      out = writeHex64(out, hash);
      out = copyPart(out, shape + SHAPE_AFTER_ID);
    }
    out = writeTime(out, row, timeLength, timeForm);
    if ((flags & FLAG_HIDE_MESSAGE) == 0) {
      out = copyPart(out, shape + (flags & FLAG_STDERR ? SHAPE_STDERR : SHAPE_STDOUT));
      out = escapeMessage(out, message, message + messageLength);
      out = copyPart(out, shape + SHAPE_AFTER_MESSAGE);
    } else {
      out = copyPart(out, shape + (flags & FLAG_STDERR ? SHAPE_STDERR_BARE : SHAPE_STDOUT_BARE));
    }
    if (extraLength != 0) out = spliceExtra(out, row, extraLength);

    const position = load<f64>(DEFLATE_POSITION) + <f64>(<i32>(out - run));
    const distance = position - load<f64>(shape, SHAPE_LAST_POSITION);
    store<f64>(shape, position, SHAPE_LAST_POSITION);
    if (distance <= reach) {
      const length = out - run;
      if (length > <usize>MAX_SUM_BYTES) {
        storeSums(a, b);
        out = closeRun(run, out);
        a = load<u32>(DEFLATE_ADLER_A);
        b = load<u32>(DEFLATE_ADLER_B);
      } else {
        // The same without calls, and without reducing the sums.
        const sums = sumBytes(run, out);
        b += <u64>length * a + (sums >> 32);
        a += <u32>sums;
        writeStoredLength(run, <u32>length);
      }
      run = out = writeReference(out, whole, before, last, <u32>distance);
      b += <u64>constantLength * a + load<u32>(shape, SHAPE_SUM_B);
      a += load<u32>(shape, SHAPE_SUM_A);
      // So b stays below 2^63 for 2^32 bytes, which are more than one call can write.
      if (a > 0x7fffffff) {
        a %= ADLER_MODULUS;
        b %= ADLER_MODULUS;
      }
      store<f64>(DEFLATE_POSITION, position + <f64>constantLength);
    } else {
      const constant = out;
      out = copyPart(out, shape + SHAPE_BEFORE_OFFSET);
      if (reach != 0) {
        store<u64>(shape, 0, SHAPE_SUM_A); // and SHAPE_SUM_B
        addBytes(shape + SHAPE_SUM_A, constant, out);
      }
    }
    out = writeDecimal(out, offset);
    out = copyPart(out, shape + SHAPE_TAILS + ((<usize>((flags >> TAIL_SHIFT) & TAIL_MASK)) << 3));
    records += 1;
  }
  storeSums(a, b);
  if (records != 0) out = closeRun(run, out);
  store<u32>(RESULT_RECORDS, records);
  store<u32>(RESULT_WRITTEN_BYTES, <u32>(out - outStart));
  return index;
}

/** Contract: `Kernel.endDeflate`. */
export function endDeflate(out: usize): u32 {
  store<u8>(out, 1); // the last block, stored and empty
  store<u32>(out, 0xffff0000, 1);
  store<u32>(out, bswap<u32>((load<u32>(DEFLATE_ADLER_B) << 16) | load<u32>(DEFLATE_ADLER_A)), STORED_HEADER_BYTES);
  return DEFLATE_END_BYTES;
}

// @ts-ignore: decorator
@inline
function storeSums(a: u64, b: u64): void {
  store<u32>(DEFLATE_ADLER_A, <u32>(a % ADLER_MODULUS));
  store<u32>(DEFLATE_ADLER_B, <u32>(b % ADLER_MODULUS));
}

/** @returns where the run's bytes begin; its length is written when it is closed */
// @ts-ignore: decorator
@inline
function openRun(out: usize): usize {
  store<u8>(out, 0);
  return out + STORED_HEADER_BYTES;
}

/** Counts the run's bytes and writes the headers of its stored blocks, moving apart those behind the first.
 *  @returns the end of the last block */
function closeRun(run: usize, end: usize): usize {
  const length = end - run;
  addBytes(DEFLATE_ADLER_A, run, end);
  store<f64>(DEFLATE_POSITION, load<f64>(DEFLATE_POSITION) + <f64>(<i32>length));
  if (length <= <usize>STORED_BLOCK_BYTES) {
    writeStoredLength(run, <u32>length);
    return end;
  }
  const blocks = (length + STORED_BLOCK_BYTES - 1) / STORED_BLOCK_BYTES;
  for (let block = blocks - 1; block > 0; block--) {
    const from = run + block * STORED_BLOCK_BYTES;
    const to = from + block * STORED_HEADER_BYTES;
    const size = min<usize>(STORED_BLOCK_BYTES, end - from);
    memory.copy(to, from, size);
    store<u8>(to - STORED_HEADER_BYTES, 0);
    writeStoredLength(to, <u32>size);
  }
  writeStoredLength(run, STORED_BLOCK_BYTES);
  return end + (blocks - 1) * STORED_HEADER_BYTES;
}

/** Writes the four bytes that stand directly before a stored block's own. */
// @ts-ignore: decorator
@inline
function writeStoredLength(block: usize, length: u32): void {
  store<u32>(block - 4, length | ((length ^ 0xffff) << 16));
}
