/** A reference to earlier bytes as a deflate block with fixed Huffman codes. Source: RFC 1951, sections 3.2.5 and 3.2.6. */

/** Code 285, the only length of 258: 11000101, first bit lowest. */
const LONGEST: u64 = 0xa3;
const LONGEST_BITS: u32 = 8;
/** Not the last block (one bit), fixed codes (two). */
const FIXED_BLOCK: u64 = 2;
const FIXED_BLOCK_BITS: u32 = 3;
/** Seven zeros end the block; three begin a stored one that is not the last. */
const END_BITS: u32 = 10;

// @ts-ignore: decorator
@inline
function reverseByte(value: u32): u32 {
  return <u32>((((<u64>value * 0x80200802) & 0x0884422110) * 0x0101010101) >> 32) & 0xff;
}

/** The bits of a match's length, 3 to 257, first bit lowest, and above 16 their number. */
export function lengthBits(length: u32): u32 {
  const value = length - 3;
  if (value < 4) return (reverseByte(1 + value) >> 1) | (7 << 16);
  // From 7 on, four codes share each number of extra bits.
  const extraBits = <u32>(29 - clz<u32>(value));
  const code = ((extraBits + 1) << 2) + 1 + ((value >> extraBits) & 3); // less 256
  const extra = value & ((1 << extraBits) - 1);
  if (code < 24) return (reverseByte(code) >> 1) | (extra << 7) | ((7 + extraBits) << 16);
  return reverseByte(0xc0 + code - 24) | (extra << 8) | ((8 + extraBits) << 16);
}

/** Writes a block of `whole` matches of 258 bytes, then one each of the lengths `before` and `last` (as `lengthBits`; 0 = none),
 *  all `distance` > 4 back, then the header of a stored block up to its length. Touches up to 8 bytes beyond.
 *  @returns where the stored block's bytes begin */
// @ts-ignore: decorator
@inline
export function writeReference(out: usize, whole: u32, before: u32, last: u32, distance: u32): usize {
  const value = distance - 1;
  const extraBits = <u32>(30 - clz<u32>(value));
  const code = ((extraBits + 1) << 1) + ((value >> extraBits) & 1);
  const distanceBits = <u64>((reverseByte(code) >> 3) | ((value & ((1 << extraBits) - 1)) << 5));
  const distanceCount = 5 + extraBits;
  const match = LONGEST | (distanceBits << LONGEST_BITS);
  const matchCount = <u64>(LONGEST_BITS + distanceCount);
  let bits: u64 = FIXED_BLOCK;
  let count: u64 = FIXED_BLOCK_BITS;
  // At most 18 + 13 bits are added to at most 7 before they are stored.
  for (; whole > 0; whole--) {
    bits |= match << count;
    count += matchCount;
    store<u64>(out, bits);
    out += <usize>(count >> 3);
    bits >>= count & 0x38;
    count &= 7;
  }
  if (before != 0) {
    bits |= ((<u64>(before & 0xffff)) | (distanceBits << (before >> 16))) << count;
    count += (before >> 16) + distanceCount;
    store<u64>(out, bits);
    out += <usize>(count >> 3);
    bits >>= count & 0x38;
    count &= 7;
  }
  if (last != 0) {
    bits |= ((<u64>(last & 0xffff)) | (distanceBits << (last >> 16))) << count;
    count += (last >> 16) + distanceCount;
  }
  store<u64>(out, bits);
  return out + <usize>((count + END_BITS + 7) >> 3) + 4;
}
