/** Rows that have come to have the same labels become one, as long as they are at different steps. */
import type { Histogram } from '../histogram/histogram.ts';
import type { LabelSet } from '../labels/label-set.ts';
import { ABSENT, FLOAT, HISTOGRAM, type VectorBlock } from './block.ts';
import { evaluationError, SAME_LABELS } from './failure.ts';

/** @returns the same block, shortened
 *  @throws {EvaluationError} where two have a value at the same step */
export function mergeRows(block: VectorBlock): VectorBlock {
  return merge(block, (to, from) => {
    if (block.kinds[to] !== ABSENT) throw evaluationError(SAME_LABELS);
    block.copyCell(to, block, from);
  });
}

/** As mergeRows, but a float and a histogram at the same step stay both: Prometheus merges whole series so, and not the vectors
 *  of single steps. Source: promql/engine.go, mergeSeriesWithSameLabelset.
 *  @throws {EvaluationError} where two have a float, or a histogram, at the same step */
export function mergeSeries(block: VectorBlock): VectorBlock {
  return merge(block, (to, from) => {
    const [own, added] = [partsOf(block, to), partsOf(block, from)];
    const clash = (own.hasFloat && added.hasFloat) || (own.histogram !== undefined && added.histogram !== undefined);
    if (clash) throw evaluationError(SAME_LABELS);
    if (!own.hasFloat && !added.hasFloat) block.copyCell(to, block, from);
    else {
      block.setFloat(to, block.values[own.hasFloat ? to : from]!);
      const histogram = own.histogram ?? added.histogram;
      if (histogram !== undefined) setBeside(block, to, histogram);
    }
    block.besides?.delete(from);
  });
}

/** For who takes a vector for each step: where a cell holds a float and a histogram, it is the float that counts; and as
 *  Prometheus goes on to the next histogram only once it has used one, no later one of that series does. */
export function byStep(block: VectorBlock): VectorBlock {
  const { besides, steps, kinds } = block;
  if (besides === undefined) return block;
  for (const cell of besides.keys()) {
    const end = (Math.floor(cell / steps) + 1) * steps;
    for (let later = cell + 1; later < end; later++) if (kinds[later] === HISTOGRAM) kinds[later] = ABSENT;
  }
  block.besides = undefined;
  return block;
}

/** @throws {EvaluationError} where two rows have the same labels, at whichever steps */
export function refuseSameLabels(block: VectorBlock): VectorBlock {
  if (block.rows <= 1 || block.isDistinct) return block;
  const keys = new Set(block.labels.map(({ key }) => key));
  if (keys.size < block.rows) throw evaluationError(SAME_LABELS);
  return block;
}

/** @param mergeCell takes what a cell of the second row holds into that of the first */
function merge(block: VectorBlock, mergeCell: (to: number, from: number) => void): VectorBlock {
  if (block.rows <= 1 || block.isDistinct) return block;
  const rowOf = new Map<string, number>();
  let kept = 0;
  for (let row = 0; row < block.rows; row++) {
    const labels = block.labels[row]!;
    const into = rowOf.get(labels.key);
    if (into === undefined) {
      rowOf.set(labels.key, kept);
      if (kept !== row) moveRow(block, row, kept, labels);
      kept += 1;
      continue;
    }
    for (let step = 0; step < block.steps; step++) {
      const from = row * block.steps + step;
      if (block.kinds[from] !== ABSENT) mergeCell(into * block.steps + step, from);
    }
  }
  while (block.rows > kept) block.removeLastRow();
  return block;
}

function partsOf(block: VectorBlock, cell: number) {
  const hasFloat = block.kinds[cell] === FLOAT;
  return { hasFloat, histogram: hasFloat ? block.besides?.get(cell) : block.histogramAt(cell) };
}

function setBeside(block: VectorBlock, cell: number, histogram: Histogram): void {
  block.besides ??= new Map();
  block.besides.set(cell, histogram);
}

function moveRow(block: VectorBlock, from: number, to: number, labels: LabelSet): void {
  const { steps, besides } = block;
  block.labels[to] = labels;
  block.dropName[to] = block.dropName[from]!;
  block.values.copyWithin(to * steps, from * steps, (from + 1) * steps);
  block.kinds.copyWithin(to * steps, from * steps, (from + 1) * steps);
  for (let step = 0; besides !== undefined && step < steps; step++) {
    const histogram = besides.get(from * steps + step);
    besides.delete(from * steps + step);
    if (histogram !== undefined) besides.set(to * steps + step, histogram);
  }
  if (block.histograms === undefined) return;
  for (let step = 0; step < steps; step++) block.histograms[to * steps + step] = block.histograms[from * steps + step];
}
