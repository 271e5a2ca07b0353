/** count_values: how often each value comes up in a group. */
import { describeHistogram } from '../../histogram/describe.ts';
import type { LabelSet } from '../../labels/label-set.ts';
import { METRIC_NAME } from '../../labels/label-set.ts';
import { formatFloat } from '../../text/float.ts';
import { ABSENT, type VectorBlock } from '../block.ts';
import { type Evaluation, keep, newBlock } from '../evaluation.ts';
import { evaluationError } from '../failure.ts';
import type { AggregationPlan } from '../plan.ts';

export async function countValues(
  evaluation: Evaluation,
  plan: AggregationPlan,
  label: string,
  input: VectorBlock,
): Promise<VectorBlock> {
  const { budget } = evaluation;
  if (label === '') throw evaluationError('invalid label name ""');
  const group = groupingOf(plan, label);
  const output = newBlock(evaluation, input.steps, 0);
  const rowOf = new Map<string, number>();
  for (let row = 0; row < input.rows; row++) {
    if (budget.isDue()) await budget.pause();
    const known = new Map<string, number>();
    for (let step = 0; step < input.steps; step++) {
      const cell = row * input.steps + step;
      if (input.kinds[cell] === ABSENT) continue;
      const histogram = input.histogramAt(cell);
      const value = histogram === undefined ? formatFloat(input.values[cell]!) : describeHistogram(histogram);
      let into = known.get(value);
      if (into === undefined) {
        const labels = group(input.labels[row]!.with(label, value));
        into = rowOf.get(labels.key) ?? output.addRow(labels, false);
        rowOf.set(labels.key, into);
        known.set(value, into);
      }
      const target = into * input.steps + step;
      output.setFloat(target, (output.kinds[target] === ABSENT ? 0 : output.values[target]!) + 1);
    }
  }
  return keep(evaluation, output);
}

/** The label with the value is always one to group by, unless it is taken out by name. */
function groupingOf({ grouping, without }: AggregationPlan, label: string): (labels: LabelSet) => LabelSet {
  if (without) return (labels) => labels.filter((name) => name !== METRIC_NAME && !grouping.includes(name));
  return (labels) => labels.filter((name) => name === label || grouping.includes(name));
}
