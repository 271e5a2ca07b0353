/** Rules of one file that write the same series. Source: Prometheus, cmd/promtool, checkDuplicates. */
import type { LabelSet } from '@vigie/promql/labels/label-set';
import type { RuleGroup } from '../rule.ts';

export interface DuplicateRule {
  readonly name: string;
  readonly labels: LabelSet;
}

/** @returns each name with its labels once, in the order of the file */
export function duplicateRules(groups: readonly RuleGroup[]): readonly DuplicateRule[] {
  const times = new Map<string, number>();
  return groups
    .flatMap(({ rules }) => rules)
    .filter(({ name, labels }) => {
      const key = `${name}\xff${labels.key}`;
      const seen = (times.get(key) ?? 0) + 1;
      times.set(key, seen);
      return seen === 2;
    })
    .map(({ name, labels }) => ({ name, labels }));
}
