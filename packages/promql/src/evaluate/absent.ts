/** Labels of what is absent: those that a selector asks for by equality, and only once. */
import { LabelSet, METRIC_NAME } from '../labels/label-set.ts';
import type { Matcher } from '../labels/matcher.ts';

/** @param matchers undefined where it is not a selector that is absent */
export function absentLabels(matchers: readonly Matcher[] | undefined): LabelSet {
  const labels = new Map<string, string>();
  const seen = new Set<string>();
  for (const { name, operator, value } of matchers ?? []) {
    if (name === METRIC_NAME) continue;
    if (operator === '=' && !seen.has(name)) {
      labels.set(name, value);
      seen.add(name);
    } else {
      labels.delete(name);
    }
  }
  return LabelSet.of(labels);
}
