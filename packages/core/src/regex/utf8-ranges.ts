/** Ranges of code points as ranges of the bytes that UTF-8 writes them with. */

/** One range per byte, first byte first: every choice of one byte from each is a code point of the range. */
export type ByteRanges = readonly (readonly [low: number, high: number])[];

const SURROGATES = [0xd800, 0xdfff] as const;
/** Last code point of each length. */
const LAST_OF_LENGTH = [0x7f, 0x7ff, 0xffff, 0x10ffff];

/** Splits low..high so that each part is a product of byte ranges. Surrogates are left out: UTF-8 has none.
 *  @returns in ascending order; first bytes of two parts are the same one byte or do not overlap */
export function utf8Ranges(low: number, high: number): readonly ByteRanges[] {
  const parts: ByteRanges[] = [];
  const [firstSurrogate, lastSurrogate] = SURROGATES;
  split(low, Math.min(high, firstSurrogate - 1), parts);
  split(Math.max(low, lastSurrogate + 1), high, parts);
  return parts;
}

function split(low: number, high: number, parts: ByteRanges[]): void {
  if (low > high) return;
  for (const last of LAST_OF_LENGTH) {
    if (low > last || high <= last) continue;
    split(low, last, parts);
    split(last + 1, high, parts);
    return;
  }
  // A part whose last `tail` bytes vary at all must have all of their values.
  for (let tail = 1; tail < encode(high).length; tail++) {
    const mask = 2 ** (6 * tail) - 1;
    if (Math.floor(low / (mask + 1)) === Math.floor(high / (mask + 1))) continue;
    if (low % (mask + 1) !== 0) {
      const last = low - (low % (mask + 1)) + mask;
      split(low, last, parts);
      split(last + 1, high, parts);
      return;
    }
    if (high % (mask + 1) !== mask) {
      const first = high - (high % (mask + 1));
      split(low, first - 1, parts);
      split(first, high, parts);
      return;
    }
  }
  const highBytes = encode(high);
  parts.push(encode(low).map((byte, index) => [byte, highBytes[index]!] as const));
}

function encode(codePoint: number): number[] {
  return [...Buffer.from(String.fromCodePoint(codePoint))];
}
