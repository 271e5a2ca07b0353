/** The order in which Alertmanager lists sets of labels: the alerts of a notification, and the groups of its API.
 *  Source: Prometheus, common/model/labelset.go, Before. */
import { compareText, type LabelSet } from '@vigie/promql/labels/label-set';

/** Fewer labels first; of as many, the set that lacks the first name which only one of them has. */
export function compareLabels(a: LabelSet, b: LabelSet): number {
  if (a.size !== b.size) return a.size - b.size;
  for (let at = 0; at < a.size; at++) {
    const byName = compareText(b.names[at]!, a.names[at]!);
    if (byName !== 0) return byName;
    const byValue = compareText(a.values[at]!, b.values[at]!);
    if (byValue !== 0) return byValue;
  }
  return 0;
}
