/** Rows that have come to have the same labels become one, as long as they are at different steps. */
import type { LabelSet } from '../labels/label-set.ts';
import { ABSENT, type VectorBlock } from './block.ts';
import { evaluationError, SAME_LABELS } from './failure.ts';

/** @returns the same block, shortened
 *  @throws {EvaluationError} where two have a value at the same step */
export function mergeRows(block: VectorBlock): VectorBlock {
  if (block.rows <= 1 || block.isDistinct) return block;
  const rowOf = new Map<string, number>();
  let kept = 0;
  for (let row = 0; row < block.rows; row++) {
    const labels = block.labels[row]!;
    const into = rowOf.get(labels.key);
    if (into === undefined) {
      rowOf.set(labels.key, kept);
      if (kept !== row) moveRow(block, row, kept, labels);
      kept += 1;
      continue;
    }
    for (let step = 0; step < block.steps; step++) {
      const from = row * block.steps + step;
      if (block.kinds[from] === ABSENT) continue;
      const to = into * block.steps + step;
      if (block.kinds[to] !== ABSENT) throw evaluationError(SAME_LABELS);
      block.copyCell(to, block, from);
    }
  }
  while (block.rows > kept) block.removeLastRow();
  return block;
}

function moveRow(block: VectorBlock, from: number, to: number, labels: LabelSet): void {
  const { steps } = block;
  block.labels[to] = labels;
  block.dropName[to] = block.dropName[from]!;
  block.values.copyWithin(to * steps, from * steps, (from + 1) * steps);
  block.kinds.copyWithin(to * steps, from * steps, (from + 1) * steps);
  if (block.histograms === undefined) return;
  for (let step = 0; step < steps; step++) block.histograms[to * steps + step] = block.histograms[from * steps + step];
}
