/** `load_with_nhcb`: classic histograms once more, as native ones with custom buckets. */
import { nativeOfClassic } from '../histogram/from-classic.ts';
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
      .flatMap(([timestampMs, classic]) => {
        const value = nativeOfClassic(classic);
        return value === undefined ? [] : [{ timestampMs, value, startTimestampMs: 0 }];
      }),
  }));
}
