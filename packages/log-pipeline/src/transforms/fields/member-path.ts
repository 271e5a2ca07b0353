/** Finds one member in a record's extra members, by its path. */
import {
  CLOSE_BRACE,
  COLON,
  closingQuote,
  hasEscapes,
  OPEN_BRACE,
  QUOTE,
  skipSpaces,
  skipValue,
} from './json-bytes.ts';

const DOT = 0x2e;

/** A path such as `http.response.status`. Any of its dots may stand for an object in an object or in a member's name:
 *  of `{"a":{"b":1}}` and `{"a.b":1}` both have `a.b`. Of several ways to read it the one found first counts.
 *  What `find` found is kept in the instance until its next call: one instance is for one reader. */
export class MemberPath {
  readonly path: string;
  readonly #path: Buffer;
  /** Of the last member found: the name's first quote, the value's first byte, and one past its last. */
  nameStart = 0;
  valueStart = 0;
  valueEnd = 0;

  constructor(path: string) {
    this.path = path;
    this.#path = Buffer.from(path);
  }

  /** @param start members as the extra column holds them, without braces around them
   *  Cost: one walk up to the member, no allocation; a name with escapes is decoded. */
  find(bytes: Buffer, start: number, end: number): boolean {
    return this.#search(bytes, start, end, 0);
  }

  /** @param from the part of the path that is looked for at this level */
  #search(bytes: Buffer, start: number, end: number, from: number): boolean {
    const path = this.#path;
    let at = start;
    for (;;) {
      at = skipSpaces(bytes, at, end, true);
      if (at >= end || bytes[at] !== QUOTE) return false;
      const nameStart = at;
      const closing = closingQuote(bytes, at, end);
      if (closing === -1) return false;
      at = skipSpaces(bytes, closing + 1, end);
      if (at >= end || bytes[at] !== COLON) return false;
      at = skipSpaces(bytes, at + 1, end);
      const matched = matchedLength(bytes, nameStart, closing, path, from);
      if (matched === path.length - from) {
        this.nameStart = nameStart;
        this.valueStart = at;
        this.valueEnd = skipValue(bytes, at, end);
        return this.valueEnd > at;
      }
      if (matched > 0 && path[from + matched] === DOT && at < end && bytes[at] === OPEN_BRACE) {
        if (this.#search(bytes, at + 1, end, from + matched + 1)) return true;
      }
      at = skipValue(bytes, at, end);
      if (at < end && bytes[at] === CLOSE_BRACE) return false;
    }
  }
}

/** @returns the name's length when `path` from `from` on begins with all of it, else -1 */
function matchedLength(bytes: Buffer, nameStart: number, closing: number, path: Buffer, from: number): number {
  const start = nameStart + 1;
  if (hasEscapes(bytes, start, closing)) {
    const name = decodedName(bytes.toString('utf8', nameStart, closing + 1));
    return name !== undefined && path.subarray(from, from + name.length).equals(name) ? name.length : -1;
  }
  const length = closing - start;
  if (length > path.length - from) return -1;
  for (let index = 0; index < length; index++) if (bytes[start + index] !== path[from + index]) return -1;
  return length;
}

function decodedName(text: string): Buffer | undefined {
  try {
    return Buffer.from(String(JSON.parse(text)));
  } catch {
    return undefined;
  }
}
