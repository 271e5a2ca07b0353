/** Labels as a person writes them: `NAME=VALUE`. */
import { LabelSet } from '@vigie/promql/labels/label-set';
import type { AlertMatcher } from '../matchers/alert-matcher.ts';
import { MatcherError } from '../matchers/matcher-error.ts';

/** @throws {MatcherError} for any but `=` */
export function labelSetOf(matchers: readonly AlertMatcher[]): LabelSet {
  const other = matchers.find(({ operator }) => operator !== '=');
  if (other !== undefined) throw new MatcherError(`${other} is no label: write NAME=VALUE`);
  return LabelSet.of(matchers.map(({ name, value }) => [name, value] as const));
}
