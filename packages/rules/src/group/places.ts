/** What tells the rules of a group apart over restarts and reloads: name and labels, and of several with the same ones, their order. */
import { groupKey, type RuleGroup } from '../rule.ts';
import type { RulePlace } from '../state/rule-record.ts';

/** @returns for each rule, in order */
export function placesOf(group: RuleGroup): readonly RulePlace[] {
  const key = groupKey(group);
  const seen = new Map<string, number>();
  return group.rules.map(({ name, labels }) => {
    const identity = `${name}\xff${labels.key}`;
    const nth = seen.get(identity) ?? 0;
    seen.set(identity, nth + 1);
    return { group: key, rule: name, ruleLabels: labels, nth };
  });
}
