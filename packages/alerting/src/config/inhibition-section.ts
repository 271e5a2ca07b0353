/** `inhibit_rules`: alerts that others make superfluous. Source: Alertmanager, config/common/inhibitrule.go. */
import { section } from '@vigie/core/config/fields';
import type { ReadContext } from '@vigie/core/config/findings';
import type { ConfigPath } from '@vigie/core/config/problem';
import { optionalText, textList } from '@vigie/core/config/written-fields';
import type * as v from 'valibot';
import type { AlertMatcher } from '../matchers/alert-matcher.ts';
import { matchersList, matchMap, matchRegexMap, readMatchers } from './matchers-section.ts';

export const inhibitRuleSection = section({
  name: optionalText,
  source_match: matchMap,
  source_match_re: matchRegexMap,
  source_matchers: matchersList,
  target_match: matchMap,
  target_match_re: matchRegexMap,
  target_matchers: matchersList,
  equal: textList,
});

export interface InhibitRule {
  /** '' where it has none. */
  readonly name: string;
  /** What the alert that inhibits fulfils. */
  readonly source: readonly AlertMatcher[];
  /** What the alert that is inhibited fulfils. */
  readonly target: readonly AlertMatcher[];
  /** Labels that both have alike; one that both lack is alike. */
  readonly equal: readonly string[];
  /** What the alert that is inhibited calls them, in the same order; undefined: the same. */
  readonly equalOfTarget?: readonly string[] | undefined;
  /** Where it stands, if not in `inhibit_rules`. */
  readonly place?: string | undefined;
}

export function readInhibitRule(
  written: v.InferOutput<typeof inhibitRuleSection>,
  path: ConfigPath,
  context: ReadContext,
): InhibitRule {
  for (const [index, name] of written.equal.entries()) {
    if (name === '')
      context.findings.refuse([...path, 'equal', index], 'the name of a label', 'invalid label name "" in equal list');
  }
  const { source_matchers, source_match, source_match_re, target_matchers, target_match, target_match_re } = written;
  const source = { matchers: source_matchers, match: source_match, matchRegex: source_match_re };
  const target = { matchers: target_matchers, match: target_match, matchRegex: target_match_re };
  return {
    name: written.name,
    source: readMatchers(source, path, 'source_', context),
    target: readMatchers(target, path, 'target_', context),
    equal: written.equal,
  };
}
