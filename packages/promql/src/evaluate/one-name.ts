/** Whether series stay apart without their names, as those of one metric do: so that nobody has to compare their labels. */
import { type LabelSet, METRIC_NAME } from '../labels/label-set.ts';
import type { Matcher } from '../labels/matcher.ts';

/** Whether all that the matchers select have the same name. */
export function selectsOneName(matchers: readonly Matcher[]): boolean {
  return matchers.some(({ name, operator }) => name === METRIC_NAME && operator === '=');
}

/** Whether the name is all that goes with it. `__type__` and `__unit__` would go too, and series may differ in them.
 *  Cost: names are sorted, so it looks at two of them as a rule. */
export function hasOnlyName({ names }: LabelSet): boolean {
  for (const name of names) {
    if (name === '__type__' || name === '__unit__') return false;
    if (name > '__unit__') return true;
  }
  return true;
}
