/** Calls of functions of range vectors: series after series, each read once, with a window that moves from step to step. */
import type { LabelSet } from '../labels/label-set.ts';
import { SampleColumns } from '../storage/sample-columns.ts';
import type { PositionRange } from '../syntax/position.ts';
import { absentLabels } from './absent.ts';
import { TEXT } from './annotations.ts';
import type { VectorBlock } from './block.ts';
import {
  batchRows,
  type Evaluation,
  handOver,
  isBatch,
  keep,
  lastStepMs,
  newBlock,
  release,
  type Steps,
  type TakeRows,
} from './evaluation.ts';
import { evaluationError } from './failure.ts';
import type { FloatRow } from './float-row.ts';
import { keepStats } from './histogram-stats.ts';
import { refuseSameLabels } from './merge-rows.ts';
import { areApartWithoutNames, nameOf } from './one-name.ts';
import { asPinned } from './pinned-selector.ts';
import type { CallPlan, MatrixPlan, Plan, SubqueryPlan } from './plan.ts';
import {
  ANCHORED_FUNCTIONS,
  KEEPS_NAME,
  RANGE_FUNCTIONS,
  ROW_FUNCTIONS,
  SMOOTHED_FUNCTIONS,
} from './range-functions.ts';
import { type RangeFunction, RangeWindow } from './range-window.ts';
import { referenceMs, selectSeries } from './select.ts';
import { evaluateSubquery, subqueryReferenceMs } from './subquery.ts';

/** The range vector among the arguments; undefined for functions of instant vectors. */
export function rangeArgument(call: CallPlan): MatrixPlan | SubqueryPlan | undefined {
  for (const arg of call.args) if (arg.kind === 'matrix' || arg.kind === 'subquery') return arg;
  return undefined;
}

/** @param namesMatter whether anyone looks at the names that the function drops: with `false`, rows may still have them
 *  @param take may be given rows in parts, where nobody looks at names; the rest is returned */
export async function callRangeFunction(
  evaluation: Evaluation,
  call: CallPlan,
  arg: MatrixPlan | SubqueryPlan,
  steps: Steps,
  namesMatter: boolean,
  take?: TakeRows,
): Promise<VectorBlock> {
  const apply = RANGE_FUNCTIONS.get(call.name);
  if (apply === undefined) throw evaluationError(`function ${call.name} does not take a range vector`);
  refuseModifier(call.name, arg);
  const params: Float64Array[] = [];
  for (const other of call.args) if (other !== arg) params.push(await evaluation.scalar(other, steps));
  const window = new RangeWindow(evaluation.annotations, placeOf(call.args[0] ?? arg));
  window.lengthMs = arg.lengthMs;
  window.modifier = arg.kind === 'matrix' ? arg.vector.modifier : undefined;
  window.useStartTimestamps = evaluation.useStartTimestamps && arg.kind === 'matrix';
  window.isPinned = (arg.kind === 'matrix' ? arg.vector : arg).atMs !== undefined;
  const driver = new RangeDriver(evaluation, call, apply, window, params, steps);
  const block = arg.kind === 'matrix' ? await driver.overSeries(arg, take) : await driver.overSubquery(arg);
  if (call.name === 'absent_over_time') return absentOverTime(evaluation, block, arg, steps);
  if (evaluation.delayedNameRemoval) return block;
  if (!KEEPS_NAME.has(call.name) && (namesMatter || !block.isDistinct)) removeNames(evaluation, block);
  return refuseSameLabels(block);
}

/** That is shown: the first argument's, whatever that is; and the query's beginning for a subquery, as in Prometheus. */
function placeOf(first: Plan): PositionRange {
  return first.kind === 'subquery' ? { start: 0, end: 0 } : first.range;
}

function removeNames({ labels }: Evaluation, block: VectorBlock): void {
  for (let row = 0; row < block.rows; row++) block.labels[row] = labels.withoutMetadata(block.labels[row]!);
}

function refuseModifier(name: string, arg: MatrixPlan | SubqueryPlan): void {
  const modifier = arg.kind === 'matrix' ? arg.vector.modifier : undefined;
  if (modifier === undefined) return;
  const allowed = modifier === 'anchored' ? ANCHORED_FUNCTIONS : SMOOTHED_FUNCTIONS;
  if (allowed.has(name)) return;
  throw evaluationError(`${modifier} modifier can only be used with: ${[...allowed].join(', ')} - not with ${name}`);
}

class RangeDriver {
  readonly #evaluation: Evaluation;
  readonly #call: CallPlan;
  readonly #apply: RangeFunction;
  readonly #window: RangeWindow;
  readonly #params: readonly Float64Array[];
  readonly #steps: Steps;
  /** Of the row that is filled. */
  #row = 0;
  #isFound = false;
  #hasFloat = false;
  /** Whose name was looked at: rows of one metric come one after the other. */
  #lastName = '';
  /** Of all series, where the selector says what it is. */
  #name: string | undefined;
  /** Of the series before: a sample counts for each window that it is in. */
  #windowedSamples = 0;

  constructor(
    evaluation: Evaluation,
    call: CallPlan,
    apply: RangeFunction,
    window: RangeWindow,
    params: readonly Float64Array[],
    steps: Steps,
  ) {
    this.#evaluation = evaluation;
    this.#call = call;
    this.#apply = apply;
    this.#window = window;
    this.#params = params;
    this.#steps = steps;
  }

  async overSeries(arg: MatrixPlan, take: TakeRows | undefined): Promise<VectorBlock> {
    const { lookbackMs, budget } = this.#evaluation;
    const { lengthMs } = arg;
    const beforeMs = arg.vector.modifier === undefined ? 0 : lookbackMs;
    const afterMs = arg.vector.modifier === 'smoothed' ? lookbackMs : 0;
    const vector = asPinned(arg.vector, lengthMs + beforeMs, afterMs, this.#steps);
    const range = vector.sees ?? {
      fromMs: referenceMs(vector, this.#steps.startMs) - lengthMs - beforeMs + 1,
      toMs: referenceMs(vector, lastStepMs(this.#steps)) + afterMs,
    };
    const hints = { ...vector.use, stepMs: this.#steps.stepMs, rangeMs: lengthMs };
    const series = await selectSeries(this.#evaluation, vector.matchers, range, hints);
    this.#name = nameOf(vector.matchers);
    const isDistinct = areApartWithoutNames(vector.matchers, series);
    const takeParts = this.#mayTakeParts(isDistinct) ? take : undefined;
    const rows = takeParts === undefined ? series.length : batchRows(this.#steps.count, series.length);
    const block = newBlock(this.#evaluation, this.#steps.count, rows);
    block.isDistinct = isDistinct;
    const columns = new SampleColumns();
    const reference = (stepMs: number): number => referenceMs(vector, stepMs);
    const { samples } = this.#window;
    const { startMs, stepMs, count } = this.#steps;
    const floats: FloatRow = { samples, firstEndMs: referenceMs(vector, startMs), stepMs, lengthMs };
    // Without them, a row is that of each of its windows.
    const isPlain =
      vector.modifier === undefined && !this.#window.useStartTimestamps && (!this.#window.isPinned || count === 1);
    const rowFunction = isPlain ? ROW_FUNCTIONS.get(this.#call.name) : undefined;
    for (const one of series) {
      if (budget.isDue()) await budget.pause();
      columns.clear();
      one.read(range, columns);
      if (columns.length === 0) continue;
      if (vector.isStatsOnly) keepStats(columns);
      budget.holdSamples(columns.length);
      samples.take(columns);
      this.#beginRow(block, one.labels, false);
      const windowed = samples.histogramCount === 0 ? rowFunction?.(floats, block, this.#row * count) : undefined;
      if (windowed !== undefined) {
        this.#isFound = this.#hasFloat = !block.isEmptyRow(this.#row);
        budget.countRead(windowed, samples.floatCount);
      } else {
        for (let step = 0; ; await budget.pause()) {
          step = this.#fill(block, step, reference, beforeMs, afterMs);
          if (step === count) break;
        }
        budget.countRead(this.#windowedSamples, this.#window.to + this.#window.histogramTo);
      }
      this.#endRow(block);
      budget.holdSamples(-columns.length);
      if (takeParts !== undefined && isBatch(block)) await handOver(this.#evaluation, block, takeParts);
    }
    return keep(this.#evaluation, block);
  }

  /** Whether no row is to be merged with another one that came before. */
  #mayTakeParts(isDistinct: boolean): boolean {
    const { name } = this.#call;
    if (name === 'absent_over_time') return false;
    return isDistinct || KEEPS_NAME.has(name) || this.#evaluation.delayedNameRemoval;
  }

  async overSubquery(arg: SubqueryPlan): Promise<VectorBlock> {
    const { block: inner, steps: innerSteps } = await evaluateSubquery(this.#evaluation, arg, this.#steps);
    const { budget } = this.#evaluation;
    const block = newBlock(this.#evaluation, this.#steps.count, inner.rows);
    const reference = (stepMs: number): number => subqueryReferenceMs(arg, this.#steps, stepMs);
    for (let row = 0; row < inner.rows; row++) {
      if (budget.isDue()) await budget.pause();
      this.#window.samples.takeRow(inner, row, innerSteps);
      this.#beginRow(block, inner.labels[row]!, inner.dropName[row]!);
      for (let step = 0; ; await budget.pause()) {
        step = this.#fill(block, step, reference, 0, 0);
        if (step === this.#steps.count) break;
      }
      this.#endRow(block);
    }
    block.isDistinct = inner.isDistinct;
    release(this.#evaluation, inner);
    return keep(this.#evaluation, block);
  }

  #beginRow(block: VectorBlock, labels: LabelSet, dropsName: boolean): void {
    this.#row = block.addRow(labels, dropsName || !KEEPS_NAME.has(this.#call.name));
    this.#isFound = false;
    this.#hasFloat = false;
    this.#windowedSamples = 0;
    const window = this.#window;
    window.labels = labels;
    window.from = window.to = window.histogramFrom = window.histogramTo = 0;
  }

  #endRow(block: VectorBlock): void {
    if (this.#hasFloat && (this.#call.name === 'rate' || this.#call.name === 'increase'))
      this.#noteUnlikelyCounter(this.#name ?? this.#window.metricName);
    if (!this.#isFound) block.removeLastRow();
  }

  /** Evaluates the row from a step on. Not async: most rows take microseconds.
   *  @returns the step to go on with after a pause; the number of steps at the end */
  #fill(
    block: VectorBlock,
    from: number,
    reference: (stepMs: number) => number,
    beforeMs: number,
    afterMs: number,
  ): number {
    const { budget } = this.#evaluation;
    const { startMs, stepMs: distanceMs, count } = this.#steps;
    const window = this.#window;
    const { samples } = window;
    for (let step = from; step < count; step++) {
      if (step > from && budget.isDue()) return step;
      const stepMs = startMs + step * distanceMs;
      window.evaluationMs = stepMs;
      window.endMs = reference(stepMs);
      window.startMs = window.endMs - window.lengthMs;
      const fromMs = window.startMs - beforeMs;
      const toMs = window.endMs + afterMs;
      if (step === 0 || !window.isPinned) {
        while (window.to < samples.floatCount && samples.times[window.to]! <= toMs) window.to++;
        while (window.from < window.to && samples.times[window.from]! <= fromMs) window.from++;
        if (samples.histogramCount > 0) moveOverHistograms(window, fromMs, toMs);
      }
      if (window.floats + window.histograms === 0) continue;
      this.#windowedSamples += window.floats + window.histograms;
      for (let at = 0; at < this.#params.length; at++) window.params[at] = this.#params[at]![step]!;
      window.clearResult();
      this.#apply(window);
      const cell = this.#row * block.steps + step;
      if (window.histogram !== undefined) block.setHistogram(cell, window.histogram);
      else if (window.hasFloat) {
        block.setFloat(cell, window.float);
        this.#hasFloat = true;
      } else continue;
      this.#isFound = true;
    }
    return count;
  }

  #noteUnlikelyCounter(name: string): void {
    if (name === this.#lastName) return;
    this.#lastName = name;
    if (name !== '' && !/_(?:total|sum|count|bucket)$/.test(name)) this.#window.info(TEXT.possibleNonCounter(name));
  }
}

function moveOverHistograms(window: RangeWindow, fromMs: number, toMs: number): void {
  const { histogramTimes, histogramCount, pairedTimes } = window.samples;
  // Of a float and a histogram at the very end of the range, Prometheus looks at the float.
  const lastMs = pairedTimes?.has(toMs) ? toMs - 1 : toMs;
  while (window.histogramTo < histogramCount && histogramTimes[window.histogramTo]! <= lastMs) window.histogramTo++;
  while (window.histogramFrom < window.histogramTo && histogramTimes[window.histogramFrom]! <= fromMs) {
    window.histogramFrom++;
  }
}

/** One series that is 1 where none of them has a sample. */
function absentOverTime(
  evaluation: Evaluation,
  present: VectorBlock,
  arg: MatrixPlan | SubqueryPlan,
  steps: Steps,
): VectorBlock {
  const block = newBlock(evaluation, steps.count, 1);
  block.addRow(absentLabels(arg.kind === 'matrix' ? arg.vector.matchers : undefined), true);
  for (let step = 0; step < steps.count; step++) {
    let isPresent = false;
    for (let row = 0; row < present.rows && !isPresent; row++)
      isPresent = present.kinds[row * steps.count + step] !== 0;
    if (!isPresent) block.setFloat(step, 1);
  }
  release(evaluation, present);
  if (block.isEmptyRow(0)) block.removeLastRow();
  return keep(evaluation, block);
}
