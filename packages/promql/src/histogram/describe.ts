/** Histograms as text. */
import { formatGeneral } from '../text/float.ts';
import { type Bucket, negativeBuckets, positiveBuckets, zeroBucket } from './bounds.ts';
import type { Histogram } from './histogram.ts';

/** As Prometheus prints one: `{count:4, sum:5, (1,2]:2}`. */
export function describeHistogram(histogram: Histogram): string {
  const parts = [`count:${formatGeneral(histogram.count)}`, `sum:${formatGeneral(histogram.sum)}`];
  const negative = negativeBuckets(histogram).toReversed();
  const zero = histogram.zeroCount === 0 ? [] : [zeroBucket(histogram)];
  for (const bucket of [...negative, ...zero, ...positiveBuckets(histogram)]) {
    if (bucket.count !== 0) parts.push(describeBucket(bucket));
  }
  return `{${parts.join(', ')}}`;
}

function describeBucket({ lower, upper, lowerInclusive, upperInclusive, count }: Bucket): string {
  const open = lowerInclusive ? '[' : '(';
  const close = upperInclusive ? ']' : ')';
  return `${open}${formatGeneral(lower)},${formatGeneral(upper)}${close}:${formatGeneral(count)}`;
}

/** As test scripts write one: `{{schema:0 sum:5 count:4 buckets:[1 2 1]}}`. Spans are written as one. */
export function scriptHistogram(histogram: Histogram): string {
  const parts: string[] = [];
  const add = (name: string, value: number): void => {
    if (value !== 0) parts.push(`${name}:${formatGeneral(value, true)}`);
  };
  add('schema', histogram.schema);
  add('count', histogram.count);
  add('sum', histogram.sum);
  add('z_bucket', histogram.zeroCount);
  add('z_bucket_w', histogram.zeroThreshold);
  const list = (values: readonly number[]): string =>
    `[${values.map((value) => formatGeneral(value, true)).join(' ')}]`;
  if (histogram.customValues.length > 0) parts.push(`custom_values:${list(histogram.customValues)}`);
  if (histogram.counterResetHint !== 'unknown') parts.push(`counter_reset_hint:${histogram.counterResetHint}`);
  for (const [prefix, spans, counts] of [
    ['', histogram.positiveSpans, histogram.positiveBuckets],
    ['n_', histogram.negativeSpans, histogram.negativeBuckets],
  ] as const) {
    const [first] = spans;
    if (first === undefined) continue;
    add(`${prefix}offset`, first.offset);
    const dense: number[] = [];
    let at = 0;
    for (const [index, { offset, length }] of spans.entries()) {
      if (index > 0) for (let gap = 0; gap < offset; gap++) dense.push(0);
      for (const count of counts.slice(at, at + length)) dense.push(count);
      at += length;
    }
    parts.push(`${prefix}buckets:${list(dense)}`);
  }
  return `{{${parts.join(' ')}}}`;
}
