/** Matchers as Alertmanager reads them by default: in the grammar with UTF-8, and in the classic one where that is what was meant.
 *  Source: Alertmanager, matcher/compat/parse.go. */
import { type AlertMatcher, formatMatchers } from './alert-matcher.ts';
import { parseClassicMatcher, parseClassicMatchers } from './classic-matchers.ts';
import { MatcherError } from './matcher-error.ts';
import { parseUtf8Matcher, parseUtf8Matchers } from './utf8-matchers.ts';

export interface ParsedMatchers {
  readonly matchers: readonly AlertMatcher[];
  /** Why the classic grammar had to be taken, and what to write instead. */
  readonly warning: string | undefined;
}

/** A list, with or without braces.
 *  @throws {MatcherError} in Alertmanager's words, of the classic grammar */
export function parseMatchers(input: string): ParsedMatchers {
  return decide(
    input,
    attempt(() => parseUtf8Matchers(input)),
    attempt(() => parseClassicMatchers(input)),
  );
}

/** One, without braces.
 *  @throws {MatcherError} as parseMatchers */
export function parseMatcher(input: string): ParsedMatchers {
  if (input.startsWith('{') || input.endsWith('}')) throw new MatcherError(`unexpected open or close brace: ${input}`);
  return decide(
    input,
    attempt(() => [parseUtf8Matcher(input)]),
    attempt(() => [parseClassicMatcher(input)]),
  );
}

type Attempt = readonly AlertMatcher[] | MatcherError;

function attempt(parse: () => readonly AlertMatcher[]): Attempt {
  try {
    return parse();
  } catch (error) {
    if (error instanceof MatcherError) return error;
    throw error;
  }
}

function decide(input: string, utf8: Attempt, classic: Attempt): ParsedMatchers {
  if (utf8 instanceof MatcherError) {
    if (classic instanceof MatcherError) throw classic;
    const written = formatMatchers(classic).slice(1, -1);
    const warning = `${input} is read in the classic grammar of matchers, which later releases of Alertmanager no longer have (${utf8.message}): write ${written}`;
    return { matchers: classic, warning };
  }
  if (classic instanceof MatcherError || areEqual(utf8, classic)) return { matchers: utf8, warning: undefined };
  const warning = `${input} means ${formatMatchers(classic)} in the classic grammar of matchers, which is taken, and ${formatMatchers(utf8)} in the one of later releases of Alertmanager: write what means the same in both`;
  return { matchers: classic, warning };
}

function areEqual(a: readonly AlertMatcher[], b: readonly AlertMatcher[]): boolean {
  return a.length === b.length && a.every((matcher, index) => matcher.equals(b[index]!));
}
