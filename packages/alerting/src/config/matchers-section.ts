/** Matchers of routes and inhibition rules: lists of `matchers`, and the older mappings `match` and `match_re`.
 *  Source: Alertmanager, config/common/matchers.go. */
import { named } from '@vigie/core/config/fields';
import type { ReadContext } from '@vigie/core/config/findings';
import type { ConfigPath } from '@vigie/core/config/problem';
import { textList, textMap } from '@vigie/core/config/written-fields';
import { quoteGo } from '@vigie/core/go-quote';
import * as v from 'valibot';
import { AlertMatcher, type MatchOperator, sortMatchers } from '../matchers/alert-matcher.ts';
import { MatcherError } from '../matchers/matcher-error.ts';
import { parseMatchers } from '../matchers/parse-matchers.ts';

export const matchersList = textList;
export const matchMap = textMap;
/** A regular expression without a value is a mistake. */
export const matchRegexMap = v.nullish(named(v.nullable(v.string())), {});

/** Keys of the section that it stands in. */
export interface WrittenMatchers {
  readonly matchers: readonly string[];
  readonly match: Readonly<Record<string, string>>;
  readonly matchRegex: Readonly<Record<string, string | null>>;
}

/** @param prefix of the keys: `source_` for `source_matchers`
 *  @returns all of them, sorted */
export function readMatchers(
  written: WrittenMatchers,
  path: ConfigPath,
  prefix: '' | 'source_' | 'target_',
  context: ReadContext,
): readonly AlertMatcher[] {
  const { findings } = context;
  const older = (key: string, operator: MatchOperator, entries: Readonly<Record<string, string | null>>) =>
    Object.entries(entries).flatMap(([name, value]) => {
      const at = [...path, `${prefix}${key}`, name];
      if (!isClassicLabelName(name)) {
        findings.refuseKey(at, 'the name of a label', `invalid label name ${quoteGo(name)}`);
        return [];
      }
      if (value === null) {
        findings.refuse(at, 'a regular expression', `invalid regexp value for ${quoteGo(name)}`);
        return [];
      }
      return attempt(at, 'a regular expression', context, () => [new AlertMatcher(name, operator, value)]);
    });
  const listed = written.matchers.flatMap((text, index) => {
    const at = [...path, `${prefix}matchers`, index];
    return attempt(at, 'matchers', context, () => {
      const { matchers, warning } = parseMatchers(text);
      if (warning !== undefined) findings.warn(at, warning);
      return matchers;
    });
  });
  return sortMatchers([
    ...older('match', '=', written.match),
    ...older('match_re', '=~', written.matchRegex),
    ...listed,
  ]);
}

/** Alertmanager's and Prometheus' older rule for names. */
function isClassicLabelName(name: string): boolean {
  return /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name);
}

function attempt(
  path: ConfigPath,
  expected: string,
  { findings }: ReadContext,
  read: () => readonly AlertMatcher[],
): readonly AlertMatcher[] {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof MatcherError)) throw error;
    findings.refuse(path, expected, error.message);
    return [];
  }
}
