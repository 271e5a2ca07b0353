/** Whether series stay apart without their names, as those of one metric do: so that nobody has to compare their labels. */
import { type LabelSet, METRIC_NAME } from '../labels/label-set.ts';
import type { Matcher } from '../labels/matcher.ts';
import type { StoredSeries } from '../storage/querier.ts';

/** Of selections that a storage has given more than once. */
const known = new WeakMap<readonly StoredSeries[], boolean>();

/** Of what the matchers select. */
export function areApartWithoutNames(matchers: readonly Matcher[], series: readonly StoredSeries[]): boolean {
  if (nameOf(matchers) === undefined) return false;
  let areApart = known.get(series);
  if (areApart === undefined) {
    areApart = series.every(({ labels }) => hasOnlyName(labels));
    known.set(series, areApart);
  }
  return areApart;
}

/** The name of all that the matchers select, where they say one. */
export function nameOf(matchers: readonly Matcher[]): string | undefined {
  return matchers.find(({ name, operator }) => name === METRIC_NAME && operator === '=')?.value;
}

/** Whether the name is all that goes with it. `__type__` and `__unit__` would go too, and series may differ in them.
 *  Cost: names are sorted, so it looks at two of them as a rule. */
function hasOnlyName({ names }: LabelSet): boolean {
  for (const name of names) {
    if (name === '__type__' || name === '__unit__') return false;
    if (name > '__unit__') return true;
  }
  return true;
}
