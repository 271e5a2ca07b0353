/** Aggregations that make one sample of a group: sum, avg, count, min, max, group, stddev, stdvar. Rows are added one after
 *  the other, each over all its steps, into columns of the groups. Source: Prometheus, promql/engine.go, aggregation. */
import { METRIC_NAME } from '../../labels/label-set.ts';
import { TEXT } from '../annotations.ts';
import { ABSENT, FLOAT, type VectorBlock } from '../block.ts';
import { type Evaluation, keep, newBlock } from '../evaluation.ts';
import { HistogramSum } from '../histogram-sum.ts';
import { dropEmptyRows } from '../map-rows.ts';
import type { AggregationPlan } from '../plan.ts';
import { Groups } from './groups.ts';

export type Reduction = 'sum' | 'avg' | 'count' | 'min' | 'max' | 'group' | 'stddev' | 'stdvar';

export function reductionOf(operator: AggregationPlan['operator']): Reduction | undefined {
  switch (operator) {
    case 'sum':
    case 'avg':
    case 'count':
    case 'min':
    case 'max':
    case 'group':
    case 'stddev':
    case 'stdvar':
      return operator;
    default:
      return undefined;
  }
}

/** Takes rows in parts; has columns with a cell per group and step, of which those that the reduction does not need are empty. */
export class Reducer {
  readonly #evaluation: Evaluation;
  readonly #plan: AggregationPlan;
  readonly #reduction: Reduction;
  readonly #groups: Groups;
  /** A row per group. */
  readonly #output: VectorBlock;
  /** The part that is being taken. */
  #input: VectorBlock;
  #counts = new Float64Array(0);
  #compensation = new Float64Array(0);
  #means = new Float64Array(0);
  /** Of an average: its sum has overflown, and the mean is carried on. */
  #incremental = new Uint8Array(0);
  /** By cell; undefined until there is a histogram. */
  #histograms: Map<number, HistogramSum> | undefined;
  /** Cells of exponential and custom buckets together: they have no result. */
  readonly #broken = new Set<number>();
  /** Cells where histograms came behind a float: nobody adds them. */
  readonly #mixed = new Set<number>();
  #sawHistogram = false;

  constructor(evaluation: Evaluation, plan: AggregationPlan, reduction: Reduction, steps: number) {
    this.#evaluation = evaluation;
    this.#plan = plan;
    this.#reduction = reduction;
    this.#groups = new Groups(evaluation, plan);
    this.#output = newBlock(evaluation, steps, 0);
    this.#input = this.#output;
  }

  /** @param input its rows may be others afterwards */
  async take(input: VectorBlock): Promise<void> {
    const { budget } = this.#evaluation;
    const ofRow = this.#groups.ofRows(input);
    this.#input = input;
    this.#makeRoom();
    for (let row = 0; row < input.rows; row++) {
      if (budget.isDue()) await budget.pause();
      this.#addRow(row, ofRow[row]!);
    }
  }

  /** For the groups that the last part has brought. */
  #makeRoom(): void {
    const output = this.#output;
    const { labels } = this.#groups;
    for (let group = output.rows; group < labels.length; group++) output.addRow(labels[group]!, false);
    const cells = output.kinds.length;
    const reduction = this.#reduction;
    const isSum = reduction === 'sum' || reduction === 'avg';
    const isSpread = reduction === 'stddev' || reduction === 'stdvar';
    if (reduction === 'avg' || reduction === 'count' || isSpread) this.#counts = grown(this.#counts, cells);
    if (isSum) this.#compensation = grown(this.#compensation, cells);
    if (reduction === 'avg' || isSpread) this.#means = grown(this.#means, cells);
    if (reduction === 'avg' && this.#incremental.length < cells) {
      const incremental = new Uint8Array(cells);
      incremental.set(this.#incremental);
      this.#incremental = incremental;
    }
  }

  #addRow(row: number, group: number): void {
    const { steps, kinds } = this.#input;
    if (this.#input.dropName[row] === true) this.#output.dropName[group] = true;
    let from = row * steps;
    let to = group * steps;
    if (this.#reduction === 'sum' && this.#input.histograms === undefined && this.#broken.size === 0) {
      this.#addFloats(from, to);
      return;
    }
    for (let step = 0; step < steps; step++, from++, to++) {
      const kind = kinds[from];
      if (kind === ABSENT) continue;
      if (kind === FLOAT) this.#addFloat(to, this.#input.values[from]!);
      else this.#addHistogram(to, from);
    }
  }

  /** Of a row, to sums: most of what aggregations do. */
  #addFloats(from: number, to: number): void {
    const { values: added, kinds: present, steps } = this.#input;
    const { values, kinds } = this.#output;
    for (let step = 0; step < steps; step++) {
      if (present[from + step] === ABSENT) continue;
      const cell = to + step;
      if (kinds[cell] !== ABSENT) this.#addToSum(cell, added[from + step]!);
      else {
        values[cell] = added[from + step]!;
        kinds[cell] = FLOAT;
      }
    }
  }

  #addFloat(cell: number, value: number): void {
    const { values, kinds } = this.#output;
    if (this.#broken.size > 0 && this.#broken.has(cell)) return;
    const isFirst = kinds[cell] === ABSENT;
    kinds[cell] = FLOAT;
    switch (this.#reduction) {
      case 'sum':
        if (isFirst) values[cell] = value;
        else this.#addToSum(cell, value);
        return;
      case 'avg':
        this.#addToAverage(cell, value, isFirst);
        return;
      case 'count':
        this.#counts[cell]! += 1;
        return;
      case 'group':
        values[cell] = 1;
        return;
      case 'max':
        if (isFirst || values[cell]! < value || Number.isNaN(values[cell]!)) values[cell] = value;
        return;
      case 'min':
        if (isFirst || values[cell]! > value || Number.isNaN(values[cell]!)) values[cell] = value;
        return;
      case 'stddev':
      case 'stdvar':
        this.#addToSpread(cell, value, isFirst);
        return;
    }
  }

  #addToSum(cell: number, value: number): void {
    const { values } = this.#output;
    const sum = values[cell]!;
    const next = sum + value;
    if (next === Infinity || next === -Infinity) this.#compensation[cell] = 0;
    else if (Math.abs(sum) >= Math.abs(value)) this.#compensation[cell]! += sum - next + value;
    else this.#compensation[cell]! += value - next + sum;
    values[cell] = next;
  }

  #addToAverage(cell: number, value: number, isFirst: boolean): void {
    const { values } = this.#output;
    this.#counts[cell]! += 1;
    if (isFirst) {
      values[cell] = value;
      this.#means[cell] = value;
      return;
    }
    const count = this.#counts[cell]!;
    if (this.#incremental[cell] === 0) {
      const next = values[cell]! + value;
      if (next !== Infinity && next !== -Infinity) {
        this.#addToSum(cell, value);
        return;
      }
      this.#incremental[cell] = 1;
      this.#means[cell] = values[cell]! / (count - 1);
      this.#compensation[cell]! /= count - 1;
    }
    const share = (count - 1) / count;
    const scaled = share * this.#means[cell]!;
    const part = value / count;
    const next = scaled + part;
    let compensation = share * this.#compensation[cell]!;
    if (next === Infinity || next === -Infinity) compensation = 0;
    else if (Math.abs(scaled) >= Math.abs(part)) compensation += scaled - next + part;
    else compensation += part - next + scaled;
    this.#means[cell] = next;
    this.#compensation[cell] = compensation;
  }

  #addToSpread(cell: number, value: number, isFirst: boolean): void {
    const { values } = this.#output;
    this.#counts[cell]! += 1;
    if (isFirst) {
      this.#means[cell] = value;
      values[cell] = Number.isFinite(value) ? 0 : Number.NaN;
      return;
    }
    const delta = value - this.#means[cell]!;
    this.#means[cell]! += delta / this.#counts[cell]!;
    values[cell]! += delta * (value - this.#means[cell]!);
  }

  #addHistogram(cell: number, from: number): void {
    const { annotations } = this.#evaluation;
    const { expr } = this.#plan;
    const { kinds, values } = this.#output;
    switch (this.#reduction) {
      case 'count':
        kinds[cell] = FLOAT;
        this.#counts[cell]! += 1;
        return;
      case 'group':
        kinds[cell] = FLOAT;
        values[cell] = 1;
        return;
      case 'sum':
      case 'avg':
        break;
      default:
        annotations.info(TEXT.ignoredInAggregation(this.#reduction), expr.range);
        return;
    }
    const histogram = this.#input.histogramAt(from);
    if (histogram === undefined || this.#broken.has(cell)) return;
    this.#sawHistogram = true;
    this.#histograms ??= new Map();
    const sum = this.#histograms.get(cell);
    if (sum === undefined && kinds[cell] === FLOAT) this.#mixed.add(cell);
    else if (sum === undefined) this.#histograms.set(cell, new HistogramSum(histogram));
    else if (!sum.add(histogram)) {
      const row = Math.floor(from / this.#input.steps);
      annotations.warn(TEXT.mixedSchemas(this.#nameOf(row)), expr.range);
      this.#broken.add(cell);
    }
  }

  /** '' where it has been dropped, though the row may still have it. */
  #nameOf(row: number): string {
    const { labels, dropName } = this.#input;
    const isDropped = dropName[row] === true && !this.#evaluation.delayedNameRemoval;
    return isDropped ? '' : labels[row]!.get(METRIC_NAME);
  }

  finish(): VectorBlock {
    this.#finishCells();
    this.#output.isDistinct = this.#groups.areDistinct;
    return keep(this.#evaluation, dropEmptyRows(this.#output));
  }

  #finishCells(): void {
    const { values, kinds } = this.#output;
    const end = this.#output.rows * this.#output.steps;
    if (this.#sawHistogram) this.#finishHistograms();
    for (let cell = 0; cell < end; cell++) {
      if (kinds[cell] !== FLOAT) continue;
      switch (this.#reduction) {
        case 'sum':
          values[cell]! += this.#compensation[cell]!;
          break;
        case 'avg':
          values[cell] =
            this.#incremental[cell] === 1
              ? this.#means[cell]! + this.#compensation[cell]!
              : values[cell]! / this.#counts[cell]! + this.#compensation[cell]! / this.#counts[cell]!;
          break;
        case 'count':
          values[cell] = this.#counts[cell]!;
          break;
        case 'stdvar':
          values[cell]! /= this.#counts[cell]!;
          break;
        case 'stddev':
          values[cell] = Math.sqrt(values[cell]! / this.#counts[cell]!);
          break;
      }
    }
  }

  /** Floats and histograms together have no result. */
  #finishHistograms(): void {
    const { annotations } = this.#evaluation;
    const { range } = this.#plan.expr;
    for (const cell of this.#mixed) {
      annotations.warn(TEXT.mixedFloatsHistogramsAggregation, range);
      this.#output.kinds[cell] = ABSENT;
    }
    for (const [cell, sum] of this.#histograms ?? []) {
      if (sum.boundsReconciled) annotations.info(TEXT.boundsReconciled('aggregation'), range);
      if (this.#output.kinds[cell] === FLOAT) {
        annotations.warn(TEXT.mixedFloatsHistogramsAggregation, range);
        this.#output.kinds[cell] = ABSENT;
        continue;
      }
      if (this.#broken.has(cell)) continue;
      if (sum.resetsCollide) annotations.warn(TEXT.resetCollision('aggregation'), range);
      this.#output.setHistogram(cell, this.#reduction === 'sum' ? sum.sum() : sum.average());
    }
  }
}

function grown(from: Float64Array<ArrayBuffer>, length: number): Float64Array<ArrayBuffer> {
  if (from.length >= length) return from;
  const to = new Float64Array(length);
  to.set(from);
  return to;
}
