/** Matchers whose names and values may hold any UTF-8, in quotes or, without what the grammar uses, bare.
 *  Source: Alertmanager, matcher/parse/parse.go. */
import { unquoteGo } from '@vigie/core/go-quote';
import { AlertMatcher, type MatchOperator } from './alert-matcher.ts';
import { MatcherError } from './matcher-error.ts';
import { type Token, type TokenKind, Utf8Lexer } from './utf8-lexer.ts';

/** A list with or without braces, a comma at its end allowed.
 *  @throws {MatcherError} in Alertmanager's words */
export function parseUtf8Matchers(input: string): readonly AlertMatcher[] {
  const lexer = new Utf8Lexer(input);
  const first = lexer.peek();
  const hasBrace = first !== 'end' && first.kind === '{';
  if (first === 'end') return [];
  if (hasBrace) lexer.next();
  const matchers: AlertMatcher[] = [];
  if (!isAt(lexer, '}') && !(hasBrace && lexer.peek() === 'end')) readList(lexer, matchers);
  closeBrace(lexer, hasBrace);
  expectEnd(lexer);
  return matchers;
}

/** @throws {MatcherError} also where there is not exactly one */
export function parseUtf8Matcher(input: string): AlertMatcher {
  const matchers = parseUtf8Matchers(input);
  const [matcher] = matchers;
  if (matcher === undefined) throw new MatcherError('no matchers');
  if (matchers.length > 1) throw new MatcherError(`expected 1 matcher, found ${matchers.length}`);
  return matcher;
}

function readList(lexer: Utf8Lexer, matchers: AlertMatcher[]): void {
  for (;;) {
    matchers.push(readMatcher(lexer));
    const after = peekOne(lexer, [',', '}'], 'expected a comma or close brace');
    if (after === 'end' || after.kind === '}') return;
    lexer.next();
    const next = peekOne(lexer, ['}', 'unquoted', 'quoted'], 'expected a matcher or close brace after comma');
    if (next === 'end' || next.kind === '}') return;
  }
}

function readMatcher(lexer: Utf8Lexer): AlertMatcher {
  const name = unquoted(take(lexer, ['quoted', 'unquoted'], 'expected label name'));
  const { kind } = take(lexer, ['=', '!=', '=~', '!~'], "expected an operator such as '=', '!=', '=~' or '!~'");
  const value = unquoted(take(lexer, ['unquoted', 'quoted'], 'expected label value'));
  try {
    return new AlertMatcher(name, operatorOf(kind), value);
  } catch (error) {
    if (error instanceof MatcherError) throw new MatcherError(`failed to create matcher: ${error.message}`);
    throw error;
  }
}

function operatorOf(kind: TokenKind): MatchOperator {
  switch (kind) {
    case '!=':
    case '=~':
    case '!~':
      return kind;
    default:
      return '=';
  }
}

function unquoted(token: Token): string {
  if (token.kind === 'unquoted') return token.text;
  const text = unquoteGo(token.text);
  // Bytes that are not UTF-8 come out of the escapes as U+FFFD, which may also have been written as it is.
  if (text === undefined || (text.includes('\ufffd') && !/\ufffd|\\ufffd|\\U0000fffd/i.test(token.text)))
    throw new MatcherError(`${token.start}:${token.end}: ${token.text}: invalid input`);
  return text;
}

function closeBrace(lexer: Utf8Lexer, hasBrace: boolean): void {
  if (!hasBrace) {
    if (!isAt(lexer, '}')) return;
    lexer.next();
    throw new MatcherError(`0:${lexer.position}: }: expected opening brace`);
  }
  try {
    take(lexer, ['}'], 'expected close brace');
  } catch (error) {
    if (error instanceof MatcherError) throw new MatcherError(`0:${lexer.position}: ${error.message}`);
    throw error;
  }
}

function expectEnd(lexer: Utf8Lexer): void {
  const token = wrapped('expected end of input', () => lexer.next());
  if (token !== 'end') throw new MatcherError(`${token.start}:${token.end}: ${token.text}: expected end of input`);
}

function isAt(lexer: Utf8Lexer, kind: TokenKind): boolean {
  const token = lexer.peek();
  return token !== 'end' && token.kind === kind;
}

/** The next token, which must be there. */
function take(lexer: Utf8Lexer, kinds: readonly TokenKind[], wanted: string): Token {
  const token = peekOne(lexer, kinds, wanted);
  if (token === 'end') throw new MatcherError(`end of input: ${wanted}`);
  lexer.next();
  return token;
}

function peekOne(lexer: Utf8Lexer, kinds: readonly TokenKind[], wanted: string): Token | 'end' {
  const token = wrapped(wanted, () => lexer.peek());
  if (token !== 'end' && !kinds.includes(token.kind))
    throw new MatcherError(`${token.start}:${token.end}: unexpected ${token.text}: ${wanted}`);
  return token;
}

/** What the lexer refuses is told with what was wanted there. */
function wrapped<T>(wanted: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof MatcherError) throw new MatcherError(`${error.message}: ${wanted}`);
    throw error;
  }
}
