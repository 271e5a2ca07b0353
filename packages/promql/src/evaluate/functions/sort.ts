/** sort, sort_desc, sort_by_label and sort_by_label_desc: the order of an instant query's answer. */
import { ABSENT, FLOAT, type VectorBlock } from '../block.ts';
import type { Evaluation } from '../evaluation.ts';
import { dropEmptyRows, reorderRows } from '../map-rows.ts';

/** By the value at the first step; NaN last. Histograms go. */
export function sortByValue(evaluation: Evaluation, block: VectorBlock, isDescending: boolean): VectorBlock {
  for (let cell = 0; cell < block.rows * block.steps; cell++) {
    if (block.kinds[cell] !== FLOAT) block.kinds[cell] = ABSENT;
  }
  block.histograms = undefined;
  dropEmptyRows(block);
  const valueAt = (row: number): number => block.values[row * block.steps]!;
  const order = [...block.labels.keys()].sort((a, b) => compareValues(valueAt(a), valueAt(b), isDescending));
  return reorderRows(evaluation, block, order);
}

function compareValues(a: number, b: number, isDescending: boolean): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  const order = a < b ? -1 : a > b ? 1 : 0;
  return isDescending ? -order : order;
}

export function sortByLabels(
  evaluation: Evaluation,
  block: VectorBlock,
  names: readonly string[],
  isDescending: boolean,
): VectorBlock {
  const order = [...block.labels.keys()].sort((a, b) => {
    const left = block.labels[a]!;
    const right = block.labels[b]!;
    for (const name of names) {
      const natural = compareNatural(left.get(name), right.get(name));
      if (natural !== 0) return isDescending ? -natural : natural;
    }
    const whole = left.compare(right);
    return isDescending ? -whole : whole;
  });
  return reorderRows(evaluation, block, order);
}

/** Numbers in texts by their value: `a2` before `a10`. Source: github.com/facette/natsort. */
export function compareNatural(a: string, b: string): number {
  if (a === b) return 0;
  const left = a.match(CHUNKS) ?? [];
  const right = b.match(CHUNKS) ?? [];
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const x = left[at];
    const y = right[at];
    if (x === undefined) return -1;
    if (y === undefined) return 1;
    if (x === y) continue;
    const isNumeric = /^\d/.test(x) && /^\d/.test(y);
    if (isNumeric && Number(x) !== Number(y)) return Number(x) < Number(y) ? -1 : 1;
    return x < y ? -1 : 1;
  }
  return 0;
}

const CHUNKS = /\d+|\D+/g;
