/** The series that a rule has seen, for rules to which a series that is gone means something although it had no alert. Pure. */
import type { LabelSet } from '@vigie/promql/labels/label-set';

export interface KnownSeries {
  /** Without the metric's name. */
  readonly labels: LabelSet;
  /** The first evaluation that did not find it; undefined while it is there. */
  readonly missingSinceMs: number | undefined;
}

/** By the key of their labels. */
export type KnownSeriesMap = ReadonlyMap<string, KnownSeries>;

/** @param present those there now, by the key of their labels
 *  @param forgetAfterMs how long one that is gone is remembered
 *  Cost: O(before + present). */
export function advanceKnownSeries(
  before: KnownSeriesMap,
  present: ReadonlyMap<string, LabelSet>,
  timestampMs: number,
  forgetAfterMs: number,
): KnownSeriesMap {
  const after = new Map<string, KnownSeries>();
  for (const [key, series] of before) {
    if (present.has(key))
      after.set(key, series.missingSinceMs === undefined ? series : { ...series, missingSinceMs: undefined });
    else {
      const missingSinceMs = series.missingSinceMs ?? timestampMs;
      if (timestampMs - missingSinceMs < forgetAfterMs)
        after.set(key, series.missingSinceMs === undefined ? { ...series, missingSinceMs } : series);
    }
  }
  for (const [key, labels] of present) if (!after.has(key)) after.set(key, { labels, missingSinceMs: undefined });
  return after;
}
