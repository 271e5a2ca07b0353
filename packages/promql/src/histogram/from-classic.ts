/** A classic histogram, of buckets that count what is at most their bound, as a native one with custom buckets. Source: Prometheus,
 *  util/convertnhcb. */
import { CUSTOM_BUCKETS_SCHEMA, type Histogram } from './histogram.ts';
import { compact } from './sparse.ts';

export interface ClassicHistogram {
  /** Cumulative counts by upper bound, in any order. */
  readonly buckets: ReadonlyMap<number, number>;
  /** undefined: that of the last bucket. */
  readonly count: number | undefined;
  /** 0 where there is none. */
  readonly sum: number;
}

/** @returns undefined where the counts are those of no histogram: negative, falling from a bound to the next, or other than the whole */
export function nativeOfClassic({ buckets, count, sum }: ClassicHistogram): Histogram | undefined {
  const sorted = [...buckets].sort(([a], [b]) => a - b);
  const total = count ?? sorted.at(-1)?.[1];
  if (total === undefined) return undefined;
  if (sorted.at(-1)?.[0] !== Infinity) sorted.push([Infinity, total]);
  const counts = sorted.map(([, cumulative], index) => cumulative - (sorted[index - 1]?.[1] ?? 0));
  if (sorted.at(-1)?.[1] !== total || !counts.every((own) => own >= 0)) return undefined;
  return compact({
    counterResetHint: 'unknown',
    schema: CUSTOM_BUCKETS_SCHEMA,
    zeroThreshold: 0,
    zeroCount: 0,
    count: total,
    sum,
    positiveSpans: [{ offset: 0, length: counts.length }],
    negativeSpans: [],
    positiveBuckets: counts,
    negativeBuckets: [],
    customValues: sorted.slice(0, -1).map(([upperBound]) => upperBound),
  });
}
