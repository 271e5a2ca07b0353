/** Matchers as Alertmanager has always read them: values with or without quotes, `\"`, `\\` and `\n` as escapes, other backslashes as they are.
 *  Source: Alertmanager, pkg/labels/parse.go. */
import { AlertMatcher, type MatchOperator } from './alert-matcher.ts';
import { trimSpace } from './characters.ts';
import { MatcherError } from './matcher-error.ts';

/** White space of RE2's `\s`, which is ASCII's without the vertical tab. */
const MATCHER = /^[\t\n\f\r ]*([a-zA-Z_:][a-zA-Z0-9_:]*)[\t\n\f\r ]*(=~|=|!=|!~)[\t\n\f\r ]*([\s\S]*?)[\t\n\f\r ]*$/u;

/** A list with or without braces.
 *  @throws {MatcherError} in Alertmanager's words */
export function parseClassicMatchers(input: string): readonly AlertMatcher[] {
  const tokens: string[] = [];
  let token = '';
  let isQuoted = false;
  let isEscaped = false;
  for (const character of withoutBraces(input)) {
    if (character === ',' && !isQuoted) {
      tokens.push(token);
      token = '';
      continue;
    }
    if (character === '"' && !isEscaped) isQuoted = !isQuoted;
    // A comma within quotes leaves the escape as it is, as upstream does.
    if (character === '\\') isEscaped = !isEscaped;
    else if (character !== ',') isEscaped = false;
    token += character;
  }
  const last = trimSpace(token);
  if (last !== '') tokens.push(last);
  return tokens.map(parseClassicMatcher);
}

function withoutBraces(input: string): string {
  const opened = input.startsWith('{') ? input.slice(1) : input;
  return opened.endsWith('}') ? opened.slice(0, -1) : opened;
}

/** @throws {MatcherError} in Alertmanager's words */
export function parseClassicMatcher(input: string): AlertMatcher {
  const [, name, operator, written = ''] = MATCHER.exec(input) ?? [];
  if (name === undefined || !isOperator(operator)) throw new MatcherError(`bad matcher format: ${input}`);
  return new AlertMatcher(name, operator, unescapeValue(written));
}

function isOperator(text: string | undefined): text is MatchOperator {
  return text === '=' || text === '!=' || text === '=~' || text === '!~';
}

function unescapeValue(written: string): string {
  const isQuoted = written.startsWith('"');
  const raw = isQuoted ? written.slice(1) : written;
  const unescapedQuote = (): MatcherError =>
    new MatcherError(`matcher value contains unescaped double quote: ${written}`);
  let value = '';
  let isClosed = !isQuoted;
  for (let at = 0; at < raw.length; at++) {
    const character = raw[at]!;
    const isLast = at === raw.length - 1;
    if (character === '\\' && !isLast) {
      at++;
      const escaped = raw[at]!;
      if (escaped === 'n') value += '\n';
      else if (escaped === '"' || escaped === '\\') value += escaped;
      else value += `\\${escaped}`;
    } else if (character === '"') {
      if (isClosed || !isLast) throw unescapedQuote();
      isClosed = true;
    } else value += character;
  }
  if (!isClosed) throw unescapedQuote();
  return value;
}
