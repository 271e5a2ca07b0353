import { LabelSet } from '@vigie/promql/labels/label-set';

/** Those that all of them have, with the value that all have. */
export function commonLabels(sets: readonly LabelSet[]): LabelSet {
  const [first = LabelSet.empty, ...others] = sets;
  return first.filter((name) => others.every((set) => set.get(name) === first.get(name)));
}
