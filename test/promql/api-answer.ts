/** Answers of `/api/v1/query` and `/api/v1/query_range`, decoded, in an order of their own. */
import * as v from 'valibot';

const Value = v.tuple([v.number(), v.string()]);
const Histogram = v.object({
  count: v.string(),
  sum: v.string(),
  buckets: v.optional(v.array(v.tuple([v.number(), v.string(), v.string(), v.string()])), []),
});
const TimedHistogram = v.tuple([v.number(), Histogram]);
const Labels = v.record(v.string(), v.string());
const InstantSeries = v.object({
  metric: Labels,
  value: v.optional(Value),
  histogram: v.optional(TimedHistogram),
});
const RangeSeries = v.object({
  metric: Labels,
  values: v.optional(v.array(Value), []),
  histograms: v.optional(v.array(TimedHistogram), []),
});
const Data = v.variant('resultType', [
  v.object({ resultType: v.literal('vector'), result: v.array(InstantSeries) }),
  v.object({ resultType: v.literal('matrix'), result: v.array(RangeSeries) }),
  v.object({ resultType: v.literal('scalar'), result: Value }),
  v.object({ resultType: v.literal('string'), result: Value }),
]);
const Texts = v.optional(v.array(v.string()), []);
const Answer = v.variant('status', [
  v.object({ status: v.literal('success'), data: Data, warnings: Texts, infos: Texts }),
  v.object({ status: v.literal('error'), errorType: v.string(), error: v.string() }),
]);

export interface Point {
  /** Unix seconds, as in the answer. */
  readonly time: number;
  /** Texts of numbers by name, `value` alone or `count`, `sum` and what each bucket holds. */
  readonly parts: ReadonlyMap<string, string>;
}

export interface AnsweredSeries {
  /** As JSON, sorted by name. */
  readonly labels: string;
  /** In order of time. */
  readonly points: readonly Point[];
}

export type ApiAnswer =
  | {
      readonly status: 'success';
      readonly type: string;
      /** Sorted by labels; one without any for scalars and strings. */
      readonly series: readonly AnsweredSeries[];
      /** First values, in the order of the answer. */
      readonly order: readonly string[];
      readonly warnings: readonly string[];
      readonly infos: readonly string[];
    }
  | { readonly status: 'error'; readonly errorType: string; readonly error: string };

/** @throws {v.ValiError} for what is no answer of that API */
export function decodeAnswer(json: unknown): ApiAnswer {
  const answer = v.parse(Answer, json);
  if (answer.status === 'error') return answer;
  const { data, warnings, infos } = answer;
  const inOrder = seriesOf(data);
  const order = inOrder.map(({ points }) => points[0]?.parts.get('value') ?? '');
  const series = inOrder.sort((a, b) => (a.labels < b.labels ? -1 : a.labels > b.labels ? 1 : 0));
  return { status: 'success', type: data.resultType, series, order, warnings, infos };
}

function seriesOf(data: v.InferOutput<typeof Data>): AnsweredSeries[] {
  switch (data.resultType) {
    case 'vector':
      return data.result.map(({ metric, value, histogram }) => ({
        labels: labelsText(metric),
        points: [...(value ? [floatPoint(value)] : []), ...(histogram ? [histogramPoint(histogram)] : [])],
      }));
    case 'matrix':
      return data.result.map(({ metric, values, histograms }) => ({
        labels: labelsText(metric),
        points: [...values.map(floatPoint), ...histograms.map(histogramPoint)].sort((a, b) => a.time - b.time),
      }));
    default:
      return [{ labels: '{}', points: [floatPoint(data.result)] }];
  }
}

function labelsText(metric: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.fromEntries(Object.entries(metric).sort(([a], [b]) => (a < b ? -1 : 1))));
}

function floatPoint([time, value]: v.InferOutput<typeof Value>): Point {
  return { time, parts: new Map([['value', value]]) };
}

function histogramPoint([time, { count, sum, buckets }]: v.InferOutput<typeof TimedHistogram>): Point {
  const parts = new Map([
    ['count', count],
    ['sum', sum],
  ]);
  // Which empty buckets a histogram has is the storage's affair, and NaN times an empty one is NaN.
  const counted = buckets.filter(([, , , inBucket]) => inBucket !== 'NaN');
  for (const [index, [boundaries, lower, upper, inBucket]] of counted.entries()) {
    parts.set(`boundaries of bucket ${index}`, String(boundaries));
    parts.set(`lower bound of bucket ${index}`, lower);
    parts.set(`upper bound of bucket ${index}`, upper);
    parts.set(`count of bucket ${index}`, inBucket);
  }
  return { time, parts };
}
