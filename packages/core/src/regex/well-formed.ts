/** Ill-formed UTF-8 as a regular expression sees it: one U+FFFD for each byte that is no part of a sequence. */

const REPLACEMENT = [0xef, 0xbf, 0xbd] as const;

export interface WellFormedText {
  readonly bytes: Buffer;
  /** Position in `bytes` to position in the text it was made of. */
  original(position: number): number;
}

/** A copy of the text, at most three times as long. */
export function wellFormed(bytes: Uint8Array, start: number, end: number): WellFormedText {
  const out = Buffer.allocUnsafe(3 * (end - start));
  /** Where each replacement stands in the copy: each made it longer by two. */
  const replaced: number[] = [];
  let length = 0;
  for (let at = start; at < end; ) {
    const sequence = sequenceLength(bytes, at, end);
    if (sequence === 0) {
      replaced.push(length);
      for (const byte of REPLACEMENT) out[length++] = byte;
      at += 1;
    } else {
      for (const last = at + sequence; at < last; at++) out[length++] = bytes[at]!;
    }
  }
  return {
    bytes: out.subarray(0, length),
    original: (position) => start + position - 2 * countBelow(replaced, position),
  };
}

function countBelow(sorted: readonly number[], limit: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Table 3-7 of the Unicode standard. @returns 0 where no well-formed sequence begins */
function sequenceLength(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at]!;
  if (first < 0x80) return 1;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || at + length > end) return 0;
  const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (bytes[at + 1]! < low || bytes[at + 1]! > high) return 0;
  for (let index = 2; index < length; index++) if ((bytes[at + index]! & 0xc0) !== 0x80) return 0;
  return length;
}
