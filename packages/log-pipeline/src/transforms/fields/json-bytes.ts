/** Steps over JSON in bytes without decoding it. What they walk was checked when it became a record's members; even so,
 *  whatever the bytes are, no step leaves its bounds. */

export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const BACKSLASH = 0x5c;
export const OPEN_BRACE = 0x7b;
export const CLOSE_BRACE = 0x7d;
const SPACE = 0x20;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** @returns the first byte at or behind `at` that is neither white space nor, where asked, a comma; or `end` */
export function skipSpaces(bytes: Uint8Array, at: number, end: number, commasToo = false): number {
  let next = at;
  while (next < end) {
    const byte = bytes[next]!;
    if (byte > SPACE && !(commasToo && byte === COMMA)) break;
    next += 1;
  }
  return next;
}

/** @param at the opening quote
 *  @returns the closing one, or -1 */
export function closingQuote(bytes: Uint8Array, at: number, end: number): number {
  let next = at + 1;
  while (next < end) {
    const byte = bytes[next]!;
    if (byte === QUOTE) return next;
    next += byte === BACKSLASH ? 2 : 1;
  }
  return -1;
}

/** @param at the value's first byte
 *  @returns one past its last, at most `end` */
export function skipValue(bytes: Uint8Array, at: number, end: number): number {
  let next = at;
  let depth = 0;
  while (next < end) {
    const byte = bytes[next]!;
    if (byte === QUOTE) {
      const closing = closingQuote(bytes, next, end);
      if (closing === -1) return end;
      next = closing + 1;
      if (depth === 0) return next;
      continue;
    }
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth += 1;
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      if (depth === 0) return next;
      depth -= 1;
      if (depth === 0) return next + 1;
    } else if (depth === 0 && (byte === COMMA || byte <= SPACE)) return next;
    next += 1;
  }
  return next;
}

/** Whether text between quotes needs decoding. */
export function hasEscapes(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] === BACKSLASH) return true;
  return false;
}
