/** Rows of two vectors that belong together, by the labels that are matched. */
import { type LabelSet, METRIC_NAME } from '../../labels/label-set.ts';
import type { VectorMatching } from '../../syntax/ast.ts';
import type { VectorBlock } from '../block.ts';
import type { Evaluation } from '../evaluation.ts';
import type { Projection } from '../label-cache.ts';

export function matchingProjection({ labels }: Evaluation, { on, labels: names }: VectorMatching): Projection {
  return on ? labels.keeping(names) : labels.dropping([...names, METRIC_NAME]);
}

/** Rows by the labels that they share, in the order in which these come up. */
export function rowsBySignature(block: VectorBlock, projection: Projection): ReadonlyMap<LabelSet, readonly number[]> {
  const rows = new Map<LabelSet, number[]>();
  for (let row = 0; row < block.rows; row++) {
    const signature = projection.of(block.labels[row]!);
    const known = rows.get(signature);
    if (known === undefined) rows.set(signature, [row]);
    else known.push(row);
  }
  return rows;
}
