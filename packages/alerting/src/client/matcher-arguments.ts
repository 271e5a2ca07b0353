/** Matchers as they stand on a command line, in amtool's manner. Source: Alertmanager, cli/silence_add.go. */
import { VigieError } from '@vigie/core/errors';
import { quoteGo } from '@vigie/core/go-quote';
import type { AlertMatcher } from '../matchers/alert-matcher.ts';
import { MatcherError } from '../matchers/matcher-error.ts';
import { parseMatcher } from '../matchers/parse-matchers.ts';

/** One each; the first may be the name of an alert alone: `HighLatency severity=page`.
 *  @throws {VigieError} CONFIG_INVALID */
export function matchersOfArguments(texts: readonly string[]): readonly AlertMatcher[] {
  return texts.flatMap((text, index) => (index === 0 ? firstMatcher(text) : matchersOf(text)));
}

function matchersOf(text: string): readonly AlertMatcher[] {
  try {
    return parseMatcher(text).matchers;
  } catch (error) {
    if (error instanceof MatcherError) throw new VigieError('CONFIG_INVALID', `${text}: ${error.message}`);
    throw error;
  }
}

function firstMatcher(text: string): readonly AlertMatcher[] {
  try {
    return parseMatcher(text).matchers;
  } catch (error) {
    if (!(error instanceof MatcherError)) throw error;
    return matchersOf(`alertname=${quoteGo(text)}`);
  }
}

/** `NAME=VALUE` each, as annotations are.
 *  @throws {VigieError} CONFIG_INVALID */
export function pairsOfArguments(texts: readonly string[]): Readonly<Record<string, string>> {
  const matchers = texts.flatMap(matchersOf);
  const other = matchers.find(({ operator }) => operator !== '=');
  if (other !== undefined) throw new VigieError('CONFIG_INVALID', `expected NAME=VALUE, got ${other}`);
  return Object.fromEntries(matchers.map(({ name, value }) => [name, value]));
}
