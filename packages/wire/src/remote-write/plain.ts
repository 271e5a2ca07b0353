/** What nearly all of a write request is made of, in the one form in which senders write it: each number in the fewest bytes, fields in
 *  the order of their numbers. Everything else is for the reader that takes whatever is Protocol Buffers; these give up
 *  before they have taken a thing. */
import type { WriteColumns } from './write-columns.ts';

/** Tags of fields with a length: the numbers 1, 2, 4 and 5. */
export const FIELD_1 = 0x0a;
export const FIELD_2 = 0x12;
export const FIELD_4 = 0x22;
export const FIELD_5 = 0x2a;

export const NOT_PLAIN = -1;

/** Larger times than this are no milliseconds since 1970, and negative ones look like it. */
const MAX_TIME_SCALE = 2 ** 42;

/** @returns a number below 2^21, NOT_PLAIN for a larger one or one in more bytes than it needs */
export function shortVarint(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  if (first < 0x80) return first;
  const second = bytes[at + 1]!;
  if (second < 0x80) return second === 0 ? NOT_PLAIN : (first & 0x7f) | (second << 7);
  const third = bytes[at + 2]!;
  return third > 0 && third < 0x80 ? (first & 0x7f) | ((second & 0x7f) << 7) | (third << 14) : NOT_PLAIN;
}

/** How many bytes shortVarint has read. */
export function shortVarintBytes(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : 3;
}

/** A sample of either protocol, into the columns. Its tag FIELD_2 is at `at`.
 *  @param view of `bytes` from its first byte on, @param end of the series
 *  @returns where the sample ends, or NOT_PLAIN */
export function takePlainSample(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  end: number,
  ref: number,
  columns: WriteColumns,
): number {
  const size = bytes[at + 1]!;
  let next = at + 2;
  const to = next + size;
  if (!(size < 0x80) || to > end) return NOT_PLAIN;
  let low = 0;
  let high = 0;
  // Left out where it is 0.
  if (bytes[next] === 0x09) {
    if (next + 9 > to) return NOT_PLAIN;
    low = view.getInt32(next + 1, true);
    high = view.getInt32(next + 5, true);
    next += 9;
  }
  if (next >= to || bytes[next] !== 0x10) return NOT_PLAIN;
  let timestampMs = 0;
  let byte = 0x80;
  next++;
  for (let scale = 1; byte >= 0x80; scale *= 128) {
    if (next >= to || scale > MAX_TIME_SCALE) return NOT_PLAIN;
    byte = bytes[next++]!;
    timestampMs += (byte & 0x7f) * scale;
  }
  let startTimestampMs = 0;
  if (next < to) {
    if (bytes[next++] !== 0x18) return NOT_PLAIN;
    byte = 0x80;
    for (let scale = 1; byte >= 0x80; scale *= 128) {
      if (next >= to || scale > MAX_TIME_SCALE) return NOT_PLAIN;
      byte = bytes[next++]!;
      startTimestampMs += (byte & 0x7f) * scale;
    }
    if (next !== to) return NOT_PLAIN;
  }
  columns.add(ref, low, high, timestampMs, startTimestampMs);
  return to;
}
