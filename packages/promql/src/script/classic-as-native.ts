/** `load_with_nhcb`: classic histograms once more, as native ones with custom buckets. Source: Prometheus,
 *  util/convertnhcb. */
import { CUSTOM_BUCKETS_SCHEMA, type Histogram } from '../histogram/histogram.ts';
import { compact } from '../histogram/sparse.ts';
import { type LabelSet, METRIC_NAME } from '../labels/label-set.ts';
import { parseFloatText } from '../text/float.ts';
import type { LoadedSeries } from './script.ts';

interface Classic {
  readonly buckets: Map<number, number>;
  count: number | undefined;
  sum: number;
}

export function classicAsNative(series: readonly LoadedSeries[]): readonly LoadedSeries[] {
  const families = new Map<string, { readonly labels: LabelSet; readonly byTime: Map<number, Classic> }>();
  for (const { labels, samples } of series) {
    const match = /^(.*)_(bucket|count|sum)$/.exec(labels.get(METRIC_NAME));
    if (match === null) continue;
    const [, name = '', suffix = ''] = match;
    const upperBound = suffix === 'bucket' ? parseFloatText(labels.get('le')) : 0;
    if (upperBound === undefined || Number.isNaN(upperBound)) continue;
    const base = labels.without('le').with(METRIC_NAME, name);
    const family = families.get(base.key) ?? { labels: base, byTime: new Map<number, Classic>() };
    families.set(base.key, family);
    for (const { timestampMs, value } of samples) {
      if (typeof value !== 'number') continue;
      const classic = family.byTime.get(timestampMs) ?? {
        buckets: new Map<number, number>(),
        count: undefined,
        sum: 0,
      };
      family.byTime.set(timestampMs, classic);
      if (suffix === 'bucket') classic.buckets.set(upperBound, value);
      else if (suffix === 'count') classic.count = value;
      else classic.sum = value;
    }
  }
  return [...families.values()].map(({ labels, byTime }) => ({
    labels,
    samples: [...byTime]
      .sort(([a], [b]) => a - b)
      .map(([timestampMs, classic]) => ({ timestampMs, value: nativeOf(classic), startTimestampMs: 0 })),
  }));
}

function nativeOf({ buckets, count, sum }: Classic): Histogram {
  const sorted = [...buckets].sort(([a], [b]) => a - b);
  const total = count ?? sorted.at(-1)?.[1] ?? 0;
  if (sorted.at(-1)?.[0] !== Infinity) sorted.push([Infinity, total]);
  const counts = sorted.map(([, cumulative], index) => cumulative - (sorted[index - 1]?.[1] ?? 0));
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
