/** Functions and operators that change the values of a vector in place, and with them take its name. */
import { ABSENT, FLOAT, type VectorBlock } from './block.ts';
import { type Evaluation, keep } from './evaluation.ts';
import { mergeRows } from './merge-rows.ts';

/** @param change of a cell; it may set it, or say that nothing is left of it */
export async function mapCells(
  evaluation: Evaluation,
  block: VectorBlock,
  change: (cell: number, step: number) => void,
): Promise<VectorBlock> {
  const { budget } = evaluation;
  for (let row = 0; row < block.rows; row++) {
    if (budget.isDue()) await budget.pause();
    let cell = row * block.steps;
    for (let step = 0; step < block.steps; step++, cell++) if (block.kinds[cell] !== ABSENT) change(cell, step);
  }
  return block;
}

/** Floats through a function; histograms go. */
export async function mapFloats(
  evaluation: Evaluation,
  block: VectorBlock,
  change: (value: number, step: number) => number,
): Promise<VectorBlock> {
  const { values, kinds } = block;
  await mapCells(evaluation, block, (cell, step) => {
    if (kinds[cell] === FLOAT) values[cell] = change(values[cell]!, step);
    else kinds[cell] = ABSENT;
  });
  return dropNames(evaluation, dropEmptyRows(block));
}

/** Of all rows, at once or at the end of the query.
 *  @param merge what becomes of rows that have the same labels then */
export function dropNames(evaluation: Evaluation, block: VectorBlock, merge = mergeRows): VectorBlock {
  block.dropName.fill(true);
  if (evaluation.delayedNameRemoval) return keep(evaluation, block);
  for (let row = 0; row < block.rows; row++) block.labels[row] = evaluation.labels.withoutMetadata(block.labels[row]!);
  return keep(evaluation, merge(block));
}

export function dropEmptyRows(block: VectorBlock): VectorBlock {
  return keepRows(block, (row) => !block.isEmptyRow(row));
}

/** In the same order. */
export function keepRows(block: VectorBlock, isKept: (row: number) => boolean): VectorBlock {
  const { steps } = block;
  let kept = 0;
  for (let row = 0; row < block.rows; row++) {
    if (!isKept(row)) continue;
    if (kept !== row) {
      block.labels[kept] = block.labels[row]!;
      block.dropName[kept] = block.dropName[row]!;
      block.values.copyWithin(kept * steps, row * steps, (row + 1) * steps);
      block.kinds.copyWithin(kept * steps, row * steps, (row + 1) * steps);
      for (let step = 0; block.histograms !== undefined && step < steps; step++) {
        block.histograms[kept * steps + step] = block.histograms[row * steps + step];
      }
    }
    kept += 1;
  }
  while (block.rows > kept) block.removeLastRow();
  return block;
}

/** In another order: row i is what was row `order[i]`. */
export function reorderRows(evaluation: Evaluation, block: VectorBlock, order: readonly number[]): VectorBlock {
  const { steps } = block;
  const labels = order.map((row) => block.labels[row]!);
  const dropName = order.map((row) => block.dropName[row]!);
  const values = block.values.slice();
  const kinds = block.kinds.slice();
  const histograms = block.histograms?.slice();
  for (const [to, from] of order.entries()) {
    block.labels[to] = labels[to]!;
    block.dropName[to] = dropName[to]!;
    block.values.set(values.subarray(from * steps, (from + 1) * steps), to * steps);
    block.kinds.set(kinds.subarray(from * steps, (from + 1) * steps), to * steps);
    for (let step = 0; histograms !== undefined && step < steps; step++) {
      if (block.histograms !== undefined) block.histograms[to * steps + step] = histograms[from * steps + step];
    }
  }
  while (block.rows > order.length) block.removeLastRow();
  return keep(evaluation, block);
}
