/** Numbers as ASCII, without a loop over digits. */

/** Writes the integer 0 <= value < 2^53 in decimal. Touches 8 bytes beyond the last digit at most.
 *  @returns one past the last digit */
// @ts-ignore: decorator
@inline
export function writeDecimal(out: usize, value: f64): usize {
  if (value < 1e8) return writeLeading(out, eightDigits(<u32>value));
  // 2^53 < 10^16, so two groups of eight do. The quotient truncates exactly: it lies 1e-8 or more below the next integer,
  // and half the distance of doubles below 2^27 is less.
  const high = <i64>(value / 1e8);
  const low = <i64>value - high * 100000000;
  out = writeLeading(out, eightDigits(<u32>high));
  store<u64>(out, eightDigits(<u32>low) | 0x3030303030303030);
  return out + 8;
}

/** Eight digits as eight bytes 0..9, the first digit lowest. Halves, quarters, then single digits, all lanes at once;
 *  10486 / 2^20 is 1/100 for numbers below 10,000 and 103 / 2^10 is 1/10 for numbers below 100. */
// @ts-ignore: decorator
@inline
function eightDigits(value: u32): u64 {
  const high = value / 10000;
  const halves = <u64>high | ((<u64>(value - high * 10000)) << 32);
  const hundreds = ((halves * 10486) >> 20) & 0x7f0000007f;
  const quarters = hundreds | ((halves - 100 * hundreds) << 16);
  const tens = ((quarters * 103) >> 10) & 0x000f000f000f000f;
  return tens | ((quarters - 10 * tens) << 8);
}

/** Writes eight digits without their leading zeros, but one digit at least. */
// @ts-ignore: decorator
@inline
function writeLeading(out: usize, digits: u64): usize {
  const zeros = <usize>ctz<u64>(digits | (1 << 56)) >> 3;
  store<u64>(out, (digits | 0x3030303030303030) >> ((<u64>zeros) << 3));
  return out + 8 - zeros;
}

/** Writes a number below 10^9 with its leading zeros.
 *  @returns one past the last digit */
export function writeNineDigits(out: usize, value: u32): usize {
  const first = value / 100000000;
  store<u8>(out, <u8>(48 + first));
  store<u64>(out, eightDigits(value - first * 100000000) | 0x3030303030303030, 1);
  return out + 9;
}

/** A nibble in each byte lane into its lower-case hex digit. */
// @ts-ignore: decorator
@inline
function hexDigits(nibbles: v128): v128 {
  return i8x16.swizzle(i8x16(48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 97, 98, 99, 100, 101, 102), nibbles);
}

/** Writes the lowest 48 bits as 12 hex digits; touches 16 bytes. */
// @ts-ignore: decorator
@inline
export function writeHex48(out: usize, value: u64): usize {
  const bytes = i64x2.splat(value);
  const high = i8x16.shr_u(bytes, 4);
  const low = v128.and(bytes, i8x16.splat(15));
  const nibbles = i8x16.shuffle(high, low, 5, 21, 4, 20, 3, 19, 2, 18, 1, 17, 0, 16, 0, 16, 0, 16);
  v128.store(out, hexDigits(nibbles));
  return out + 12;
}

/** Writes 64 bits as 16 hex digits. */
// @ts-ignore: decorator
@inline
export function writeHex64(out: usize, value: u64): usize {
  const bytes = i64x2.splat(value);
  const high = i8x16.shr_u(bytes, 4);
  const low = v128.and(bytes, i8x16.splat(15));
  const nibbles = i8x16.shuffle(high, low, 7, 23, 6, 22, 5, 21, 4, 20, 3, 19, 2, 18, 1, 17, 0, 16);
  v128.store(out, hexDigits(nibbles));
  return out + 16;
}
