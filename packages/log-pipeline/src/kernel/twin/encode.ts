/** Rows of the table into JSON lines. */
import * as layout from '../layout.ts';
import type { TwinMemory } from '../twin.ts';
import { readUnixTime, type UnixTime } from '../unix-time.ts';
import { hash64 } from './hash64.ts';
import { sequenceLength } from './utf8.ts';

const SKIPPED = layout.FLAG_DROPPED | layout.FLAG_FRAGMENT;
const OFFSET_HEX_DIGITS = 12;
const HASH_HEX_DIGITS = 16;

/** Bytes of a record beside what its row says: its shape's constants, its id, and so on. */
export function constantBound({ view }: TwinMemory, shape: number): number {
  return view.getUint32(shape + layout.SHAPE_RECORD_BYTES, true) + layout.RECORD_FIXED_BYTES;
}

/** Upper bound of the row's record as JSON; undefined when the row is none to be written. */
export function jsonBound(memory: TwinMemory, row: number, shapeBound: number): number | undefined {
  const columns = memory.tableStart + row * layout.ROW_BYTES;
  const column = (byte: number) => memory.view.getUint32(columns + byte, true);
  if ((column(layout.ROW_FLAGS) & SKIPPED) !== 0) return undefined;
  const messageBound = layout.ESCAPE_GROWTH * column(layout.ROW_MESSAGE_LENGTH);
  return shapeBound + messageBound + column(layout.ROW_TIME_LENGTH) + column(layout.ROW_EXTRA_LENGTH);
}

/** Writes records; the contract is `Kernel.encodeJsonLines`. */
export function encodeJsonLines(
  memory: TwinMemory,
  first: number,
  end: number,
  shape: number,
  outStart: number,
  softEnd: number,
  hardEnd: number,
): number {
  const { view } = memory;
  const shapeBound = constantBound(memory, shape);
  let out = outStart;
  let row = first;
  let records = 0;
  for (; row < end; row++) {
    const bound = jsonBound(memory, row, shapeBound);
    if (bound === undefined) continue;
    if (out >= softEnd || bound > hardEnd - out) break;
    out = writeUpToConstant(memory, out, row, shape);
    out = copyPart(memory, out, shape + layout.SHAPE_BEFORE_OFFSET);
    out = writeFromOffset(memory, out, row, shape);
    records += 1;
  }
  view.setUint32(layout.RESULT_RECORDS, records, true);
  view.setUint32(layout.RESULT_WRITTEN_BYTES, out - outStart, true);
  return row;
}

/** The row's record up to where `beforeOffset` begins. */
export function writeUpToConstant(memory: TwinMemory, outStart: number, row: number, shape: number): number {
  const { view } = memory;
  const columns = memory.tableStart + row * layout.ROW_BYTES;
  const column = (byte: number) => view.getUint32(columns + byte, true);
  const messageStart = column(layout.ROW_MESSAGE_START);
  const messageLength = column(layout.ROW_MESSAGE_LENGTH);
  const extraLength = column(layout.ROW_EXTRA_LENGTH);
  const flags = column(layout.ROW_FLAGS);
  const isStderr = (flags & layout.FLAG_STDERR) !== 0;
  let out = copyPart(memory, outStart, shape + layout.SHAPE_HEAD);
  if (view.getUint32(shape + layout.SHAPE_ID_KIND, true) === layout.ID_OFFSET_HASH) {
    const offset = view.getFloat64(columns + layout.ROW_OFFSET, true);
    const hash = hash64(memory.bytes, messageStart, messageLength);
    out = writeAscii(memory, out, offset.toString(16).padStart(OFFSET_HEX_DIGITS, '0').slice(-OFFSET_HEX_DIGITS));
    out = writeAscii(memory, out, '-');
    out = writeAscii(memory, out, hash.toString(16).padStart(HASH_HEX_DIGITS, '0'));
    out = copyPart(memory, out, shape + layout.SHAPE_AFTER_ID);
  }
  out = writeTime(
    memory,
    out,
    column(layout.ROW_TIME_START),
    column(layout.ROW_TIME_LENGTH),
    view.getUint32(shape + layout.SHAPE_TIME_FORM, true),
  );
  if ((flags & layout.FLAG_HIDE_MESSAGE) === 0) {
    out = copyPart(memory, out, shape + (isStderr ? layout.SHAPE_STDERR : layout.SHAPE_STDOUT));
    out = escapeMessage(memory, out, messageStart, messageLength);
    out = copyPart(memory, out, shape + layout.SHAPE_AFTER_MESSAGE);
  } else {
    out = copyPart(memory, out, shape + (isStderr ? layout.SHAPE_STDERR_BARE : layout.SHAPE_STDOUT_BARE));
  }
  if (extraLength > 0) {
    out = writeAscii(memory, out, ',');
    out = copy(memory, out, column(layout.ROW_EXTRA_START), extraLength);
  }
  return out;
}

const NANOS_DIGITS = 9;
const LAST_NANO = 2n ** 63n - 1n;

function writeTime(memory: TwinMemory, out: number, start: number, length: number, form: number): number {
  if (form === layout.TIME_AS_WRITTEN) return copy(memory, out, start, length);
  const time: UnixTime = { seconds: 0, nanos: 0 };
  readUnixTime(memory.bytes, start, length, time);
  if (form === layout.TIME_UNIX_SECONDS) {
    return writeAscii(memory, out, `${time.seconds}.${String(time.nanos).padStart(NANOS_DIGITS, '0')}`);
  }
  const unixNanos = BigInt(time.seconds) * 1_000_000_000n + BigInt(time.nanos);
  return writeAscii(memory, out, (unixNanos < LAST_NANO ? unixNanos : LAST_NANO).toString());
}

/** The rest of the row's record, behind `beforeOffset`. */
export function writeFromOffset(memory: TwinMemory, outStart: number, row: number, shape: number): number {
  const columns = memory.tableStart + row * layout.ROW_BYTES;
  const out = writeAscii(memory, outStart, memory.view.getFloat64(columns + layout.ROW_OFFSET, true).toString());
  const tail = (memory.view.getUint32(columns + layout.ROW_FLAGS, true) >> layout.TAIL_SHIFT) & layout.TAIL_MASK;
  return copyPart(memory, out, shape + layout.SHAPE_TAILS + tail * 8);
}

function copy(memory: TwinMemory, out: number, from: number, length: number): number {
  memory.bytes.copyWithin(out, from, from + length);
  return out + length;
}

export function copyPart(memory: TwinMemory, out: number, part: number): number {
  return copy(memory, out, memory.view.getUint32(part, true), memory.view.getUint32(part + 4, true));
}

function writeAscii(memory: TwinMemory, out: number, text: string): number {
  for (let i = 0; i < text.length; i++) memory.bytes[out + i] = text.charCodeAt(i);
  return out + text.length;
}

const REPLACEMENT = Buffer.from('\ufffd');
const SHORT_ESCAPES: ReadonlyMap<number, string> = new Map([
  [0x08, '\\b'],
  [0x09, '\\t'],
  [0x0a, '\\n'],
  [0x0c, '\\f'],
  [0x0d, '\\r'],
  [0x22, '\\"'],
  [0x5c, '\\\\'],
]);

/** Writes the bytes as the inside of a JSON string: `"`, `\` and controls escaped, ill-formed UTF-8 replaced. */
export function escapeMessage(memory: TwinMemory, outStart: number, from: number, length: number): number {
  const { bytes } = memory;
  const end = from + length;
  let out = outStart;
  let at = from;
  while (at < end) {
    const run = at;
    while (at < end && isPlain(bytes[at]!)) at += 1;
    out = copy(memory, out, run, at - run);
    if (at === end) break;
    const byte = bytes[at]!;
    const short = SHORT_ESCAPES.get(byte);
    if (short !== undefined) {
      out = writeAscii(memory, out, short);
      at += 1;
    } else if (byte < 0x20) {
      out = writeAscii(memory, out, `\\u00${byte.toString(16).padStart(2, '0')}`);
      at += 1;
    } else {
      const sequence = sequenceLength(bytes, at, end);
      if (sequence > 0) {
        out = copy(memory, out, at, sequence);
      } else {
        bytes.set(REPLACEMENT, out);
        out += REPLACEMENT.length;
      }
      at += Math.abs(sequence);
    }
  }
  return out;
}

function isPlain(byte: number): boolean {
  return byte >= 0x20 && byte < 0x80 && byte !== 0x22 && byte !== 0x5c;
}
