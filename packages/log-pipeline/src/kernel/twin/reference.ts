/** A reference to earlier bytes as a deflate block with fixed Huffman codes. */
import * as layout from '../layout.ts';
import type { TwinMemory } from '../twin.ts';

/** Shortest length and shortest distance of each code. Source: RFC 1951, section 3.2.5. */
const LENGTHS = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
];
const DISTANCES = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
  8193, 12_289, 16_385, 24_577,
];
const END_OF_BLOCK = 256;
const FIRST_LENGTH = 257;

/** Writes a block that repeats the `length` >= MIN_REFERENCE_BYTES bytes that begin `distance` back, then the header of a
 *  stored block: its three bits, the rest of their byte, and room for its length.
 *  @returns where the stored block's bytes begin */
export function writeReference({ bytes }: TwinMemory, out: number, length: number, distance: number): number {
  const bits: number[] = [];
  const number = (value: number, count: number) => {
    for (let bit = 0; bit < count; bit++) bits.push((value >> bit) & 1);
  };
  const code = (value: number, count: number) => {
    for (let bit = count - 1; bit >= 0; bit--) bits.push((value >> bit) & 1);
  };
  const symbol = (value: number) => (value < 280 ? code(value - 256, 7) : code(0xc0 + value - 280, 8));
  number(0, 1); // not the last block
  number(1, 2); // fixed codes
  const distanceCode = DISTANCES.findLastIndex((shortest) => shortest <= distance);
  for (const match of matchLengths(length)) {
    const lengthCode = LENGTHS.findLastIndex((shortest) => shortest <= match);
    symbol(FIRST_LENGTH + lengthCode);
    // Eight lengths have codes of their own, as has 258; then each extra bit is shared by four codes.
    const isExact = lengthCode < 8 || match === layout.MAX_MATCH_BYTES;
    number(match - LENGTHS[lengthCode]!, isExact ? 0 : (lengthCode >> 2) - 1);
    code(distanceCode, 5);
    // The same with four, and two.
    number(distance - DISTANCES[distanceCode]!, distanceCode < 4 ? 0 : (distanceCode >> 1) - 1);
  }
  symbol(END_OF_BLOCK);
  number(0, 3); // a stored block, not the last
  const end = out + Math.ceil(bits.length / 8);
  bytes.fill(0, out, end);
  for (const [index, bit] of bits.entries()) bytes[out + (index >> 3)]! |= bit << (index & 7);
  return end + 4;
}

/** Whole matches of 258, and the rest; where that would be less than a match can be, the one before it gives it bytes. */
function matchLengths(length: number): number[] {
  const matches: number[] = [];
  for (let rest = length; rest > 0; rest -= matches.at(-1)!) {
    const tooShort = rest - layout.MAX_MATCH_BYTES < layout.MIN_MATCH_BYTES;
    matches.push(
      Math.min(
        rest,
        rest > layout.MAX_MATCH_BYTES && tooShort ? rest - layout.MIN_MATCH_BYTES : layout.MAX_MATCH_BYTES,
      ),
    );
  }
  return matches;
}
