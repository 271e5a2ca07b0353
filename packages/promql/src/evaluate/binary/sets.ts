/** and, or, unless. */
import type { SetOperator } from '../../syntax/operators.ts';
import { ABSENT, type VectorBlock } from '../block.ts';
import { type Evaluation, keep, newBlock } from '../evaluation.ts';
import type { Projection } from '../label-cache.ts';
import { dropEmptyRows } from '../map-rows.ts';
import { mergeRows } from '../merge-rows.ts';
import { rowsBySignature } from './signatures.ts';

export async function combineSets(
  evaluation: Evaluation,
  operator: SetOperator,
  projection: Projection,
  left: VectorBlock,
  right: VectorBlock,
): Promise<VectorBlock> {
  if (operator === 'or') return union(evaluation, projection, left, right);
  const other = rowsBySignature(right, projection);
  for (let row = 0; row < left.rows; row++) {
    if (evaluation.budget.isDue()) await evaluation.budget.pause();
    const matches = other.get(projection.of(left.labels[row]!)) ?? [];
    for (let step = 0; step < left.steps; step++) {
      const isMatched = isAnyPresent(right, matches, step);
      if (isMatched !== (operator === 'and')) left.kinds[row * left.steps + step] = ABSENT;
    }
  }
  return keep(evaluation, dropEmptyRows(left));
}

function isAnyPresent({ kinds, steps }: VectorBlock, rows: readonly number[], step: number): boolean {
  for (const row of rows) if (kinds[row * steps + step] !== ABSENT) return true;
  return false;
}

/** The left side, and of the right one what has no match there. */
async function union(
  evaluation: Evaluation,
  projection: Projection,
  left: VectorBlock,
  right: VectorBlock,
): Promise<VectorBlock> {
  const output = newBlock(evaluation, left.steps, left.rows + right.rows);
  const first = rowsBySignature(left, projection);
  for (let row = 0; row < left.rows; row++) {
    const into = output.addRow(left.labels[row]!, left.dropName[row]!);
    copyWhere(output, into, left, row, () => true);
  }
  for (let row = 0; row < right.rows; row++) {
    if (evaluation.budget.isDue()) await evaluation.budget.pause();
    const matches = first.get(projection.of(right.labels[row]!)) ?? [];
    const into = output.addRow(right.labels[row]!, right.dropName[row]!);
    copyWhere(output, into, right, row, (step) => !isAnyPresent(left, matches, step));
  }
  return keep(evaluation, mergeRows(dropEmptyRows(output)));
}

function copyWhere(
  output: VectorBlock,
  into: number,
  input: VectorBlock,
  row: number,
  isWanted: (step: number) => boolean,
): void {
  for (let step = 0; step < input.steps; step++) {
    const cell = row * input.steps + step;
    if (input.kinds[cell] !== ABSENT && isWanted(step)) output.copyCell(into * input.steps + step, input, cell);
  }
}
