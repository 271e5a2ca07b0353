/** String literals: Go's escapes in double and single quotes, none in backquotes. */
import { quoteGo } from '@vigie/core/go-quote';

/** strconv.Quote. */
export function quote(text: string): string {
  return quoteGo(text);
}

const SIMPLE: ReadonlyMap<string, string> = new Map([
  ['a', '\x07'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
  ['\\', '\\'],
]);

/** @param literal with its quotes
 *  @returns undefined where an escape is not one of Go's, or a line breaks inside quotes */
export function unquote(literal: string): string | undefined {
  const mark = literal[0];
  if (mark === undefined || literal.length < 2 || literal.at(-1) !== mark) return undefined;
  const body = literal.slice(1, -1);
  if (mark === '`') return body.includes('`') ? undefined : body;
  if ((mark !== '"' && mark !== "'") || body.includes('\n')) return undefined;
  if (!body.includes('\\')) return body.includes(mark) ? undefined : body;
  return decodeEscapes(body, mark);
}

/** Escapes of bytes (`\xff`, `\377`) may together be UTF-8, so they are collected before they are decoded. */
function decodeEscapes(body: string, mark: string): string | undefined {
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length; ) {
    const character = body[at]!;
    if (character === mark) return undefined;
    if (character !== '\\') {
      const next = body.indexOf('\\', at);
      const end = next < 0 ? body.length : next;
      const plain = body.slice(at, end);
      if (plain.includes(mark)) return undefined;
      parts.push(Buffer.from(plain));
      at = end;
      continue;
    }
    const decoded = readEscape(body, at + 1, mark);
    if (decoded === undefined) return undefined;
    parts.push(decoded.bytes);
    at = decoded.end;
  }
  return Buffer.concat(parts).toString();
}

function readEscape(
  body: string,
  at: number,
  mark: string,
): { readonly bytes: Buffer; readonly end: number } | undefined {
  const kind = body[at];
  if (kind === undefined) return undefined;
  const simple = kind === mark ? mark : SIMPLE.get(kind);
  if (simple !== undefined) return { bytes: Buffer.from(simple), end: at + 1 };
  const numeric = NUMERIC.exec(body.slice(at, at + 9));
  if (numeric === null) return undefined;
  const [text, octal, hex, unicode] = numeric;
  const end = at + text.length;
  if (unicode === undefined) {
    const byte = octal === undefined ? Number.parseInt(hex ?? '', 16) : Number.parseInt(octal, 8);
    return byte > 255 ? undefined : { bytes: Buffer.of(byte), end };
  }
  const code = Number.parseInt(unicode, 16);
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return undefined;
  return { bytes: Buffer.from(String.fromCodePoint(code)), end };
}

const NUMERIC =
  /^(?:([0-7]{3})|x([0-9a-fA-F]{2})|(?:u(?=[0-9a-fA-F]{4})|U(?=[0-9a-fA-F]{8}))((?<=u)[0-9a-fA-F]{4}|(?<=U)[0-9a-fA-F]{8}))/;
