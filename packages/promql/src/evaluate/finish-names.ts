/** With delayed removal of names: they go now. */
import type { VectorBlock } from './block.ts';
import type { Evaluation } from './evaluation.ts';
import { mergeSeries } from './merge-rows.ts';

export function finishNames({ labels, delayedNameRemoval }: Evaluation, block: VectorBlock): VectorBlock {
  if (!delayedNameRemoval) return block;
  for (let row = 0; row < block.rows; row++) {
    if (block.dropName[row] === true) block.labels[row] = labels.withoutMetadata(block.labels[row]!);
  }
  return mergeSeries(block);
}
