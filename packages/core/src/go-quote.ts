/** Text in quotes as Go's `%q` writes it, for messages that are worded as Prometheus words them. Source: Go, strconv/quote.go. */
import { isUtf8 } from 'node:buffer';

const NAMED: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
  '"': '\\"',
};
const SPECIAL = /[\\"]|[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu;

/** A lone surrogate is shown as U+FFFD. */
export function quoteGo(text: string): string {
  return `"${text.replace(SPECIAL, escapeOne)}"`;
}

/** Bytes that are not UTF-8 are shown as `\xff`. */
export function quoteGoBytes(bytes: Buffer): string {
  if (isUtf8(bytes)) return quoteGo(bytes.toString());
  let quoted = '';
  for (let at = 0; at < bytes.length; ) {
    const length = characterLength(bytes, at);
    quoted += length === 0 ? `\\x${hex(bytes[at]!, 2)}` : quoteGo(bytes.toString('utf8', at, at + length)).slice(1, -1);
    at += Math.max(1, length);
  }
  return `"${quoted}"`;
}

/** @returns bytes of the character at `at`, 0 where there is none */
function characterLength(bytes: Buffer, at: number): number {
  for (let length = 1; length <= 4 && at + length <= bytes.length; length++) {
    if (isUtf8(bytes.subarray(at, at + length))) return length;
  }
  return 0;
}

function escapeOne(character: string): string {
  const named = NAMED[character];
  if (named !== undefined) return named;
  const point = character.codePointAt(0) ?? 0;
  if (point >= 0xd800 && point <= 0xdfff) return '\ufffd';
  if (point < 0x20 || point === 0x7f) return `\\x${hex(point, 2)}`;
  return point > 0xffff ? `\\U${hex(point, 8)}` : `\\u${hex(point, 4)}`;
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}

const ESCAPE = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|([abfnrtv\\'"]))|(\\)|([\s\S])/gu;
const LETTERS: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/** Reads a literal in double quotes or backquotes, as Go's strconv.Unquote does.
 *  @returns undefined where it is none; bytes by `\x` and octal escapes that are not UTF-8 become U+FFFD */
export function unquoteGo(literal: string): string | undefined {
  const quote = literal[0];
  if (literal.length < 2 || literal.at(-1) !== quote) return undefined;
  const inner = literal.slice(1, -1);
  if (quote === '`') return inner.includes('`') ? undefined : inner.replaceAll('\r', '');
  if (quote !== '"') return undefined;
  return unescapeGo(inner, '"');
}

/** @param quote that may not stand in it unescaped, and the only one that may be escaped */
export function unescapeGo(inner: string, quote: '"' | "'"): string | undefined {
  if (!inner.includes('\\')) return inner.includes(quote) || inner.includes('\n') ? undefined : inner;
  const parts: Buffer[] = [];
  for (const [, byte, short, long, octal, letter, backslash, plain] of inner.matchAll(ESCAPE)) {
    const code = short ?? long;
    if (byte !== undefined) parts.push(Buffer.from(byte, 'hex'));
    else if (octal !== undefined) {
      const value = Number.parseInt(octal, 8);
      if (value > 255) return undefined;
      parts.push(Buffer.of(value));
    } else if (code !== undefined) {
      const point = Number.parseInt(code, 16);
      if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return undefined;
      parts.push(Buffer.from(String.fromCodePoint(point)));
    } else if (letter !== undefined) {
      if ((letter === '"' || letter === "'") && letter !== quote) return undefined;
      parts.push(Buffer.from(LETTERS[letter] ?? letter));
    } else if (backslash !== undefined || plain === undefined || plain === quote || plain === '\n') return undefined;
    else parts.push(Buffer.from(plain));
  }
  return Buffer.concat(parts).toString();
}
