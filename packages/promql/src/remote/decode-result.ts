/** Results of queries, from the JSON of Prometheus' API. Read by hand below the first level: there may be a million samples. */
import { EvaluationError } from '../evaluate/failure.ts';
import type { InstantResult, InstantSample, RangeSeries } from '../evaluate/result.ts';
import type { Histogram } from '../histogram/histogram.ts';
import { LabelSet } from '../labels/label-set.ts';
import { parseFloatText } from '../text/float.ts';
import { answeredError } from './decode-answer.ts';
import { decodeHistogram } from './decode-histogram.ts';

/** @throws {EvaluationError} PROMQL_UNAVAILABLE where it is no result of an instant query */
export function decodeInstant(data: unknown): InstantResult {
  const result = member(data, 'result');
  const type = member(data, 'resultType');
  switch (type) {
    case 'scalar': {
      const { timestampMs, value } = sampleOf(result);
      return { type, timestampMs, value: floatOf(value) };
    }
    case 'string': {
      const { timestampMs, value } = sampleOf(result);
      return { type, timestampMs, value: textOf(value) };
    }
    case 'vector':
      return decodeVector(listOf(result));
    case 'matrix':
      return { type, series: listOf(result).map(seriesOf) };
    default:
      throw foreign(`resultType ${JSON.stringify(type)}`);
  }
}

/** Of several instant queries in one answer, in order: each has a result or an error.
 *  @throws {EvaluationError} PROMQL_UNAVAILABLE where it is something else */
export function decodeBatch(list: readonly unknown[], expected: number): readonly (InstantResult | Error)[] {
  if (list.length !== expected) throw foreign(`${list.length} answers to ${expected} queries`);
  return list.map((one) => {
    const errorType = member(one, 'errorType');
    return errorType === undefined
      ? decodeInstant(one)
      : answeredError(textOf(errorType), textOf(member(one, 'error') ?? ''));
  });
}

/** @throws {EvaluationError} PROMQL_UNAVAILABLE where it is no result of a range query */
export function decodeRange(data: unknown): readonly RangeSeries[] {
  if (member(data, 'resultType') !== 'matrix') throw foreign('a range query whose result is no matrix');
  return listOf(member(data, 'result')).map(seriesOf);
}

function decodeVector(list: readonly unknown[]): InstantResult {
  let timestampMs = 0;
  const samples = list.map((one): InstantSample => {
    const labels = labelsOf(member(one, 'metric'));
    const histogram = member(one, 'histogram');
    const sample = sampleOf(histogram ?? member(one, 'value'));
    timestampMs = sample.timestampMs;
    return histogram === undefined
      ? { labels, value: floatOf(sample.value), histogram: undefined }
      : { labels, value: 0, histogram: histogramOf(sample.value) };
  });
  return { type: 'vector', timestampMs, samples };
}

function seriesOf(one: unknown): RangeSeries {
  const labels = labelsOf(member(one, 'metric'));
  const floats = listOf(member(one, 'values') ?? []).map(sampleOf);
  const others = listOf(member(one, 'histograms') ?? []).map(sampleOf);
  if (others.length === 0) {
    return {
      labels,
      timestampsMs: Float64Array.from(floats, ({ timestampMs }) => timestampMs),
      values: Float64Array.from(floats, ({ value }) => floatOf(value)),
      histograms: undefined,
    };
  }
  const all = [
    ...floats.map(({ timestampMs, value }) => ({ timestampMs, value: floatOf(value), histogram: undefined })),
    ...others.map(({ timestampMs, value }) => ({ timestampMs, value: 0, histogram: histogramOf(value) })),
  ].sort((a, b) => a.timestampMs - b.timestampMs);
  return {
    labels,
    timestampsMs: Float64Array.from(all, ({ timestampMs }) => timestampMs),
    values: Float64Array.from(all, ({ value }) => value),
    histograms: all.map(({ histogram }) => histogram),
  };
}

function sampleOf(pair: unknown): { readonly timestampMs: number; readonly value: unknown } {
  if (!Array.isArray(pair) || pair.length !== 2) throw foreign('a sample that is no pair');
  const timestampMs = Math.round(Number(pair[0]) * 1000);
  if (typeof pair[0] !== 'number' || !Number.isSafeInteger(timestampMs)) throw foreign(`the time ${pair[0]}`);
  return { timestampMs, value: pair[1] };
}

function floatOf(value: unknown): number {
  const parsed = typeof value === 'string' ? parseFloatText(value) : undefined;
  if (parsed === undefined) throw foreign(`the value ${JSON.stringify(value)}`);
  return parsed;
}

function histogramOf(value: unknown): Histogram {
  const histogram = decodeHistogram(value);
  if (histogram === undefined) throw foreign('a histogram whose buckets are of no schema');
  return histogram;
}

function textOf(value: unknown): string {
  if (typeof value !== 'string') throw foreign(`the text ${JSON.stringify(value)}`);
  return value;
}

function labelsOf(metric: unknown): LabelSet {
  if (typeof metric !== 'object' || metric === null) throw foreign('a series without labels');
  return LabelSet.of(Object.entries(metric).map(([name, value]) => [name, textOf(value)] as const));
}

function listOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw foreign('a result that is no list');
  return value;
}

function member(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}

function foreign(what: string): EvaluationError {
  return new EvaluationError('PROMQL_UNAVAILABLE', `the other server does not answer as Prometheus does: ${what}`);
}
