/** An instant vector over all steps of a query: a row per series, a column per step, in three arrays for the whole of it.
 *  Nothing is allocated per sample of floats, nor per series beyond its label set. */
import { bug } from '@vigie/core/errors';
import type { Histogram } from '../histogram/histogram.ts';
import type { LabelSet } from '../labels/label-set.ts';

/** What a cell holds. */
export const ABSENT = 0;
export const FLOAT = 1;
export const HISTOGRAM = 2;

/** Of a cell in the arrays. */
export const BYTES_PER_CELL = 9;

export class VectorBlock {
  readonly steps: number;
  readonly labels: LabelSet[] = [];
  /** Whether the row's name goes once the whole query has been evaluated. */
  readonly dropName: boolean[] = [];
  /** Row after row; `row * steps + step`. */
  values: Float64Array;
  kinds: Uint8Array;
  /** By cell; undefined where no cell is a histogram. */
  histograms: (Histogram | undefined)[] | undefined;
  /** By cell that is a float: a histogram of the same time. Only where whole series have been merged, and undefined elsewhere. */
  besides: Map<number, Histogram> | undefined;
  /** No two rows have equal labels, and none would if their names went: nobody has to look for rows to merge. */
  isDistinct = false;
  /** What its budget counts for it. */
  heldBytes = 0;
  heldSamples = 0;

  /** @param rows expected; it grows beyond them */
  constructor(steps: number, rows: number) {
    this.steps = steps;
    this.values = new Float64Array(rows * steps);
    this.kinds = new Uint8Array(rows * steps);
  }

  get rows(): number {
    return this.labels.length;
  }

  get capacityBytes(): number {
    return this.kinds.length * BYTES_PER_CELL;
  }

  /** @returns its number; all cells are absent */
  addRow(labels: LabelSet, dropName: boolean): number {
    const row = this.labels.length;
    this.labels.push(labels);
    this.dropName.push(dropName);
    const cells = (row + 1) * this.steps;
    if (cells > this.kinds.length) this.#grow(cells);
    return row;
  }

  /** Takes back the last row. */
  removeLastRow(): void {
    const row = this.labels.length - 1;
    if (row < 0) throw bug('no row to remove');
    this.labels.pop();
    this.dropName.pop();
    this.kinds.fill(ABSENT, row * this.steps, (row + 1) * this.steps);
  }

  /** Takes all rows out: others may come into the same memory. */
  clear(): void {
    this.kinds.fill(ABSENT, 0, this.rows * this.steps);
    this.labels.length = 0;
    this.dropName.length = 0;
    this.histograms = undefined;
  }

  setFloat(cell: number, value: number): void {
    this.values[cell] = value;
    this.kinds[cell] = FLOAT;
  }

  setHistogram(cell: number, histogram: Histogram): void {
    this.histograms ??= [];
    this.histograms[cell] = histogram;
    this.kinds[cell] = HISTOGRAM;
  }

  /** Undefined for floats and absent cells. */
  histogramAt(cell: number): Histogram | undefined {
    return this.kinds[cell] === HISTOGRAM ? this.histograms?.[cell] : undefined;
  }

  copyCell(cell: number, from: VectorBlock, fromCell: number): void {
    const histogram = from.histogramAt(fromCell);
    if (histogram === undefined) this.setFloat(cell, from.values[fromCell]!);
    else this.setHistogram(cell, histogram);
  }

  isEmptyRow(row: number): boolean {
    const end = (row + 1) * this.steps;
    for (let cell = row * this.steps; cell < end; cell++) if (this.kinds[cell] !== ABSENT) return false;
    return true;
  }

  /** Cells that hold something. */
  countSamples(): number {
    const end = this.rows * this.steps;
    let count = 0;
    for (let cell = 0; cell < end; cell++) if (this.kinds[cell] !== ABSENT) count++;
    return count;
  }

  #grow(cells: number): void {
    let capacity = Math.max(this.kinds.length, 16 * this.steps);
    while (capacity < cells) capacity *= 2;
    const values = new Float64Array(capacity);
    values.set(this.values);
    const kinds = new Uint8Array(capacity);
    kinds.set(this.kinds);
    this.values = values;
    this.kinds = kinds;
  }
}
