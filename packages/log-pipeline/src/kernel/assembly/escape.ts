/** Message bytes into the inside of a JSON string. */
import { ESCAPE_TABLE } from '../layout';
import { completeBytes, isInvalid, scalarSequence } from './utf8';

const QUOTE: u8 = 0x22;
const BACKSLASH: u8 = 0x5c;

/** For each set of bytes to escape among eight, the shuffle that opens a gap before each: lanes 0..7 are the bytes,
 *  lane 8 is a backslash. 256 x 16 bytes. */
export function setUpEscapes(): void {
  for (let mask = 0; mask < 256; mask++) {
    let entry: usize = ESCAPE_TABLE + (mask << 4);
    for (let byte: u8 = 0; byte < 8; byte++) {
      if ((mask >> byte) & 1) store<u8>(entry++, 8);
      store<u8>(entry++, byte);
    }
  }
}

/** Where `escapeScalar` stopped reading. */
let scalarEnd: usize = 0;

/** Stores the 16 bytes of `block` with a backslash before each byte whose bit is set. */
// @ts-ignore: decorator
@inline
function storeEscaped(out: usize, block: v128, bits: i32): void {
  const backslashes = i8x16.splat(BACKSLASH);
  const first = i8x16.shuffle(block, backslashes, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
  const second = i8x16.shuffle(block, backslashes, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
  const low = bits & 0xff;
  const high = <usize>(bits >> 8);
  v128.store(out, i8x16.swizzle(first, v128.load(<usize>low << 4, ESCAPE_TABLE)));
  v128.store(out + 8 + <usize>popcnt<i32>(low), i8x16.swizzle(second, v128.load(high << 4, ESCAPE_TABLE)));
}

/** Escapes from..end to `out`. Loads up to 15 bytes beyond `end`, stores up to 31 beyond what it writes.
 *  Whole blocks of printable ASCII take the first loop, which does not branch on quotes: they come too irregularly to
 *  be predicted. Any other block begins at a character's first byte and is handled as one: \b \t \n \f \r become two
 *  bytes by the same shuffle, UTF-8 is validated and stored as it is, and only what holds \u00xx or ill-formed UTF-8
 *  goes byte by byte.
 *  @returns one past the last byte written */
// @ts-ignore: decorator
@inline
export function escapeMessage(out: usize, from: usize, end: usize): usize {
  const quotes = i8x16.splat(QUOTE);
  const backslashes = i8x16.splat(BACKSLASH);
  const spaces = i8x16.splat(0x20);
  const lanes = i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  let at = from;
  while (at < end) {
    while (at + 16 <= end) {
      const block = v128.load(at);
      // Signed: bytes from 0x80 on are below the space too.
      if (v128.any_true(i8x16.lt_s(block, spaces))) break;
      const bits = i8x16.bitmask(v128.or(i8x16.eq(block, quotes), i8x16.eq(block, backslashes)));
      storeEscaped(out, block, bits);
      out += 16 + <usize>popcnt<i32>(bits);
      at += 16;
    }
    let taken = end - at;
    if (taken == 0) break;
    let block = v128.load(at);
    if (taken < 16) block = v128.bitselect(block, spaces, i8x16.lt_u(lanes, i8x16.splat(<u8>taken)));
    else taken = 16;
    let escaped = v128.or(i8x16.eq(block, quotes), i8x16.eq(block, backslashes));
    if (v128.any_true(i8x16.lt_s(block, spaces))) {
      if (i8x16.bitmask(block) != 0) {
        if (isInvalid(block)) {
          out = escapeScalar(out, at, at + taken, end);
          at = scalarEnd;
          continue;
        }
        if (taken == 16) taken = completeBytes(block);
      }
      const controls = i8x16.lt_u(block, spaces);
      // The letters of \b \t \n \f \r; every other control becomes 0.
      const letters = i8x16.swizzle(i8x16(0, 0, 0, 0, 0, 0, 0, 0, 98, 116, 110, 0, 102, 114, 0, 0), block);
      block = v128.bitselect(letters, block, controls);
      if (!i8x16.all_true(block)) {
        out = escapeScalar(out, at, at + taken, end);
        at = scalarEnd;
        continue;
      }
      escaped = v128.or(escaped, controls);
    }
    const bits = i8x16.bitmask(escaped);
    storeEscaped(out, block, bits);
    out += taken + <usize>popcnt<i32>(bits);
    at += taken;
  }
  return out;
}

/** Escapes characters one by one until it has read up to `stop` (a last character may reach beyond). */
function escapeScalar(out: usize, at: usize, stop: usize, end: usize): usize {
  while (at < stop) {
    const byte = load<u8>(at);
    if (byte >= 0x80) {
      const sequence = scalarSequence(at, end);
      if (sequence > 0) {
        store<u32>(out, load<u32>(at));
        at += <usize>sequence;
        out += <usize>sequence;
      } else {
        store<u32>(out, 0xbdbfef); // U+FFFD
        at += <usize>-sequence;
        out += 3;
      }
      continue;
    }
    at += 1;
    if (byte >= 0x20) {
      if (byte == QUOTE || byte == BACKSLASH) store<u8>(out++, BACKSLASH);
      store<u8>(out++, byte);
      continue;
    }
    const letter = shortEscape(byte);
    if (letter != 0) {
      store<u16>(out, ((<u16>letter) << 8) | BACKSLASH);
      out += 2;
    } else {
      store<u32>(out, 0x3030755c); // \u00
      store<u8>(out, 48 + (byte >> 4), 4);
      const digit = byte & 15;
      store<u8>(out, digit + (digit < 10 ? 48 : 87), 5);
      out += 6;
    }
  }
  scalarEnd = at;
  return out;
}

// @ts-ignore: decorator
@inline
function shortEscape(byte: u8): u8 {
  switch (byte) {
    case 8:
      return 98;
    case 9:
      return 116;
    case 10:
      return 110;
    case 12:
      return 102;
    case 13:
      return 114;
    default:
      return 0;
  }
}
