/** Tokens of a query that does not parse: which one is in the way, and what is wrong with the characters themselves. The
 *  grammar knows neither, and Prometheus says both. Source: Prometheus, promql/parser/lex.go. */
import { aggregateOperator, binaryOperator } from './operators.ts';

export type TokenKind =
  | 'identifier'
  | 'keyword'
  | 'operator'
  | 'aggregator'
  | 'number'
  | 'duration'
  | 'string'
  | 'mark'
  | 'end';

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly start: number;
}

export interface Scan {
  readonly tokens: readonly Token[];
  /** Where scanning ended early. */
  readonly failure: { readonly position: number; readonly reason: string } | undefined;
}

const KEYWORDS = new Set([
  'bool',
  'by',
  'group_left',
  'group_right',
  'ignoring',
  'offset',
  'on',
  'without',
  'start',
  'end',
  'smoothed',
  'anchored',
]);

interface State {
  parentheses: number;
  inBraces: boolean;
  inBrackets: boolean;
}

export function scan(query: string): Scan {
  const tokens: Token[] = [];
  const state: State = { parentheses: 0, inBraces: false, inBrackets: false };
  let at = 0;
  for (;;) {
    at = skipBlank(query, at);
    if (at >= query.length) {
      const reason = unclosed(state);
      if (reason !== undefined) return { tokens, failure: { position: query.length, reason } };
      tokens.push({ kind: 'end', text: '', start: query.length });
      return { tokens, failure: undefined };
    }
    const next = readToken(query, at, state);
    if (typeof next === 'string') return { tokens, failure: { position: at, reason: next } };
    tokens.push(next);
    at += next.text.length;
  }
}

function skipBlank(query: string, from: number): number {
  let at = from;
  for (;;) {
    while (at < query.length && ' \t\n\r'.includes(query[at]!)) at++;
    if (query[at] !== '#') return at;
    const lineEnd = query.indexOf('\n', at);
    at = lineEnd < 0 ? query.length : lineEnd;
  }
}

function unclosed(state: State): string | undefined {
  if (state.inBraces) return 'unexpected end of input inside braces';
  if (state.inBrackets) return 'unexpected end of input in duration expression';
  return state.parentheses > 0 ? 'unclosed left parenthesis' : undefined;
}

/** @returns what is wrong, as text */
function readToken(query: string, at: number, state: State): Token | string {
  const rest = query.slice(at);
  const first = String.fromCodePoint(query.codePointAt(at) ?? 0);
  if (first === '"' || first === "'" || first === '`') return readString(rest, first, at);
  const word = WORD.exec(rest)?.[0];
  if (word !== undefined) return wordToken(word, at, state);
  if (/^\.?\d/.test(rest)) return readNumber(rest, at);
  const problem = trackNesting(first, state);
  if (problem !== undefined) return problem;
  const operator = OPERATOR.exec(rest)?.[0];
  if (operator !== undefined && !(operator === '=' && !state.inBraces && rest[1] === '~')) {
    return { kind: '(){}[],:'.includes(operator) ? 'mark' : 'operator', text: operator, start: at };
  }
  if (first === '=') return "unexpected character after '=': '~'";
  if (first === '!') {
    const after = rest.length > 1 ? `'${rest[1]}'` : "'\\U00110000'";
    return `unexpected character after '!'${state.inBraces ? ' inside braces' : ''}: ${after}`;
  }
  return `unexpected character${state.inBraces ? ' inside braces' : ''}: ${quoteCharacter(first)}`;
}

const WORD = /^[a-zA-Z_:][a-zA-Z0-9_:]*/;
const OPERATOR = /^(?:=~|!~|==|!=|<=|>=|<\/|>\/|[-+*/%^=<>@(){}[\],:])/;

function quoteCharacter(character: string): string {
  return character === "'" ? "'\\''" : `'${character}'`;
}

function readString(rest: string, mark: string, start: number): Token | string {
  const pattern = mark === '`' ? /^`[^`]*`/ : mark === '"' ? /^"(?:[^"\\\n]|\\[^\n])*"/ : /^'(?:[^'\\\n]|\\[^\n])*'/;
  const text = pattern.exec(rest)?.[0];
  if (text === undefined) return mark === '`' ? 'unterminated raw string' : 'unterminated quoted string';
  return { kind: 'string', text, start };
}

function wordToken(word: string, start: number, state: State): Token | string {
  if (word === ':' || (state.inBrackets && word.startsWith(':'))) return { kind: 'mark', text: ':', start };
  if (state.inBraces) return { kind: 'identifier', text: word, start };
  const lower = word.toLowerCase();
  if (lower === 'inf' || lower === 'nan') return { kind: 'number', text: word, start };
  if (KEYWORDS.has(lower)) return { kind: 'keyword', text: word, start };
  if (binaryOperator(lower) !== undefined) return { kind: 'operator', text: word, start };
  if (aggregateOperator(lower) !== undefined) return { kind: 'aggregator', text: word, start };
  return { kind: 'identifier', text: word, start };
}

function readNumber(rest: string, start: number): Token | string {
  const duration = /^(?:\d+(?:ms|[smhdwy]))+(?![a-zA-Z0-9_])/.exec(rest)?.[0];
  if (duration !== undefined) return { kind: 'duration', text: duration, start };
  const number = /^(?:0[xX][0-9a-fA-F_]+|(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?![a-zA-Z0-9_.])/.exec(rest)?.[0];
  if (number !== undefined) return { kind: 'number', text: number, start };
  return `bad number or duration syntax: "${/^[\w.]*/.exec(rest)?.[0] ?? ''}"`;
}

function trackNesting(character: string, state: State): string | undefined {
  switch (character) {
    case '(':
      state.parentheses += 1;
      return undefined;
    case ')':
      state.parentheses -= 1;
      return state.parentheses < 0 ? "unexpected right parenthesis ')'" : undefined;
    case '[':
      if (state.inBrackets) return "unexpected left bracket '['";
      state.inBrackets = true;
      return undefined;
    case ']':
      if (!state.inBrackets) return "unexpected right bracket ']'";
      state.inBrackets = false;
      return undefined;
    case '{':
      if (state.inBraces) return "unexpected left brace '{'";
      state.inBraces = true;
      return undefined;
    case '}':
      if (!state.inBraces) return "unexpected character: '}'";
      state.inBraces = false;
      return undefined;
    default:
      return undefined;
  }
}
