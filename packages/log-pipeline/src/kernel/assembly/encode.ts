/** Rows of the table into JSON lines. */
import {
  ESCAPE_GROWTH,
  FLAG_DROPPED,
  FLAG_FRAGMENT,
  FLAG_HIDE_MESSAGE,
  FLAG_STDERR,
  ID_OFFSET_HASH,
  RECORD_FIXED_BYTES,
  RESULT_RECORDS,
  RESULT_WRITTEN_BYTES,
  ROW_BYTES,
  ROW_EXTRA_LENGTH,
  ROW_EXTRA_START,
  ROW_FLAGS,
  ROW_MESSAGE_LENGTH,
  ROW_MESSAGE_START,
  ROW_OFFSET,
  ROW_TIME_LENGTH,
  ROW_TIME_START,
  SHAPE_AFTER_ID,
  SHAPE_AFTER_MESSAGE,
  SHAPE_BEFORE_OFFSET,
  SHAPE_HEAD,
  SHAPE_ID_KIND,
  SHAPE_RECORD_BYTES,
  SHAPE_STDERR,
  SHAPE_STDERR_BARE,
  SHAPE_STDOUT,
  SHAPE_STDOUT_BARE,
  SHAPE_TAILS,
  SHAPE_TIME_FORM,
  TAIL_MASK,
  TAIL_SHIFT,
  TIME_AS_WRITTEN,
} from '../layout';
import { copy } from './copy';
import { writeDecimal, writeHex48, writeHex64 } from './digits';
import { escapeMessage } from './escape';
import { hash64 } from './hash64';
import { table } from './state';
import { writeUnixTime } from './unix-time';

// @ts-ignore: decorator
@inline
export function copyPart(out: usize, part: usize): usize {
  return copy(out, load<u32>(part), load<u32>(part, 4));
}

/** Contract: `Kernel.encodeJsonLines`. */
export function encodeJsonLines(
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
  let out = outStart;
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
    // In 64 bits: six times a message may pass 32.
    const bound = constantBytes + ESCAPE_GROWTH * <u64>messageLength + timeLength + extraLength;
    if (out >= softEnd || out + bound > hardEnd) break;

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
      if (extraLength == 0) {
        // Both in one: the constants stand one behind the other.
        out = copy(
          out,
          load<u32>(shape, SHAPE_AFTER_MESSAGE),
          load<u32>(shape, SHAPE_AFTER_MESSAGE + 4) + load<u32>(shape, SHAPE_BEFORE_OFFSET + 4),
        );
      } else {
        out = copyPart(out, shape + SHAPE_AFTER_MESSAGE);
        out = spliceExtra(out, row, extraLength);
        out = copyPart(out, shape + SHAPE_BEFORE_OFFSET);
      }
    } else {
      out = copyPart(out, shape + (flags & FLAG_STDERR ? SHAPE_STDERR_BARE : SHAPE_STDOUT_BARE));
      if (extraLength != 0) out = spliceExtra(out, row, extraLength);
      out = copyPart(out, shape + SHAPE_BEFORE_OFFSET);
    }
    out = writeDecimal(out, offset);
    out = copyPart(out, shape + SHAPE_TAILS + ((<usize>((flags >> TAIL_SHIFT) & TAIL_MASK)) << 3));
    records += 1;
  }
  store<u32>(RESULT_RECORDS, records);
  store<u32>(RESULT_WRITTEN_BYTES, <u32>(out - outStart));
  return index;
}

// @ts-ignore: decorator
@inline
export function writeTime(out: usize, row: usize, length: usize, form: u32): usize {
  const time = <usize>load<u32>(row, ROW_TIME_START);
  return form == TIME_AS_WRITTEN ? copy(out, time, length) : writeUnixTime(out, time, length, form);
}

// @ts-ignore: decorator
@inline
export function spliceExtra(out: usize, row: usize, length: usize): usize {
  store<u8>(out, 44);
  return copy(out + 1, load<u32>(row, ROW_EXTRA_START), length);
}
