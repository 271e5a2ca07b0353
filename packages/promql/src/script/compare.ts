/** Answers against what a script expects. */

import type { InstantSample, RangeSeries } from '../evaluate/result.ts';
import { isAlmostEqual } from '../histogram/classic.ts';
import { scriptHistogram } from '../histogram/describe.ts';
import type { Histogram } from '../histogram/histogram.ts';
import { compact } from '../histogram/sparse.ts';
import type { LabelSet } from '../labels/label-set.ts';
import { METRIC_NAME } from '../labels/label-set.ts';
import { formatGeneral } from '../text/float.ts';
import { describeLabels } from '../text/labels.ts';
import type { ExpectedSeries } from './script.ts';
import type { SequenceValue } from './series-line.ts';

/** Relative. */
const EPSILON = 1e-6;

export interface Difference {
  readonly expected: string;
  readonly got: string;
}

type Value = number | Histogram;

/** @returns undefined where the vector is as expected */
export function compareVector(
  expected: readonly ExpectedSeries[],
  samples: readonly InstantSample[],
  isOrdered: boolean,
): Difference | undefined {
  const wanted = new Map(expected.map((series) => [series.labels.key, series]));
  for (const [position, { labels, value, histogram }] of samples.entries()) {
    const got = `${metric(labels)} ${describe(histogram ?? value)}`;
    const series = wanted.get(labels.key);
    if (series === undefined) return { expected: `no series ${metric(labels)}`, got };
    if (isOrdered && series.position !== position + 1) {
      return { expected: `${metric(labels)} at position ${series.position}`, got: `it at position ${position + 1}` };
    }
    const [first] = series.values;
    if (!isSame(first, histogram ?? value)) return { expected: `${metric(labels)} ${describeExpected(first)}`, got };
  }
  return missing(expected, new Set(samples.map(({ labels }) => labels.key)));
}

/** Expected values are at `startMs`, and each `stepMs` later. */
export function compareMatrix(
  expected: readonly ExpectedSeries[],
  series: readonly RangeSeries[],
  { startMs, stepMs }: { readonly startMs: number; readonly stepMs: number },
): Difference | undefined {
  const wanted = new Map(expected.map((one) => [one.labels.key, one]));
  for (const [index, got] of series.entries()) {
    const before = series[index - 1];
    if (before !== undefined && before.labels.compare(got.labels) > 0) {
      return { expected: 'series sorted by labels', got: `${metric(got.labels)} after ${metric(before.labels)}` };
    }
    const want = wanted.get(got.labels.key);
    if (want === undefined) return { expected: `no series ${metric(got.labels)}`, got: describeSeries(got) };
    if (!isSameSeries(want, got, startMs, stepMs)) {
      return {
        expected: `${metric(want.labels)} ${want.values.map(describeExpected).join(' ')}`,
        got: describeSeries(got),
      };
    }
  }
  return missing(expected, new Set(series.map(({ labels }) => labels.key)));
}

function missing(expected: readonly ExpectedSeries[], found: ReadonlySet<string>): Difference | undefined {
  const lost = expected.find(({ labels }) => !found.has(labels.key));
  return (
    lost && { expected: `${metric(lost.labels)} ${lost.values.map(describeExpected).join(' ')}`, got: 'no such series' }
  );
}

function isSameSeries(want: ExpectedSeries, got: RangeSeries, startMs: number, stepMs: number): boolean {
  let at = 0;
  for (const [index, value] of want.values.entries()) {
    if (value.value === undefined) continue;
    if (got.timestampsMs[at] !== startMs + index * stepMs) return false;
    if (!isSame(value, got.histograms?.[at] ?? got.values[at]!)) return false;
    at++;
  }
  return at === got.values.length;
}

function isSame(expected: SequenceValue | undefined, got: Value): boolean {
  const value = expected?.value;
  if (value === undefined || value === 'stale') return false;
  if (typeof value === 'number' || typeof got === 'number') {
    return typeof value === 'number' && typeof got === 'number' && isAlmostEqual(value, got, EPSILON);
  }
  return isSameHistogram(compact(value), compact(got), expected?.hasHint === true);
}

function isSameHistogram(a: Histogram, b: Histogram, hintCounts: boolean): boolean {
  const numbers = (histogram: Histogram): readonly number[] => [
    histogram.count,
    histogram.sum,
    histogram.zeroCount,
    ...histogram.positiveBuckets,
    ...histogram.negativeBuckets,
  ];
  const layout = (histogram: Histogram): string =>
    JSON.stringify([
      histogram.schema,
      histogram.zeroThreshold,
      histogram.positiveSpans,
      histogram.negativeSpans,
      histogram.customValues,
    ]);
  if (layout(a) !== layout(b) || (hintCounts && a.counterResetHint !== b.counterResetHint)) return false;
  const right = numbers(b);
  return numbers(a).every((value, index) => isAlmostEqual(value, right[index]!, EPSILON));
}

function metric(labels: LabelSet): string {
  return `${labels.get(METRIC_NAME)}${describeLabels(labels.without(METRIC_NAME))}`;
}

function describe(value: Value): string {
  return typeof value === 'number' ? formatGeneral(value, true) : scriptHistogram(value);
}

function describeExpected(value: SequenceValue | undefined): string {
  if (value?.value === undefined) return '_';
  return value.value === 'stale' ? 'stale' : describe(value.value);
}

function describeSeries({ labels, timestampsMs, values, histograms }: RangeSeries): string {
  const points = Array.from(
    values,
    (value, at) => `${describe(histograms?.[at] ?? value)}@${timestampsMs[at]! / 1000}`,
  );
  return `${metric(labels)} ${points.join(' ')}`;
}
