/** Aggregations that pick some series of a group and leave them as they are: topk, bottomk, limitk, limit_ratio. Source:
 *  Prometheus, promql/engine.go, aggregationK. */
import { formatFloat } from '../../text/float.ts';
import { TEXT } from '../annotations.ts';
import { ABSENT, FLOAT, type VectorBlock } from '../block.ts';
import { type Evaluation, keep, newBlock } from '../evaluation.ts';
import { evaluationError } from '../failure.ts';
import type { AggregationPlan } from '../plan.ts';
import { Groups } from './groups.ts';
import { TopHeap } from './heap.ts';
import { boundsOf } from './param-bounds.ts';
import { sampleOffset } from './sample-offset.ts';

export type Picking = 'topk' | 'bottomk' | 'limitk' | 'limit_ratio';

export function pickingOf(operator: AggregationPlan['operator']): Picking | undefined {
  const isPicking =
    operator === 'topk' || operator === 'bottomk' || operator === 'limitk' || operator === 'limit_ratio';
  return isPicking ? operator : undefined;
}

export async function pick(
  evaluation: Evaluation,
  plan: AggregationPlan,
  picking: Picking,
  params: Float64Array,
  input: VectorBlock,
): Promise<VectorBlock> {
  checkParams(evaluation, plan, picking, params);
  const groups = new Groups(evaluation, plan);
  const ofRow = groups.ofRows(input);
  const picked: number[] = [];
  const rowOf = new Map<number, number>();
  const output = newBlock(evaluation, input.steps, 0);
  output.isDistinct = input.isDistinct;
  for (let step = 0; step < input.steps; step++) {
    if (evaluation.budget.isDue()) await evaluation.budget.pause();
    picked.length = 0;
    if (picking === 'limit_ratio') pickRatio(input, step, params[step]!, picked);
    else if (params[step]! >= 1) {
      const limit = Math.min(Math.trunc(params[step]!), input.rows);
      if (picking === 'limitk') pickFirst(input, ofRow, groups.labels.length, step, limit, picked);
      else pickExtreme(evaluation, plan, picking, input, ofRow, groups.labels.length, step, limit, picked);
    }
    for (const row of picked) {
      let into = rowOf.get(row);
      if (into === undefined) {
        into = output.addRow(input.labels[row]!, input.dropName[row]!);
        rowOf.set(row, into);
      }
      output.copyCell(into * input.steps + step, input, row * input.steps + step);
    }
  }
  return keep(evaluation, output);
}

/** The largest double below 2^63. */
const MAX_INT64 = 2 ** 63 - 1024;
const MIN_INT64 = -(2 ** 63);

function checkParams({ annotations }: Evaluation, plan: AggregationPlan, picking: Picking, params: Float64Array): void {
  const { min, max, hasNan } = boundsOf(params);
  if (picking === 'limit_ratio') {
    if (hasNan) throw evaluationError('Ratio value is NaN');
    const range = plan.param?.range ?? plan.range;
    if (max > 1) annotations.warn(TEXT.invalidRatio(max, 1), range);
    if (min < -1) annotations.warn(TEXT.invalidRatio(min, -1), range);
    return;
  }
  if (max < 1) return;
  if (hasNan) throw evaluationError('Parameter value is NaN');
  if (min <= MIN_INT64) throw evaluationError(`Scalar value ${formatFloat(min)} underflows int64`);
  if (max >= MAX_INT64) throw evaluationError(`Scalar value ${formatFloat(max)} overflows int64`);
}

function pickExtreme(
  { annotations }: Evaluation,
  plan: AggregationPlan,
  picking: 'topk' | 'bottomk',
  input: VectorBlock,
  ofRow: Int32Array,
  groups: number,
  step: number,
  limit: number,
  picked: number[],
): void {
  const heaps: TopHeap[] = [];
  for (let group = 0; group < groups; group++) heaps.push(new TopHeap(picking === 'topk' ? 'top' : 'bottom'));
  for (let row = 0; row < input.rows; row++) {
    const cell = row * input.steps + step;
    if (input.kinds[cell] === FLOAT) heaps[ofRow[row]!]!.offer(row, input.values[cell]!, limit);
    else if (input.kinds[cell] !== ABSENT) annotations.info(TEXT.ignoredInAggregation(picking), plan.range);
  }
  for (const heap of heaps) for (const row of heap.sorted()) picked.push(row);
}

function pickFirst(
  input: VectorBlock,
  ofRow: Int32Array,
  groups: number,
  step: number,
  limit: number,
  picked: number[],
): void {
  const counts = new Int32Array(groups);
  for (let row = 0; row < input.rows; row++) {
    const group = ofRow[row]!;
    if (input.kinds[row * input.steps + step] === ABSENT || counts[group]! >= limit) continue;
    counts[group]! += 1;
    picked.push(row);
  }
}

/** A share of all series, always the same ones; a negative ratio is the rest of the positive one. */
function pickRatio(input: VectorBlock, step: number, param: number, picked: number[]): void {
  const ratio = Math.max(-1, Math.min(1, param));
  if (ratio === 0) return;
  for (let row = 0; row < input.rows; row++) {
    if (input.kinds[row * input.steps + step] === ABSENT) continue;
    const offset = sampleOffset(input.labels[row]!);
    if (ratio > 0 ? offset < ratio : offset >= 1 + ratio) picked.push(row);
  }
}
