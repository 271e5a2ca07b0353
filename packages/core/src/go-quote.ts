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
