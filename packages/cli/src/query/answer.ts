/** Answers of Prometheus' HTTP API, decoded. Values stay the text that the server wrote: nothing is rounded on the way. */
import { VigieError } from '@vigie/core/errors';
import * as v from 'valibot';
import { tokenHint } from '../api-client/open-answer.ts';
import { printable } from '../terminal/text-width.ts';

export interface HistogramBucket {
  /** `[0.5, 1)`: which ends belong to it. */
  readonly bounds: string;
  readonly count: string;
}

export interface HistogramValue {
  readonly count: string;
  readonly sum: string;
  readonly buckets: readonly HistogramBucket[];
}

export interface Sample {
  /** Unix ms. */
  readonly timestampMs: number;
  readonly value: string | HistogramValue;
}

/** In the server's order. */
export type SeriesLabels = Readonly<Record<string, string>>;

export interface Series {
  readonly labels: SeriesLabels;
  /** In order of time; one, of an instant vector. */
  readonly samples: readonly Sample[];
}

/** Series in the order of the answer. */
export type QueryResult =
  | { readonly type: 'vector' | 'matrix'; readonly series: readonly Series[] }
  | { readonly type: 'scalar' | 'string'; readonly sample: Sample };

export type Answer =
  | { readonly status: 'success'; readonly result: QueryResult; readonly notes: readonly string[] }
  | { readonly status: 'error'; readonly errorType: string; readonly error: string };

const floatSchema = v.tuple([v.number(), v.string()]);
const histogramSchema = v.tuple([
  v.number(),
  v.object({
    count: v.string(),
    sum: v.string(),
    buckets: v.optional(v.array(v.tuple([v.number(), v.string(), v.string(), v.string()])), []),
  }),
]);
const labelsSchema = v.record(v.string(), v.string());
const dataSchema = v.variant('resultType', [
  v.object({
    resultType: v.literal('vector'),
    result: v.array(
      v.object({ metric: labelsSchema, value: v.optional(floatSchema), histogram: v.optional(histogramSchema) }),
    ),
  }),
  v.object({
    resultType: v.literal('matrix'),
    result: v.array(
      v.object({
        metric: labelsSchema,
        values: v.optional(v.array(floatSchema), []),
        histograms: v.optional(v.array(histogramSchema), []),
      }),
    ),
  }),
  v.object({ resultType: v.picklist(['scalar', 'string']), result: floatSchema }),
]);
const answerSchema = v.variant('status', [
  v.object({
    status: v.literal('success'),
    data: dataSchema,
    warnings: v.optional(v.array(v.string()), []),
    infos: v.optional(v.array(v.string()), []),
  }),
  v.object({ status: v.literal('error'), errorType: v.string(), error: v.string() }),
]);

/** @param json as parsed
 *  @returns undefined when it is no answer of /api/v1/query or query_range */
export function decodeAnswer(json: unknown): Answer | undefined {
  const { success, output } = v.safeParse(answerSchema, json);
  if (!success) return undefined;
  if (output.status === 'error') return output;
  return { status: 'success', result: resultOf(output.data), notes: [...output.warnings, ...output.infos] };
}

/** Of somebody who answers, and not as Prometheus does.
 *  @param text of the answer, of which the beginning is shown */
export function foreignAnswer(origin: string, statusCode: number | undefined, text: string): VigieError {
  const start = printable(text.slice(0, 200).trim());
  const hint = tokenHint(statusCode) ?? "expected an answer of Prometheus' API, --url names another server";
  return new VigieError('QUERY_REFUSED', `${origin} answers ${statusCode} ${start}: ${hint}`);
}

function resultOf(data: v.InferOutput<typeof dataSchema>): QueryResult {
  switch (data.resultType) {
    case 'vector':
      return {
        type: 'vector',
        series: data.result.map(({ metric, value, histogram }) => ({
          labels: metric,
          samples: [...(value === undefined ? [] : [floatOf(value)]), ...histogramsOf(histogram)],
        })),
      };
    case 'matrix':
      return {
        type: 'matrix',
        series: data.result.map(({ metric, values, histograms }) => ({
          labels: metric,
          samples: inOrder([...values.map(floatOf), ...histograms.flatMap(histogramsOf)], histograms.length > 0),
        })),
      };
    case 'scalar':
    case 'string':
      return { type: data.resultType, sample: floatOf(data.result) };
  }
}

function floatOf([seconds, value]: v.InferOutput<typeof floatSchema>): Sample {
  return { timestampMs: Math.round(seconds * 1000), value };
}

function histogramsOf(sample: v.InferOutput<typeof histogramSchema> | undefined): Sample[] {
  if (sample === undefined) return [];
  const [seconds, { count, sum, buckets }] = sample;
  const value = {
    count,
    sum,
    buckets: buckets.map(([rule, from, to, inBucket]) => ({ bounds: boundsText(rule, from, to), count: inBucket })),
  };
  return [{ timestampMs: Math.round(seconds * 1000), value }];
}

/** Floats and histograms of a series come apart. */
function inOrder(samples: Sample[], isMixed: boolean): readonly Sample[] {
  return isMixed ? samples.sort((a, b) => a.timestampMs - b.timestampMs) : samples;
}

/** Which ends are open, by the number that the API has for it: 0 the left one, 1 the right one, 2 both, 3 none. */
function boundsText(rule: number, from: string, to: string): string {
  const left = rule === 1 || rule === 3 ? '[' : '(';
  const right = rule === 0 || rule === 3 ? ']' : ')';
  return `${left}${from}, ${to}${right}`;
}
