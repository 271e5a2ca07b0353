/** Calls of functions of instant vectors and scalars. */
import { bug } from '@vigie/core/errors';
import { LabelSet } from '../labels/label-set.ts';
import { absentLabels } from './absent.ts';
import { TEXT } from './annotations.ts';
import { ABSENT, FLOAT, type VectorBlock } from './block.ts';
import { type Evaluation, isInstant, keep, newBlock, release, type Steps } from './evaluation.ts';
import { CALENDAR_FUNCTIONS } from './functions/calendar.ts';
import {
  callHistogramFraction,
  callHistogramQuantile,
  callHistogramQuantiles,
} from './functions/histogram-quantile.ts';
import { HISTOGRAM_VALUES, mapHistograms } from './functions/histogram-values.ts';
import { callInfo } from './functions/info.ts';
import { clampTo, MATH_FUNCTIONS, roundTo } from './functions/math.ts';
import { joinLabels, replaceLabel } from './functions/relabel.ts';
import { sortByLabels, sortByValue } from './functions/sort.ts';
import { dropEmptyRows, dropNames, mapFloats } from './map-rows.ts';
import { asStamped } from './pinned-selector.ts';
import type { CallPlan, Plan } from './plan.ts';
import { selectInstants } from './select.ts';

/** Of functions that return a vector. */
export async function callFunction(evaluation: Evaluation, call: CallPlan, steps: Steps): Promise<VectorBlock> {
  const { name, args } = call;
  const compute = MATH_FUNCTIONS.get(name);
  if (compute !== undefined) return mapFloats(evaluation, await first(evaluation, call, steps), compute);
  const calendar = CALENDAR_FUNCTIONS.get(name);
  if (calendar !== undefined) return callCalendar(evaluation, call, calendar, steps);
  const ofHistogram = HISTOGRAM_VALUES.get(name);
  if (ofHistogram !== undefined) return mapHistograms(evaluation, await first(evaluation, call, steps), ofHistogram);
  switch (name) {
    case 'absent':
      return callAbsent(evaluation, call, steps);
    case 'clamp':
    case 'clamp_max':
    case 'clamp_min':
      return callClamp(evaluation, call, steps);
    case 'histogram_fraction':
      return callHistogramFraction(evaluation, call, steps);
    case 'histogram_quantile':
      return callHistogramQuantile(evaluation, call, steps);
    case 'histogram_quantiles':
      return callHistogramQuantiles(evaluation, call, steps);
    case 'info':
      return callInfo(evaluation, call, steps);
    case 'label_join':
      return keep(evaluation, joinLabels(await evaluation.series(argument(call, 0), steps), texts(args)));
    case 'label_replace':
      return keep(evaluation, replaceLabel(await evaluation.series(argument(call, 0), steps), texts(args)));
    case 'round': {
      const [, nearestPlan] = args;
      const nearest = nearestPlan && (await evaluation.scalar(nearestPlan, steps));
      const block = await first(evaluation, call, steps);
      return mapFloats(evaluation, block, (value, step) => roundTo(value, nearest?.[step] ?? 1));
    }
    case 'sort':
    case 'sort_desc':
    case 'sort_by_label':
    case 'sort_by_label_desc':
      return callSort(evaluation, call, steps);
    case 'timestamp':
      return callTimestamp(
        evaluation,
        call,
        steps,
        (at) => at,
        (stepMs) => stepMs,
      );
    case 'start_timestamp':
      return callTimestamp(evaluation, call, steps, undefined, undefined);
    case 'vector':
      return fromScalar(evaluation, await evaluation.scalar(argument(call, 0), steps), steps);
  }
  throw bug(`function ${name} is in the table of the parser and not here`);
}

function argument({ name, args }: CallPlan, index: number): Plan {
  const arg = args[index];
  if (arg === undefined) throw bug(`${name} without argument ${index + 1}`);
  return arg;
}

function first(evaluation: Evaluation, call: CallPlan, steps: Steps): Promise<VectorBlock> {
  return evaluation.vector(argument(call, 0), steps);
}

/** String arguments behind the first. */
function texts(args: readonly Plan[]): readonly string[] {
  return args.slice(1).map((arg) => (arg.kind === 'string' ? arg.value : ''));
}

export function fromScalar(evaluation: Evaluation, values: Float64Array, steps: Steps): VectorBlock {
  const block = newBlock(evaluation, steps.count, 1);
  block.addRow(LabelSet.empty, false);
  for (let step = 0; step < steps.count; step++) block.setFloat(step, values[step]!);
  return keep(evaluation, block);
}

async function callCalendar(
  evaluation: Evaluation,
  call: CallPlan,
  part: (seconds: number) => number,
  steps: Steps,
): Promise<VectorBlock> {
  if (call.args.length > 0) return mapFloats(evaluation, await first(evaluation, call, steps), part);
  const values = Float64Array.from({ length: steps.count }, (_, step) =>
    part((steps.startMs + step * steps.stepMs) / 1000),
  );
  return fromScalar(evaluation, values, steps);
}

async function callAbsent(evaluation: Evaluation, call: CallPlan, steps: Steps): Promise<VectorBlock> {
  const arg = argument(call, 0);
  const present = await evaluation.vector(arg, steps);
  const block = newBlock(evaluation, steps.count, 1);
  block.addRow(absentLabels(arg.kind === 'vector' ? arg.matchers : undefined), false);
  for (let step = 0; step < steps.count; step++) {
    let isPresent = false;
    for (let row = 0; row < present.rows && !isPresent; row++) {
      isPresent = present.kinds[row * steps.count + step] !== ABSENT;
    }
    if (!isPresent) block.setFloat(step, 1);
  }
  release(evaluation, present);
  return keep(evaluation, dropEmptyRows(block));
}

async function callClamp(evaluation: Evaluation, call: CallPlan, steps: Steps): Promise<VectorBlock> {
  const bound = (index: number): Promise<Float64Array> => evaluation.scalar(argument(call, index), steps);
  const min = call.name === 'clamp_max' ? undefined : await bound(1);
  const max = call.name === 'clamp_min' ? undefined : await bound(call.name === 'clamp' ? 2 : 1);
  const block = await first(evaluation, call, steps);
  for (let step = 0; step < steps.count; step++) {
    if (!((max?.[step] ?? Infinity) < (min?.[step] ?? -Infinity))) continue;
    for (let row = 0; row < block.rows; row++) block.kinds[row * steps.count + step] = ABSENT;
  }
  return mapFloats(evaluation, block, (value, step) =>
    clampTo(value, min?.[step] ?? -Infinity, max?.[step] ?? Infinity),
  );
}

async function callSort(evaluation: Evaluation, call: CallPlan, steps: Steps): Promise<VectorBlock> {
  const block = await first(evaluation, call, steps);
  // What is the same at each step is evaluated at one, and is no range; a range that is shorter than its step is one.
  if (!isInstant(steps)) evaluation.annotations.warn(TEXT.sortInRange, call.range);
  if (call.name.startsWith('sort_by_label')) {
    return sortByLabels(evaluation, block, texts(call.args), call.name.endsWith('_desc'));
  }
  if (steps.count === 1) return sortByValue(evaluation, block, call.name === 'sort_desc');
  for (let cell = 0; cell < block.rows * block.steps; cell++) {
    if (block.kinds[cell] !== FLOAT) block.kinds[cell] = ABSENT;
  }
  return keep(evaluation, dropEmptyRows(block));
}

/** Of the sample itself where the argument is a selector, which other expressions forget. A start time that is not known is
 *  0; of other expressions there is none.
 *  @param ofSample ms of a sample; undefined for when its counter began
 *  @param ofStep ms of a sample of another expression; undefined for no result */
async function callTimestamp(
  evaluation: Evaluation,
  call: CallPlan,
  steps: Steps,
  ofSample: ((timestampMs: number) => number) | undefined,
  ofStep: ((stepMs: number) => number) | undefined,
): Promise<VectorBlock> {
  const selector = argument(call, 0);
  if (selector.kind === 'vector') {
    const block = await selectInstants(
      evaluation,
      asStamped(selector, evaluation.lookbackMs),
      steps,
      ({ timestampsMs, startTimestampsMs }, at) =>
        (ofSample === undefined ? (startTimestampsMs?.[at] ?? 0) : ofSample(timestampsMs[at]!)) / 1000,
      true,
    );
    return dropNames(evaluation, block);
  }
  const block = await first(evaluation, call, steps);
  for (let row = 0; row < block.rows; row++) {
    for (let step = 0; step < steps.count; step++) {
      const cell = row * steps.count + step;
      if (block.kinds[cell] === ABSENT) continue;
      if (ofStep === undefined) block.kinds[cell] = ABSENT;
      else block.setFloat(cell, ofStep(steps.startMs + step * steps.stepMs) / 1000);
    }
  }
  return dropNames(evaluation, dropEmptyRows(block));
}
