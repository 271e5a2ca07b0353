/** Adler-32 (RFC 1950, section 8.2) of bytes in pieces, 32 bytes at a time. */

/** The largest prime below 65536. */
export const ADLER_MODULUS: u32 = 65521;
/** So many bytes can be summed at once: 64 blocks, after which a 16-bit lane of pairs of bytes is at most 64 * 510, below
 *  2^15. (32-bit sums would have to be reduced after 5552.) */
export const MAX_SUM_BYTES: usize = 2048;

/** The sums of at most MAX_SUM_BYTES bytes, counted from 0 and not reduced: a in the lower half, b in the upper. In b a byte counts once
 *  for itself and each that follows. The bytes are taken as preceded by zeros, which count nothing, so that only the first
 *  block is a part; up to 32 bytes before `from` are read. */
// @ts-ignore: decorator
@inline
export function sumBytes(from: usize, end: usize): u64 {
  const rest = (end - from) & 31;
  const absent = i8x16.splat(<u8>(32 - rest));
  let at = from + rest;
  let first = v128.and(
    v128.load(at - 32),
    i8x16.ge_u(i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15), absent),
  );
  let second = v128.and(
    v128.load(at - 16),
    i8x16.ge_u(i8x16(16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31), absent),
  );
  const ones = i16x8.splat(1);
  const firsts = i16x8.splat(0xff);
  let sums = i32x4.splat(0);
  // The sums before each block, which count once for each of its bytes.
  let before = i32x4.splat(0);
  // The sums of each place for a pair of bytes in a block, and of the pairs' first bytes, which count once more than the
  // second ones.
  let firstPairs = i16x8.splat(0);
  let secondPairs = i16x8.splat(0);
  let pairFirsts = i16x8.splat(0);
  while (true) {
    const a = i16x8.extadd_pairwise_i8x16_u(first);
    const b = i16x8.extadd_pairwise_i8x16_u(second);
    before = i32x4.add(before, sums);
    sums = i32x4.add(sums, i32x4.dot_i16x8_s(i16x8.add(a, b), ones));
    firstPairs = i16x8.add(firstPairs, a);
    secondPairs = i16x8.add(secondPairs, b);
    pairFirsts = i16x8.add(pairFirsts, i16x8.add(v128.and(first, firsts), v128.and(second, firsts)));
    if (at >= end) break;
    first = v128.load(at);
    second = v128.load(at, 16);
    at += 32;
  }
  const weighted = i32x4.add(
    i32x4.add(i32x4.shl(before, 5), i32x4.dot_i16x8_s(pairFirsts, ones)),
    i32x4.add(
      i32x4.dot_i16x8_s(firstPairs, i16x8(31, 29, 27, 25, 23, 21, 19, 17)),
      i32x4.dot_i16x8_s(secondPairs, i16x8(15, 13, 11, 9, 7, 5, 3, 1)),
    ),
  );
  // Lanes 0 and 1 add up to a, 2 and 3 to b.
  const halves = i32x4.add(i32x4.shuffle(sums, weighted, 0, 1, 4, 5), i32x4.shuffle(sums, weighted, 2, 3, 6, 7));
  const whole = i32x4.add(halves, i64x2.shr_u(halves, 32));
  return <u64>(<u32>i32x4.extract_lane(whole, 0)) | ((<u64>(<u32>i32x4.extract_lane(whole, 2))) << 32);
}

/** Counts the bytes into the two sums that lie at `sums`. */
export function addBytes(sums: usize, from: usize, end: usize): void {
  let a = load<u32>(sums);
  let b = load<u32>(sums, 4);
  for (let at = from; at < end; ) {
    const length = min<usize>(end - at, MAX_SUM_BYTES);
    const added = sumBytes(at, at + length);
    b = (b + <u32>length * a + <u32>(added >> 32)) % ADLER_MODULUS;
    a = (a + <u32>added) % ADLER_MODULUS;
    at += length;
  }
  store<u32>(sums, a);
  store<u32>(sums, b, 4);
}
