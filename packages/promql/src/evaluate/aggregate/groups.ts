/** Rows of a vector by the group they are in. */
import type { LabelSet } from '../../labels/label-set.ts';
import { METRIC_NAME } from '../../labels/label-set.ts';
import type { VectorBlock } from '../block.ts';
import type { Evaluation } from '../evaluation.ts';
import { isMetadataName } from '../label-cache.ts';
import type { AggregationPlan } from '../plan.ts';

export interface Groups {
  /** Labels of each group, in the order in which they come up. */
  readonly labels: readonly LabelSet[];
  /** Group of each row. */
  readonly ofRow: Int32Array;
  /** See VectorBlock. */
  readonly isDistinct: boolean;
}

export function groupRows(evaluation: Evaluation, { grouping, without }: AggregationPlan, block: VectorBlock): Groups {
  const projection = without
    ? evaluation.labels.dropping([...grouping, METRIC_NAME])
    : evaluation.labels.keeping(grouping);
  // Equal label sets are one object: no key is made for a series that was seen before.
  const indexOf = new Map<LabelSet, number>();
  const labels: LabelSet[] = [];
  const ofRow = new Int32Array(block.rows);
  for (let row = 0; row < block.rows; row++) {
    const group = projection.of(block.labels[row]!);
    let index = indexOf.get(group);
    if (index === undefined) {
      index = labels.length;
      labels.push(group);
      indexOf.set(group, index);
    }
    ofRow[row] = index;
  }
  const isDistinct = without ? block.isDistinct : !grouping.some(isMetadataName);
  return { labels, ofRow, isDistinct };
}
