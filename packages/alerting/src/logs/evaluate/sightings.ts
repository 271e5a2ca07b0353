/** What was found of late, and fires for a while. */
import { LabelSet } from '@vigie/promql/labels/label-set';
import type { Found } from './evaluation.ts';

export interface Sighting {
  readonly labels: Readonly<Record<string, string>>;
  /** When lines were found, Unix ms, ascending, and how many. */
  readonly times: readonly (readonly [atMs: number, count: number])[];
  /** '' where none was asked for. */
  readonly line: string;
}

/** @param seen by the key of labels
 *  @returns without those that were found longer ago than keepMs */
export function addSightings(
  before: readonly Sighting[],
  seen: ReadonlyMap<string, { readonly labels: LabelSet; readonly count: number }>,
  atMs: number,
  keepMs: number,
): readonly Sighting[] {
  const after = new Map(before.map((sighting) => [LabelSet.of(sighting.labels).key, sighting] as const));
  for (const [key, { labels, count }] of seen) {
    const known = after.get(key);
    // The clock may have been set back.
    const times = [...(known?.times ?? []).filter(([foundMs]) => foundMs < atMs), [atMs, count] as const];
    after.set(key, { labels: labels.toJSON(), times, line: known?.line ?? '' });
  }
  return [...after.values()].flatMap((sighting) => {
    const times = sighting.times.filter(([foundMs]) => foundMs > atMs - keepMs);
    return times.length === 0 ? [] : [{ ...sighting, times }];
  });
}

export function foundOf(sightings: readonly Sighting[]): readonly Found[] {
  return sightings.map(({ labels, times, line }) => ({
    labels: LabelSet.of(labels),
    value: times.reduce((sum, [, count]) => sum + count, 0),
    line,
  }));
}
