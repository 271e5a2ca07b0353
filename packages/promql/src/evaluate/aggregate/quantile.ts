/** The quantile of each group. */
import { TEXT } from '../annotations.ts';
import { ABSENT, FLOAT, type VectorBlock } from '../block.ts';
import { type Evaluation, keep, newBlock } from '../evaluation.ts';
import { dropEmptyRows } from '../map-rows.ts';
import type { AggregationPlan } from '../plan.ts';
import { quantileOf } from '../quantile.ts';
import { Groups } from './groups.ts';
import { boundsOf } from './param-bounds.ts';

export async function aggregateQuantile(
  evaluation: Evaluation,
  plan: AggregationPlan,
  quantiles: Float64Array,
  input: VectorBlock,
): Promise<VectorBlock> {
  const { budget, annotations } = evaluation;
  warnOfQuantiles(evaluation, plan, quantiles);
  const groups = new Groups(evaluation, plan);
  const ofRow = groups.ofRows(input);
  const output = newBlock(evaluation, input.steps, groups.labels.length);
  const rowsOf: number[][] = groups.labels.map(() => []);
  for (const labels of groups.labels) output.addRow(labels, false);
  output.isDistinct = groups.areDistinct;
  for (let row = 0; row < input.rows; row++) {
    rowsOf[ofRow[row]!]!.push(row);
    if (input.dropName[row] === true) output.dropName[ofRow[row]!] = true;
  }
  const scratch = new Float64Array(input.rows);
  for (const [group, rows] of rowsOf.entries()) {
    for (let step = 0; step < input.steps; step++) {
      if (budget.isDue()) await budget.pause();
      let count = 0;
      for (const row of rows) {
        const cell = row * input.steps + step;
        if (input.kinds[cell] === FLOAT) scratch[count++] = input.values[cell]!;
        else if (input.kinds[cell] !== ABSENT) annotations.info(TEXT.ignoredInAggregation('quantile'), plan.expr.range);
      }
      if (count > 0)
        output.setFloat(group * input.steps + step, quantileOf(quantiles[step]!, scratch.subarray(0, count)));
    }
  }
  return keep(evaluation, dropEmptyRows(output));
}

function warnOfQuantiles({ annotations }: Evaluation, plan: AggregationPlan, quantiles: Float64Array): void {
  const range = plan.param?.range ?? plan.range;
  const { min, max, hasNan } = boundsOf(quantiles);
  if (hasNan) annotations.warn(TEXT.invalidQuantile(Number.NaN), range);
  if (max > 1) annotations.warn(TEXT.invalidQuantile(max), range);
  if (min < 0) annotations.warn(TEXT.invalidQuantile(min), range);
}
