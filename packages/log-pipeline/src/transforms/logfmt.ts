/** logfmt, `level=info msg="it works"`, written as a JSON object. */

const TAB = 0x09;
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const EQUALS = 0x3d;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
/** What may follow a backslash in JSON as in logfmt, `u` apart. */
const ESCAPES: ReadonlySet<number> = new Set(Buffer.from('"\\/bfnrt'));
const LOWER_U = 0x75;

/** What `writeLogfmt` may write: a control character becomes six bytes, a pair of `=` and a byte gains quotes. */
export function logfmtBound(length: number): number {
  return 6 * length + 16;
}

/** Reads pairs `key=value`, parted by spaces; a value is a run without spaces, or quoted with Go's escapes; a key ends at
 *  `=` and holds no quote. The members are written in order, names may repeat, ill-formed UTF-8 stays as it is.
 *  @param bareKeys a word without `=` is a member that is `true`; otherwise it means that the text is not logfmt
 *  @returns one past the object's last byte, or -1: it is not logfmt, or has no pair */
export function writeLogfmt(bytes: Buffer, start: number, end: number, out: number, bareKeys: boolean): number {
  let at = start;
  let to = out;
  let pairs = 0;
  bytes[to++] = OPEN_BRACE;
  for (;;) {
    while (at < end && (bytes[at] === SPACE || bytes[at] === TAB)) at += 1;
    if (at === end) break;
    const key = at;
    while (at < end && bytes[at]! > SPACE && bytes[at] !== EQUALS && bytes[at] !== QUOTE) at += 1;
    const hasValue = at < end && bytes[at] === EQUALS;
    const isParted = at === end || bytes[at] === SPACE || bytes[at] === TAB;
    if (at === key || !(hasValue || (bareKeys && isParted))) return -1;
    if (to > out + 1) bytes[to++] = COMMA;
    to = writeText(bytes, key, at, to);
    bytes[to++] = COLON;
    if (!hasValue) {
      to += bytes.write('true', to, 'latin1');
      continue;
    }
    pairs += 1;
    at += 1;
    const value = at;
    if (bytes[at] !== QUOTE || at === end) {
      while (at < end && bytes[at]! !== SPACE && bytes[at] !== TAB) at += 1;
      to = writeText(bytes, value, at, to);
      continue;
    }
    at = closingQuote(bytes, value + 1, end);
    if (at === -1) return -1;
    to = writeQuoted(bytes, value + 1, at, to);
    at += 1;
    if (at < end && bytes[at] !== SPACE && bytes[at] !== TAB) return -1;
  }
  bytes[to++] = CLOSE_BRACE;
  return pairs === 0 ? -1 : to;
}

function closingQuote(bytes: Buffer, from: number, end: number): number {
  for (let at = from; at < end; at++) {
    if (bytes[at] === QUOTE) return at;
    if (bytes[at] === BACKSLASH) at += 1;
  }
  return -1;
}

/** Text as a JSON string. */
function writeText(bytes: Buffer, from: number, end: number, out: number): number {
  let to = out;
  bytes[to++] = QUOTE;
  for (let at = from; at < end; at++) {
    const byte = bytes[at]!;
    if (byte === QUOTE || byte === BACKSLASH) bytes[to++] = BACKSLASH;
    if (byte < SPACE) to = writeControl(bytes, byte, to);
    else bytes[to++] = byte;
  }
  bytes[to++] = QUOTE;
  return to;
}

/** The inside of a quoted value as a JSON string: its escapes stay where JSON has them too. */
function writeQuoted(bytes: Buffer, from: number, end: number, out: number): number {
  let to = out;
  bytes[to++] = QUOTE;
  for (let at = from; at < end; at++) {
    const byte = bytes[at]!;
    if (byte < SPACE) {
      to = writeControl(bytes, byte, to);
    } else if (byte !== BACKSLASH) {
      bytes[to++] = byte;
    } else if (ESCAPES.has(bytes[at + 1]!)) {
      bytes[to++] = byte;
      bytes[to++] = bytes[++at]!;
    } else {
      if (!isUnicodeEscape(bytes, at, end)) bytes[to++] = BACKSLASH;
      bytes[to++] = BACKSLASH;
    }
  }
  bytes[to++] = QUOTE;
  return to;
}

function isUnicodeEscape(bytes: Buffer, at: number, end: number): boolean {
  return (
    at + 6 <= end && bytes[at + 1] === LOWER_U && /^[0-9a-fA-F]{4}$/.test(bytes.toString('latin1', at + 2, at + 6))
  );
}

function writeControl(bytes: Buffer, byte: number, out: number): number {
  return out + bytes.write(`\\u${byte.toString(16).padStart(4, '0')}`, out, 'latin1');
}
