/** Offsets that go on behind their first bracket: `a offset (1m) - 5m` is 4 minutes less to Prometheus, and `a offset (1m) - b` an error,
 *  for its grammar takes an offset that begins with a bracket, or with two signs, as far as arithmetic goes. Its grammar for editors ends
 *  such an offset at the bracket. Source: Prometheus, promql/parser/generated_parser.y, offset_duration_expr. */
import type { SyntaxNode } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';
import { parseDuration } from '@vigie/core/durations';
import { bug } from '@vigie/core/errors';
import { normalize } from './normalize.ts';
import type { Complaint } from './parse-error.ts';
import { scan, type Token } from './scan.ts';
import { describeToken } from './unexpected.ts';

export interface LongOffset {
  readonly start: number;
  /** With the spellings that the grammar knows. */
  readonly text: string;
  /** DurationExpr */
  readonly node: SyntaxNode;
}

export interface LongOffsets {
  /** The query with a plain duration in place of each long one, that ends where it does: positions stay. */
  readonly plain: string;
  /** By their end. */
  readonly offsets: ReadonlyMap<number, LongOffset>;
  /** What is no duration in the first that has such a thing. */
  readonly complaint: Complaint | undefined;
}

const NONE: ReadonlyMap<number, LongOffset> = new Map();
/** As long as the shortest that it stands for, `(1)`, at most. */
const PLAIN = '1s';

/** @param names where `offset` is the name of a metric */
export function readLongOffsets(query: string, names: ReadonlySet<number>): LongOffsets {
  // Nearly no query has one.
  if (!/\boffset\s*(?:\(|[-+]\s*[-+])/i.test(query)) return { plain: query, offsets: NONE, complaint: undefined };
  const { tokens, failure } = scan(query);
  if (failure !== undefined) return { plain: query, offsets: NONE, complaint: undefined };
  const offsets = new Map<number, LongOffset>();
  let plain = query;
  for (const [index, { kind, text: word, start: at }] of tokens.entries()) {
    if (kind !== 'keyword' || word.toLowerCase() !== 'offset' || names.has(at) || !isLong(tokens, index + 1)) continue;
    const after = readDuration(tokens, index + 1);
    if (typeof after !== 'number') return { plain: query, offsets: NONE, complaint: notADuration(after) };
    const { start } = tokenAt(tokens, index + 1);
    const last = tokenAt(tokens, after - 1);
    const end = last.start + last.text.length;
    offsets.set(end, parseAlone(query, start, end));
    plain = plain.slice(0, start) + PLAIN.padStart(end - start) + plain.slice(end);
  }
  return { plain, offsets, complaint: undefined };
}

/** The long offsets in place of the plain ones. */
export function restoreLongOffsets(source: string, offsets: ReadonlyMap<number, LongOffset>): string {
  let restored = source;
  for (const [end, { start, text }] of offsets) restored = restored.slice(0, start) + text + restored.slice(end);
  return restored;
}

function isLong(tokens: readonly Token[], at: number): boolean {
  const first = tokens[at]?.text ?? '';
  return first === '(' || (isSign(first) && isSign(tokens[at + 1]?.text ?? ''));
}

function isSign(text: string): boolean {
  return text === '-' || text === '+';
}

function notADuration(token: Token): Complaint {
  const { start, text } = token;
  return {
    range: { start, end: start + text.length },
    reason: isMalformed(token)
      ? `not a valid duration string: "${text}"`
      : `unexpected ${describeToken(token)} in offset, expected number, duration, step(), or range()`,
  };
}

/** Such as `1m5m`, which the lexer takes for one. */
function isMalformed({ kind, text }: Token): boolean {
  return kind === 'duration' && parseDuration(text) === undefined;
}

/** As a range, in which the grammar takes any duration, at its own place. */
function parseAlone(query: string, start: number, end: number): LongOffset {
  const opening = 'x[';
  const source = normalize(`${opening.padStart(start)}${query.slice(start, end)}]`);
  const node = parser.parse(source).topNode.firstChild?.getChild('DurationExpr');
  const text = source.slice(start, end);
  if (node == null || node.to !== end) throw bug(`no duration in ${text}`);
  return { start, text, node };
}

const ARITHMETIC = new Set(['+', '-', '*', '/', '%', '^']);

/** @returns the index behind the longest duration that begins at one, or the token that is none */
function readDuration(tokens: readonly Token[], from: number): number | Token {
  let at = readOperand(tokens, from);
  while (typeof at === 'number' && ARITHMETIC.has(tokenAt(tokens, at).text)) at = readOperand(tokens, at + 1);
  return at;
}

function readOperand(tokens: readonly Token[], from: number): number | Token {
  let at = from;
  while (isSign(tokenAt(tokens, at).text)) at++;
  const token = tokenAt(tokens, at);
  if (isMalformed(token)) return token;
  if (token.kind === 'number' || token.kind === 'duration') return at + 1;
  if (token.text === '(') return readEnclosed(tokens, at, 1);
  if (tokens[at + 1]?.text !== '(') return token;
  switch (token.text.toLowerCase()) {
    case 'step':
    case 'range':
      return readEnclosed(tokens, at + 1, 0);
    case 'min_of':
    case 'max_of':
      return readEnclosed(tokens, at + 1, 2);
    default:
      return token;
  }
}

/** @param at of the opening bracket
 *  @param count of the durations in the brackets */
function readEnclosed(tokens: readonly Token[], at: number, count: 0 | 1 | 2): number | Token {
  let next = at + 1;
  for (let read = 0; read < count; read++) {
    if (read > 0) {
      const comma = tokenAt(tokens, next);
      if (comma.text !== ',') return comma;
      next++;
    }
    const after = readDuration(tokens, next);
    if (typeof after !== 'number') return after;
    next = after;
  }
  const closing = tokenAt(tokens, next);
  return closing.text === ')' ? next + 1 : closing;
}

/** The last one is the end, or where scanning ended early. */
function tokenAt(tokens: readonly Token[], at: number): Token {
  const token = tokens[at] ?? tokens.at(-1);
  if (token === undefined) throw bug('a query without tokens');
  return token;
}
