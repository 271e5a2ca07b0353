/** Native histograms from the JSON of Prometheus' API, which has their populated buckets by bounds and not by schema. The
 *  schema is found again: the one in which each bound is exactly the bound of a bucket. */
import * as v from 'valibot';
import { exponentialBound } from '../histogram/bounds.ts';
import { CUSTOM_BUCKETS_SCHEMA, type Histogram, type Span } from '../histogram/histogram.ts';
import { parseFloatText } from '../text/float.ts';

const FLOAT = v.pipe(
  v.string(),
  v.transform((text) => parseFloatText(text)),
  // NaN is one, too.
  v.custom<number>((value) => typeof value === 'number'),
);
const HISTOGRAM = v.object({
  count: FLOAT,
  sum: FLOAT,
  buckets: v.optional(v.array(v.tuple([v.number(), FLOAT, FLOAT, FLOAT])), []),
});

interface Bucket {
  readonly lower: number;
  readonly upper: number;
  readonly count: number;
}

/** Of `boundaries`: both ends belong to the bucket. */
const CLOSED = 3;
/** Of negative exponential buckets, and no others. */
const OPEN_ABOVE = 1;
const FINEST_SCHEMA = 8;
const COARSEST_SCHEMA = -4;
/** 2^1024 is the first power that is no float. */
const LARGEST_EXPONENT = 1024;

/** @returns undefined where it is none, or has bounds that no schema has
 *  Cost: buckets times schemas tried. */
export function decodeHistogram(value: unknown): Histogram | undefined {
  const parsed = v.safeParse(HISTOGRAM, value);
  if (!parsed.success) return undefined;
  const { count, sum, buckets } = parsed.output;
  const zero = buckets.find(([boundaries, lower]) => boundaries === CLOSED && lower !== -Infinity);
  const sides = buckets.filter((bucket) => bucket !== zero).map(([, lower, upper, n]) => ({ lower, upper, count: n }));
  const shared = { counterResetHint: 'unknown', count, sum } as const;
  // A zero bucket that is empty is not in the JSON; buckets that it cuts still are.
  const thresholds = zero === undefined ? [0, innermost(sides)] : [zero[2]];
  for (const zeroThreshold of thresholds) {
    for (let schema = FINEST_SCHEMA; schema >= COARSEST_SCHEMA; schema--) {
      const exponential = bySchema(sides, schema, zeroThreshold);
      if (exponential === undefined) continue;
      return { ...shared, schema, zeroThreshold, zeroCount: zero?.[3] ?? 0, ...exponential, customValues: [] };
    }
  }
  const isExponential = buckets.some(([boundaries]) => boundaries === OPEN_ABOVE) || zero !== undefined;
  return isExponential ? undefined : { ...shared, ...custom(sides) };
}

function innermost(sides: readonly Bucket[]): number {
  return Math.min(Infinity, ...sides.map(({ lower, upper }) => Math.min(Math.abs(lower), Math.abs(upper))));
}

type Sides = Pick<Histogram, 'positiveSpans' | 'positiveBuckets' | 'negativeSpans' | 'negativeBuckets'>;

function bySchema(buckets: readonly Bucket[], schema: number, zeroThreshold: number): Sides | undefined {
  const positive = new Map<number, number>();
  const negative = new Map<number, number>();
  for (const { lower, upper, count } of buckets) {
    const isNegative = upper <= 0;
    const index = isNegative
      ? indexOf(-upper, -lower, schema, zeroThreshold)
      : indexOf(lower, upper, schema, zeroThreshold);
    if (index === undefined) return undefined;
    (isNegative ? negative : positive).set(index, count);
  }
  const up = spansOf(positive);
  const down = spansOf(negative);
  return {
    positiveSpans: up.spans,
    positiveBuckets: up.counts,
    negativeSpans: down.spans,
    negativeBuckets: down.counts,
  };
}

/** @param near the bound towards zero, which the zero bucket may have cut */
function indexOf(near: number, far: number, schema: number, zeroThreshold: number): number | undefined {
  const perPower = 2 ** schema;
  const index = far === Infinity ? LARGEST_EXPONENT * perPower + 1 : Math.round(Math.log2(far) * perPower);
  if (!Number.isSafeInteger(index) || exponentialBound(index, schema) !== far) return undefined;
  const before = exponentialBound(index - 1, schema);
  return before === near || (near === zeroThreshold && before < near) ? index : undefined;
}

function spansOf(side: ReadonlyMap<number, number>): {
  readonly spans: readonly Span[];
  readonly counts: readonly number[];
} {
  const spans: { offset: number; length: number }[] = [];
  const counts: number[] = [];
  let next = 0;
  for (const [index, count] of [...side].sort(([a], [b]) => a - b)) {
    const last = spans.at(-1);
    if (last !== undefined && index === next) last.length += 1;
    else spans.push({ offset: index - next, length: 1 });
    counts.push(count);
    next = index + 1;
  }
  return { spans, counts };
}

/** Buckets that are empty, and so not in the JSON, lie between bounds that do not meet. */
function custom(buckets: readonly Bucket[]): Omit<Histogram, 'counterResetHint' | 'count' | 'sum'> {
  const bounds: number[] = [];
  const counts: number[] = [];
  let end = -Infinity;
  for (const { lower, upper, count } of buckets) {
    if (lower > end) {
      bounds.push(lower);
      counts.push(0);
    }
    if (upper !== Infinity) bounds.push(upper);
    counts.push(count);
    end = upper;
  }
  return {
    schema: CUSTOM_BUCKETS_SCHEMA,
    zeroThreshold: 0,
    zeroCount: 0,
    positiveSpans: [{ offset: 0, length: counts.length }],
    positiveBuckets: counts,
    negativeSpans: [],
    negativeBuckets: [],
    customValues: bounds,
  };
}
