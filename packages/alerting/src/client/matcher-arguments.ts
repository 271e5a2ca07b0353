/** Matchers as they stand on a command line, in amtool's manner. Source: Alertmanager, cli/silence_add.go. */
import { VigieError } from '@vigie/core/errors';
import { quoteGo } from '@vigie/core/go-quote';
import type { AlertMatcher } from '../matchers/alert-matcher.ts';
import { MatcherError } from '../matchers/matcher-error.ts';
import { parseMatcher } from '../matchers/parse-matchers.ts';

/** What no name of an alert has: whoever writes it means a matcher. */
const OPERATOR = /[=~]/;

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
  return attempt(text) ?? matchersOf(OPERATOR.test(text) ? text : `alertname=${quoteGo(text)}`);
}

/** `NAME=VALUE` each, as annotations are.
 *  @param option that has them
 *  @throws {VigieError} CONFIG_INVALID */
export function pairsOfArguments(option: string, texts: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    texts.flatMap((text) => {
      const matchers = attempt(text) ?? [];
      if (matchers.length === 0 || matchers.some(({ operator }) => operator !== '='))
        throw new VigieError('CONFIG_INVALID', `${option}: expected NAME=VALUE, got ${text}`);
      return matchers.map(({ name, value }) => [name, value] as const);
    }),
  );
}

/** @returns undefined where it is no matcher */
function attempt(text: string): readonly AlertMatcher[] | undefined {
  try {
    return parseMatcher(text).matchers;
  } catch (error) {
    if (error instanceof MatcherError) return undefined;
    throw error;
  }
}
