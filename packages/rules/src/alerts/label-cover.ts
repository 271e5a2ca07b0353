/** Which label sets a result speaks of: those that have all the labels of one of its series. Pure. */
import { type LabelSet, METRIC_NAME } from '@vigie/promql/labels/label-set';

/** @returns whether a series is among those of the result, or one with fewer labels is; a series without labels speaks of all
 *  Cost: O(series); of each question, O(kinds of label names among them). */
export function labelCover(series: Iterable<LabelSet>): (labels: LabelSet) => boolean {
  /** By the names that they have: the keys of those with these names. */
  const keys = new Map<string, { readonly names: ReadonlySet<string>; readonly keys: Set<string> }>();
  for (const one of series) {
    const labels = one.without(METRIC_NAME);
    const kind = labels.names.join('\xff');
    const known = keys.get(kind) ?? { names: new Set(labels.names), keys: new Set() };
    keys.set(kind, known);
    known.keys.add(labels.key);
  }
  const kinds = [...keys.values()];
  return (labels) => kinds.some(({ names, keys: ofKind }) => ofKind.has(labels.filter((name) => names.has(name)).key));
}
