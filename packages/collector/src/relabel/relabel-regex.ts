/** The regular expressions of relabel rules: the whole text has to match. Source: Prometheus, model/relabel/relabel.go, NewRegexp. */
import { compileRegex, type Regex } from '@vigie/core/regex';

export const DEFAULT_REGEX = '(.*)';

const PREFIX = '^(?s:';
const SUFFIX = ')$';

/** @param source as it is written in the rule
 *  @throws {RegexError} */
export function relabelRegex(source: string): Regex {
  return compileRegex(`${PREFIX}${source}${SUFFIX}`);
}

/** As it was written. */
export function writtenRegex({ source }: Pick<Regex, 'source'>): string {
  return source.slice(PREFIX.length, -SUFFIX.length);
}
