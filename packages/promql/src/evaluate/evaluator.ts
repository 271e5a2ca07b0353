/** Evaluates a plan over all of its steps, part after part. */
import { bug } from '@vigie/core/errors';
import { multiplyHistogram } from '../histogram/arithmetic.ts';
import { isSetOperator } from '../syntax/operators.ts';
import { evaluateAggregation } from './aggregate/aggregate.ts';
import { matchVectors } from './binary/match.ts';
import { betweenScalars, withScalar } from './binary/scalars.ts';
import { combineSets } from './binary/sets.ts';
import { matchingProjection } from './binary/signatures.ts';
import { ABSENT, FLOAT, type VectorBlock } from './block.ts';
import { type Evaluation, firstStep, keep, newBlock, release, type Steps, type TakeRows } from './evaluation.ts';
import { evaluationError } from './failure.ts';
import { larger, smaller } from './functions/math.ts';
import { callFunction } from './instant-call.ts';
import { dropNames, mapCells } from './map-rows.ts';
import { byStep, mergeSeries } from './merge-rows.ts';
import { asPinned } from './pinned-selector.ts';
import type { BinaryPlan, CallPlan, Plan } from './plan.ts';
import { callRangeFunction, rangeArgument } from './range-call.ts';
import { evaluateSelector } from './select.ts';
import { evaluateSmoothed } from './smoothed-selector.ts';

export function makeEvaluation(
  parts: Omit<Evaluation, 'vector' | 'series' | 'nameless' | 'rows' | 'scalar'>,
): Evaluation {
  const evaluation: Evaluation = {
    ...parts,
    vector: async (plan, steps) => byStep(await evaluateVector(evaluation, plan, steps, true)),
    series: (plan, steps) => evaluateVector(evaluation, plan, steps, true),
    nameless: async (plan, steps) => byStep(await evaluateVector(evaluation, plan, steps, false)),
    rows: (plan, steps, take) => evaluateRows(evaluation, plan, steps, take),
    scalar: (plan, steps) => evaluateScalar(evaluation, plan, steps),
  };
  return evaluation;
}

/** @param take may be given rows in parts before the rest is returned */
async function evaluateVector(
  evaluation: Evaluation,
  plan: Plan,
  steps: Steps,
  namesMatter: boolean,
  take?: TakeRows,
): Promise<VectorBlock> {
  evaluation.budget.check();
  if (steps.count === 0) return newBlock(evaluation, 0, 0);
  switch (plan.kind) {
    case 'vector': {
      const { lookbackMs } = evaluation;
      return plan.modifier === 'smoothed'
        ? evaluateSmoothed(evaluation, asPinned(plan, lookbackMs, lookbackMs, steps), steps)
        : evaluateSelector(evaluation, asPinned(plan, lookbackMs, 0, steps), steps, take);
    }
    case 'call': {
      const range = rangeArgument(plan);
      return range === undefined
        ? callFunction(evaluation, plan, steps)
        : callRangeFunction(evaluation, plan, range, steps, namesMatter, take);
    }
    case 'aggregation':
      return evaluateAggregation(evaluation, plan, steps);
    case 'binary':
      return evaluateBinary(evaluation, plan, steps);
    case 'unary':
      return evaluateUnary(evaluation, plan, steps);
    case 'invariant':
      return repeat(evaluation, plan.expr, steps);
    default:
      throw bug(`${plan.kind} is not an instant vector`);
  }
}

async function evaluateRows(evaluation: Evaluation, plan: Plan, steps: Steps, take: TakeRows): Promise<void> {
  const last = byStep(await evaluateVector(evaluation, plan, steps, false, take));
  await take(last);
  release(evaluation, last);
}

async function evaluateScalar(evaluation: Evaluation, plan: Plan, steps: Steps): Promise<Float64Array> {
  switch (plan.kind) {
    case 'number':
      return new Float64Array(steps.count).fill(plan.value);
    case 'unary': {
      const values = await evaluateScalar(evaluation, plan.expr, steps);
      return plan.operator === '-' ? values.map((value) => -value) : values;
    }
    case 'binary': {
      const left = await evaluateScalar(evaluation, plan.left, steps);
      return betweenScalars(plan, left, await evaluateScalar(evaluation, plan.right, steps));
    }
    case 'invariant': {
      const [value = Number.NaN] = await evaluateScalar(evaluation, plan.expr, firstStep(steps));
      return new Float64Array(steps.count).fill(value);
    }
    case 'call':
      return callScalar(evaluation, plan, steps);
    default:
      throw bug(`${plan.kind} is not a scalar`);
  }
}

async function callScalar(evaluation: Evaluation, { name, args }: CallPlan, steps: Steps): Promise<Float64Array> {
  const { query } = evaluation;
  const constant = (value: number): Float64Array => new Float64Array(steps.count).fill(value);
  switch (name) {
    case 'pi':
      return constant(Math.PI);
    case 'time':
      return Float64Array.from({ length: steps.count }, (_, step) => (steps.startMs + step * steps.stepMs) / 1000);
    case 'start':
      return constant(query.startMs / 1000);
    case 'end':
      return constant(query.endMs / 1000);
    case 'range':
      return constant((query.endMs - query.startMs) / 1000);
    case 'step':
      return constant(query.startMs === query.endMs ? 0 : query.stepMs / 1000);
    case 'min_of':
    case 'max_of': {
      const [left, right] = args;
      if (left === undefined || right === undefined) throw bug(`${name} takes two scalars`);
      const values = await evaluation.scalar(left, steps);
      const others = await evaluation.scalar(right, steps);
      return values.map((value, step) => (name === 'min_of' ? smaller : larger)(value, others[step]!));
    }
    case 'scalar': {
      const [arg] = args;
      if (arg === undefined) throw bug('scalar without its vector');
      const block = await evaluation.vector(arg, steps);
      const values = onlyFloats(block, steps);
      release(evaluation, block);
      return values;
    }
    default:
      throw bug(`function ${name} does not return a scalar`);
  }
}

/** The float at each step, NaN where there is not exactly one. */
function onlyFloats({ rows, kinds, values }: VectorBlock, steps: Steps): Float64Array {
  const found = new Float64Array(steps.count).fill(Number.NaN);
  for (let step = 0; step < steps.count; step++) {
    let count = 0;
    for (let row = 0; row < rows; row++) {
      if (kinds[row * steps.count + step] !== FLOAT) continue;
      count++;
      found[step] = values[row * steps.count + step]!;
    }
    if (count !== 1) found[step] = Number.NaN;
  }
  return found;
}

async function evaluateBinary(evaluation: Evaluation, plan: BinaryPlan, steps: Steps): Promise<VectorBlock> {
  if (plan.left.type === 'scalar') {
    const scalar = await evaluation.scalar(plan.left, steps);
    return withScalar(evaluation, plan, await evaluation.vector(plan.right, steps), scalar, true);
  }
  if (plan.right.type === 'scalar') {
    const block = await evaluation.vector(plan.left, steps);
    return withScalar(evaluation, plan, block, await evaluation.scalar(plan.right, steps), false);
  }
  const { matching, operator } = plan;
  if (matching === undefined) throw bug('an operation between vectors without its matching');
  const left = await evaluation.vector(plan.left, steps);
  const right = await evaluation.vector(plan.right, steps);
  if (isSetOperator(operator)) {
    const result = await combineSets(evaluation, operator, matchingProjection(evaluation, matching), left, right);
    release(evaluation, right);
    if (result !== left) release(evaluation, left);
    return result;
  }
  const result = await matchVectors(evaluation, plan, matching, left, right);
  release(evaluation, left);
  release(evaluation, right);
  return result;
}

async function evaluateUnary(
  evaluation: Evaluation,
  plan: Extract<Plan, { readonly kind: 'unary' }>,
  steps: Steps,
): Promise<VectorBlock> {
  const block = await evaluation.series(plan.expr, steps);
  if (plan.operator === '+') return block;
  await mapCells(evaluation, block, (cell) => {
    const histogram = block.histogramAt(cell);
    if (histogram === undefined) block.values[cell] = -block.values[cell]!;
    else block.setHistogram(cell, multiplyHistogram(histogram, -1));
  });
  for (const [cell, histogram] of block.besides ?? []) block.besides?.set(cell, multiplyHistogram(histogram, -1));
  return dropNames(evaluation, block, mergeSeries);
}

/** What is the same at each step is evaluated at the first. */
async function repeat(evaluation: Evaluation, plan: Plan, steps: Steps): Promise<VectorBlock> {
  const once = await evaluation.series(plan, firstStep(steps));
  if (once.besides !== undefined) throw evaluationError('unexpected number of samples');
  if (steps.count === 1) return once;
  const block = newBlock(evaluation, steps.count, once.rows);
  for (let row = 0; row < once.rows; row++) {
    if (once.kinds[row] === ABSENT) continue;
    const into = block.addRow(once.labels[row]!, once.dropName[row]!);
    for (let step = 0; step < steps.count; step++) block.copyCell(into * steps.count + step, once, row);
  }
  release(evaluation, once);
  return keep(evaluation, block);
}
