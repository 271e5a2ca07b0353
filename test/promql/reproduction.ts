/** A case as a script that runs elsewhere: with `vigie test promql`, or with promtool's promqltest. */
import type { NativeHistogram } from '@vigie/wire/native-histogram';
import type { QueryCase } from './random-case.ts';
import type { RandomSample, RandomSeries } from './written-series.ts';

/** Samples that are shown of one series: those that the query can see are what matters, and a person reads them. */
const MOST_SAMPLES = 12;
/** How far back a query is taken to look, beside what it says. */
const LOOKBACK_MS = 900_000;

/** @returns the query, its time, and the series whose name stands in it, with samples around that time */
export function reproduction(
  { query, startMs, endMs, stepMs, lookback }: QueryCase,
  series: readonly RandomSeries[],
): string {
  const asked =
    stepMs === 0 ? `time=${startMs / 1000}` : `start=${startMs / 1000} end=${endMs / 1000} step=${stepMs / 1000}`;
  const times = lookback === '' ? asked : `${asked} lookback_delta=${lookback}`;
  const involved = series.filter(({ labels }) => query.includes(labels.__name__ ?? ''));
  const lines = involved.map(({ labels, samples }) => {
    const near = samples.filter(({ timestampMs }) => timestampMs >= startMs - LOOKBACK_MS && timestampMs <= endMs);
    const shown = near.slice(-MOST_SAMPLES).map(sampleText).join(' ');
    return `  ${labelsText(labels)} ${near.length > MOST_SAMPLES ? `(${near.length - MOST_SAMPLES} before) ` : ''}${shown}`;
  });
  return `query=${query}\n${times}\n${lines.join('\n')}`;
}

function labelsText({ __name__: name = '', ...labels }: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${JSON.stringify(label)}=${JSON.stringify(value)}`);
  return `{${[JSON.stringify(name), ...pairs].join(',')}}`;
}

function sampleText({ timestampMs, value, isLate }: RandomSample): string {
  return `${typeof value === 'object' ? histogramText(value) : value}@${timestampMs / 1000}${isLate ? ' (late)' : ''}`;
}

/** In the notation of promqltest. */
function histogramText(histogram: NativeHistogram): string {
  const { schema, count, sum, zeroCount, zeroThreshold, customValues, resetHint } = histogram;
  const parts = [`schema:${schema}`, `count:${count}`, `sum:${sum}`];
  if (zeroCount > 0) parts.push(`z_bucket:${zeroCount}`);
  if (zeroThreshold > 0) parts.push(`z_bucket_w:${zeroThreshold}`);
  if (customValues.length > 0) parts.push(`custom_values:[${customValues.join(' ')}]`);
  if (resetHint !== 'unknown') parts.push(`counter_reset_hint:${resetHint}`);
  parts.push(...sideText('', histogram.positiveSpans, histogram.positiveCounts));
  parts.push(...sideText('n_', histogram.negativeSpans, histogram.negativeCounts));
  return `{{${parts.join(' ')}}}`;
}

/** All buckets from the first on, those between the spans as 0. */
function sideText(
  prefix: string,
  spans: NativeHistogram['positiveSpans'],
  counts: readonly number[],
): readonly string[] {
  const [first] = spans;
  if (first === undefined) return [];
  const buckets: number[] = [];
  let at = 0;
  for (const [index, { offset, length }] of spans.entries()) {
    if (index > 0) buckets.push(...Array.from({ length: offset }, () => 0));
    buckets.push(...counts.slice(at, at + length));
    at += length;
  }
  return [`${prefix}offset:${first.offset}`, `${prefix}buckets:[${buckets.join(' ')}]`];
}
