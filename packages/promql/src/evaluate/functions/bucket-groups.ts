/** Rows of a vector as histograms: native ones, and classic ones, whose rows are a bucket each. */

import { ClassicBuckets } from '../../histogram/classic.ts';
import type { Histogram } from '../../histogram/histogram.ts';
import { type LabelSet, METRIC_NAME } from '../../labels/label-set.ts';
import type { PositionRange } from '../../syntax/position.ts';
import { parseFloatText } from '../../text/float.ts';
import { TEXT } from '../annotations.ts';
import { FLOAT, HISTOGRAM, type VectorBlock } from '../block.ts';
import type { Evaluation } from '../evaluation.ts';

interface ClassicGroup {
  /** Without `le`. */
  readonly labels: LabelSet;
  /** By bound, once all are there. */
  readonly rows: { readonly row: number; readonly upperBound: number }[];
}

export interface HistogramVisitor {
  /** @param name '' unless names are still there */
  native(labels: LabelSet, histogram: Histogram, name: string, step: number): void;
  /** @param buckets not empty, and not there any more after the call; the visitor may change them */
  classic(labels: LabelSet, buckets: ClassicBuckets, name: string, step: number): void;
}

/** Shows each histogram at each step. Where a native and a classic one have the same labels, neither is shown. */
export async function visitHistograms(
  evaluation: Evaluation,
  block: VectorBlock,
  range: PositionRange,
  visitor: HistogramVisitor,
): Promise<void> {
  const { budget, annotations } = evaluation;
  const { groups, badRows } = groupRows(evaluation, block);
  const buckets = new ClassicBuckets();
  const nameOf = (labels: LabelSet): string => (evaluation.delayedNameRemoval ? labels.get(METRIC_NAME) : '');
  for (let step = 0; step < block.steps; step++) {
    const conflicts = new Set<ClassicGroup>();
    for (const row of badRows) {
      if (block.kinds[row * block.steps + step] !== FLOAT) continue;
      const labels = block.labels[row]!;
      annotations.warn(TEXT.badBucketLabel(nameOf(labels), labels.get('le')), range);
    }
    for (let row = 0; block.histograms !== undefined && row < block.rows; row++) {
      const histogram = block.histogramAt(row * block.steps + step);
      if (histogram === undefined) continue;
      const labels = block.labels[row]!;
      const group = groups.get(labels.key);
      if (group?.rows.some((one) => block.kinds[one.row * block.steps + step] === FLOAT) === true) {
        annotations.warn(TEXT.mixedClassicNative(nameOf(labels)), range);
        conflicts.add(group);
        continue;
      }
      visitor.native(labels, histogram, nameOf(labels), step);
    }
    for (const group of groups.values()) {
      if (budget.isDue()) await budget.pause();
      if (conflicts.has(group)) continue;
      buckets.clear();
      for (const { row, upperBound } of group.rows) {
        const cell = row * block.steps + step;
        if (block.kinds[cell] === FLOAT) buckets.add(upperBound, block.values[cell]!);
      }
      if (buckets.length > 0) visitor.classic(group.labels, buckets, nameOf(group.labels), step);
    }
  }
}

function groupRows(
  evaluation: Evaluation,
  block: VectorBlock,
): { readonly groups: ReadonlyMap<string, ClassicGroup>; readonly badRows: readonly number[] } {
  const withoutBound = evaluation.labels.dropping(['le']);
  const groups = new Map<string, ClassicGroup>();
  const badRows: number[] = [];
  for (let row = 0; row < block.rows; row++) {
    if (isNative(block, row)) continue;
    const upperBound = parseFloatText(block.labels[row]!.get('le'));
    if (upperBound === undefined) {
      badRows.push(row);
      continue;
    }
    const labels = withoutBound.of(block.labels[row]!);
    let group = groups.get(labels.key);
    if (group === undefined) {
      group = { labels, rows: [] };
      groups.set(labels.key, group);
    }
    group.rows.push({ row, upperBound });
  }
  for (const { rows } of groups.values()) rows.sort((a, b) => a.upperBound - b.upperBound || 0);
  return { groups, badRows };
}

/** Without a single float. */
function isNative({ kinds, steps }: VectorBlock, row: number): boolean {
  const cells = kinds.subarray(row * steps, (row + 1) * steps);
  return cells.includes(HISTOGRAM) && !cells.includes(FLOAT);
}
