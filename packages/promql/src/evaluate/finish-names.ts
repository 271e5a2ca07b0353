/** With delayed removal of names: they go now. */
import type { VectorBlock } from './block.ts';
import type { Evaluation } from './evaluation.ts';
import { mergeRows } from './merge-rows.ts';

export function finishNames({ labels, delayedNameRemoval }: Evaluation, block: VectorBlock): VectorBlock {
  for (let row = 0; delayedNameRemoval && row < block.rows; row++) {
    if (block.dropName[row] === true) block.labels[row] = labels.withoutMetadata(block.labels[row]!);
  }
  return mergeRows(block);
}
