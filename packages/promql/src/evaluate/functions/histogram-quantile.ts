/** histogram_quantile, histogram_quantiles and histogram_fraction. */
import { classicFraction, classicQuantile } from '../../histogram/classic.ts';
import { histogramFraction, histogramQuantile } from '../../histogram/quantile.ts';
import type { LabelSet } from '../../labels/label-set.ts';
import type { PositionRange } from '../../syntax/position.ts';
import { formatOpenMetrics } from '../../text/float.ts';
import { TEXT } from '../annotations.ts';
import { ABSENT, type VectorBlock } from '../block.ts';
import { type Evaluation, newBlock, release, type Steps } from '../evaluation.ts';
import { evaluationError, SAME_LABELS } from '../failure.ts';
import { dropNames } from '../map-rows.ts';
import type { CallPlan } from '../plan.ts';
import { visitHistograms } from './bucket-groups.ts';

export async function callHistogramQuantile(
  evaluation: Evaluation,
  { args }: CallPlan,
  steps: Steps,
): Promise<VectorBlock> {
  const [q, vector] = args;
  const quantiles = [{ values: await evaluation.scalar(q!, steps), range: q!.range, label: undefined }];
  const block = await evaluation.vector(vector!, steps);
  return quantilesOf(evaluation, block, steps, vector!.range, quantiles);
}

export async function callHistogramQuantiles(
  evaluation: Evaluation,
  { args }: CallPlan,
  steps: Steps,
): Promise<VectorBlock> {
  const [vector, label, ...qs] = args;
  const name = label?.kind === 'string' ? label.value : '';
  const quantiles: Quantile[] = [];
  for (const q of qs) quantiles.push({ values: await evaluation.scalar(q, steps), range: q.range, label: name });
  const block = await evaluation.vector(vector!, steps);
  return quantilesOf(evaluation, block, steps, vector!.range, quantiles);
}

interface Quantile {
  readonly values: Float64Array;
  readonly range: PositionRange;
  /** Takes the quantile, where there may be several. */
  readonly label: string | undefined;
}

/** Rows by labels, as they come up. */
class Output {
  readonly block: VectorBlock;
  readonly #rows = new Map<string, number>();

  constructor(evaluation: Evaluation, steps: number) {
    this.block = newBlock(evaluation, steps, 0);
  }

  set(labels: LabelSet, step: number, value: number): void {
    let row = this.#rows.get(labels.key);
    if (row === undefined) {
      row = this.block.addRow(labels, true);
      this.#rows.set(labels.key, row);
    }
    const cell = row * this.block.steps + step;
    if (this.block.kinds[cell] !== ABSENT) throw evaluationError(SAME_LABELS);
    this.block.setFloat(cell, value);
  }
}

async function quantilesOf(
  evaluation: Evaluation,
  block: VectorBlock,
  steps: Steps,
  range: PositionRange,
  quantiles: readonly Quantile[],
): Promise<VectorBlock> {
  const { annotations } = evaluation;
  const output = new Output(evaluation, block.steps);
  warnOfQuantiles(evaluation, quantiles);
  const labelled = (labels: LabelSet, { label }: Quantile, q: number): LabelSet =>
    label === undefined ? labels : labels.with(label, formatOpenMetrics(q));
  await visitHistograms(evaluation, block, range, {
    native(labels, histogram, name, step) {
      for (const quantile of quantiles) {
        const q = quantile.values[step]!;
        const { value, nan } = histogramQuantile(q, histogram);
        if (nan === 'result-is-nan') annotations.info(TEXT.quantileIsNan(name), range);
        if (nan === 'skewed') annotations.info(TEXT.quantileIsSkewed(name), range);
        output.set(labelled(labels, quantile, q), step, value);
      }
    },
    classic(labels, buckets, name, step) {
      for (const quantile of quantiles) {
        const q = quantile.values[step]!;
        const { value, forced } = classicQuantile(q, buckets);
        const timeMs = steps.startMs + step * steps.stepMs;
        if (forced !== undefined) annotations.forcedMonotonicity(name, range, timeMs, forced);
        output.set(labelled(labels, quantile, q), step, value);
      }
    },
  });
  release(evaluation, block);
  return dropNames(evaluation, output.block);
}

function warnOfQuantiles({ annotations }: Evaluation, quantiles: readonly Quantile[]): void {
  for (const { values, range } of quantiles) {
    for (const q of values) {
      if (Number.isNaN(q) || q < 0 || q > 1) annotations.warn(TEXT.invalidQuantile(q), range);
    }
  }
}

export async function callHistogramFraction(
  evaluation: Evaluation,
  { args }: CallPlan,
  steps: Steps,
): Promise<VectorBlock> {
  const [lowerPlan, upperPlan, vector] = args;
  const lower = await evaluation.scalar(lowerPlan!, steps);
  const upper = await evaluation.scalar(upperPlan!, steps);
  const block = await evaluation.vector(vector!, steps);
  const output = new Output(evaluation, block.steps);
  await visitHistograms(evaluation, block, vector!.range, {
    native(labels, histogram, name, step) {
      const { value, nan } = histogramFraction(lower[step]!, upper[step]!, histogram);
      if (nan !== undefined) evaluation.annotations.info(TEXT.fractionExcludesNan(name), vector!.range);
      output.set(labels, step, value);
    },
    classic(labels, buckets, _name, step) {
      output.set(labels, step, classicFraction(lower[step]!, upper[step]!, buckets));
    },
  });
  release(evaluation, block);
  return dropNames(evaluation, output.block);
}
