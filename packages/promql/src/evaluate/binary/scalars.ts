/** Operators with a scalar on at least one side. */
import { changesMeaning, isComparison } from '../../syntax/operators.ts';
import { ABSENT, FLOAT, type VectorBlock } from '../block.ts';
import { type Evaluation, keep } from '../evaluation.ts';
import { evaluationError } from '../failure.ts';
import { dropEmptyRows, dropNames, mapCells } from '../map-rows.ts';
import type { BinaryPlan } from '../plan.ts';
import { arithmetic, comparison, Pairing } from './elements.ts';

/** @returns the left array, changed */
export function betweenScalars({ operator }: BinaryPlan, left: Float64Array, right: Float64Array): Float64Array {
  const compute = arithmetic(operator);
  const compare = comparison(operator);
  for (let step = 0; step < left.length; step++) {
    if (compute !== undefined) left[step] = compute(left[step]!, right[step]!);
    else if (compare !== undefined) left[step] = compare(left[step]!, right[step]!) ? 1 : 0;
    else throw evaluationError(`operator "${operator}" not allowed for Scalar operations`);
  }
  return left;
}

/** A comparison keeps the vector's value, on whichever side it is.
 *  @param scalarIsLeft whether the operation is `scalar operator vector` */
export async function withScalar(
  evaluation: Evaluation,
  plan: BinaryPlan,
  block: VectorBlock,
  scalar: Float64Array,
  scalarIsLeft: boolean,
): Promise<VectorBlock> {
  const { operator, returnBool } = plan;
  const pairing = new Pairing(operator);
  const compares = isComparison(operator);
  const { kinds, values } = block;
  await mapCells(evaluation, block, (cell, step) => {
    const histogram = block.histogramAt(cell);
    const value = values[cell]!;
    if (kinds[cell] === FLOAT) {
      if (scalarIsLeft) pairing.floats(scalar[step]!, value);
      else pairing.floats(value, scalar[step]!);
    } else if (scalarIsLeft) pairing.mixed(scalar[step]!, undefined, 0, histogram);
    else pairing.mixed(0, histogram, scalar[step]!, undefined);
    if (pairing.annotation !== undefined) evaluation.annotations.tell(pairing.annotation, plan.range);
    if (pairing.isInvalid) kinds[cell] = ABSENT;
    else if (returnBool) block.setFloat(cell, pairing.keep ? 1 : 0);
    else if (!pairing.keep) kinds[cell] = ABSENT;
    else if (compares) return;
    else if (pairing.histogram !== undefined) block.setHistogram(cell, pairing.histogram);
    else block.setFloat(cell, pairing.float);
  });
  dropEmptyRows(block);
  return changesMeaning(operator) || returnBool ? dropNames(evaluation, block) : keep(evaluation, block);
}
