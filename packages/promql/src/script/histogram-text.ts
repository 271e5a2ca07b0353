/** Histograms in test scripts: `schema:1 sum:5 count:4 buckets:[1 2 1]`. */
import type { CounterResetHint, Histogram } from '../histogram/histogram.ts';
import { parseFloatText } from '../text/float.ts';

const FIELD = /\s*([a-z_]+):(\[[^\]]*\]|[^\s[\]]+)/y;
const HINTS: readonly CounterResetHint[] = ['unknown', 'reset', 'not_reset', 'gauge'];

/** @param text what stands between the braces
 *  @returns what is wrong, as text */
export function parseHistogram(text: string): { readonly histogram: Histogram; readonly hasHint: boolean } | string {
  const fields = new Map<string, string>();
  const trimmed = text.trimEnd();
  FIELD.lastIndex = 0;
  for (let end = 0; end < trimmed.length; end = FIELD.lastIndex) {
    FIELD.lastIndex = end;
    const match = FIELD.exec(trimmed);
    if (match === null) return 'cannot read the histogram';
    const [, name = '', value = ''] = match;
    if (!KNOWN.has(name)) return `bad histogram descriptor found: "${name}"`;
    if (fields.has(name)) return `duplicate key "${name}" in histogram`;
    fields.set(name, value);
  }
  const number = (name: string): number => parseFloatText(fields.get(name) ?? '0') ?? Number.NaN;
  const list = (name: string): readonly number[] =>
    (fields.get(name) ?? '')
      .replace(/[[\]]/g, ' ')
      .split(/\s+/)
      .filter((one) => one !== '')
      .map((one) => parseFloatText(one) ?? Number.NaN);
  const spans = (offset: string, count: number): Histogram['positiveSpans'] =>
    count === 0 ? [] : [{ offset: number(offset), length: count }];
  const hint = fields.get('counter_reset_hint');
  const counterResetHint = hint === undefined ? 'unknown' : HINTS.find((one) => one === hint);
  if (counterResetHint === undefined) return `unknown counter_reset_hint "${hint}"`;
  const positiveBuckets = list('buckets');
  const negativeBuckets = list('n_buckets');
  return {
    hasHint: hint !== undefined,
    histogram: {
      counterResetHint,
      schema: number('schema'),
      zeroThreshold: number('z_bucket_w'),
      zeroCount: number('z_bucket'),
      count: number('count'),
      sum: number('sum'),
      positiveSpans: spans('offset', positiveBuckets.length),
      negativeSpans: spans('n_offset', negativeBuckets.length),
      positiveBuckets,
      negativeBuckets,
      customValues: list('custom_values'),
    },
  };
}

const KNOWN = new Set([
  'schema',
  'sum',
  'count',
  'z_bucket',
  'z_bucket_w',
  'buckets',
  'n_buckets',
  'offset',
  'n_offset',
  'custom_values',
  'counter_reset_hint',
]);
