/** Which lines are new since the last time: a step of a group has as many as before, or more. So each line is counted once, whenever it comes,
 *  and none has to be remembered by itself. */
import type { LabelSet } from '@vigie/promql/labels/label-set';
import type { LineCount } from '../log-source.ts';

/** Of a group, by the key of its labels, in one step. */
export type KnownCount = readonly [startMs: number, key: string, count: number];

export interface Growth {
  readonly labels: LabelSet;
  readonly startMs: number;
  /** Lines that were not there before, at least 1. */
  readonly count: number;
}

/** @returns what is known afterwards, never less than before: a store that has answered with less has not all of its parts, or has deleted lines
 *  Cost: O(known + counts). */
export function growthOf(
  known: readonly KnownCount[],
  counts: readonly LineCount[],
): { readonly growth: readonly Growth[]; readonly known: readonly KnownCount[] } {
  const after = new Map(known.map((one) => [placeOf(one[0], one[1]), one] as const));
  const growth: Growth[] = [];
  for (const { labels, startMs, count } of counts) {
    const place = placeOf(startMs, labels.key);
    const before = after.get(place)?.[2] ?? 0;
    if (count <= before) continue;
    growth.push({ labels, startMs, count: count - before });
    after.set(place, [startMs, labels.key, count]);
  }
  return { growth, known: [...after.values()] };
}

function placeOf(startMs: number, key: string): string {
  return `${startMs} ${key}`;
}
