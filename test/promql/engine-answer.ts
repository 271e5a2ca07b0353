/** Vigie's side without a server: series in a head, answers of the engine in the form of the HTTP API. */
import { errorCode } from '@vigie/core/errors';
import type { CounterResetHint, Histogram } from '@vigie/promql/histogram/histogram';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { Head } from '@vigie/tsdb/head/head';
import type { NativeHistogram, ResetHint } from '@vigie/wire/native-histogram';
import { Engine } from '../../packages/promql/src/evaluate/engine.ts';
import type { RangeSeries } from '../../packages/promql/src/evaluate/result.ts';
import { allBuckets } from '../../packages/promql/src/histogram/bounds.ts';
import { formatFloat } from '../../packages/promql/src/text/float.ts';
import { HeadQuerier } from '../../packages/tsdb/src/head-querier.ts';
import { type ApiAnswer, decodeAnswer } from './api-answer.ts';
import type { QueryCase } from './random-case.ts';
import type { RandomSeries } from './written-series.ts';

const HINTS: Readonly<Record<ResetHint, CounterResetHint>> = {
  unknown: 'unknown',
  yes: 'reset',
  no: 'not_reset',
  gauge: 'gauge',
};

export class EngineUnderTest {
  readonly #head = new Head({ outOfOrderWindowMs: 86_400_000 }, { nowMs: () => Date.UTC(2026, 5, 1) });
  readonly #querier = new HeadQuerier(this.#head);
  readonly #engine = new Engine();

  write(series: readonly RandomSeries[]): void {
    for (const { labels, samples } of series) {
      const ref = this.#head.getOrCreate(LabelSet.of(labels));
      if (typeof ref === 'string') throw new Error(ref);
      for (const { timestampMs, value } of samples) {
        if (typeof value === 'object') {
          this.#head.appendHistograms([{ ref, timestampMs, histogram: converted(value), startTimestampMs: 0 }]);
          continue;
        }
        const values = new Float64Array(1);
        if (value === 'stale') new BigUint64Array(values.buffer)[0] = 0x7ff0_0000_0000_0002n;
        else values[0] = value;
        const result = this.#head.append({
          count: 1,
          refs: Uint32Array.of(ref),
          timestampsMs: Float64Array.of(timestampMs),
          values,
        });
        if (result.accepted !== 1) throw new Error(JSON.stringify(result));
      }
    }
  }

  async ask({ query, startMs, endMs, stepMs }: QueryCase): Promise<ApiAnswer> {
    const signal = AbortSignal.timeout(60_000);
    try {
      if (stepMs === 0) {
        const { result, warnings, infos } = await this.#engine.instant(this.#querier, query, startMs, signal);
        return decodeAnswer({ status: 'success', data: instantJson(result), warnings, infos });
      }
      const { result, warnings, infos } = await this.#engine.range(
        this.#querier,
        query,
        { startMs, endMs, stepMs },
        signal,
      );
      return decodeAnswer({
        status: 'success',
        data: { resultType: 'matrix', result: result.map(rangeJson) },
        warnings,
        infos,
      });
    } catch (error) {
      const code = errorCode(error);
      if (code === undefined || !(error instanceof Error)) throw error;
      if (code === 'PROMQL_PARSE' || error.message.startsWith('invalid expression type'))
        return { status: 'error', errorType: 'bad_data', error: `invalid parameter "query": ${error.message}` };
      return { status: 'error', errorType: 'execution', error: error.message };
    }
  }
}

type Instant = Awaited<ReturnType<Engine['instant']>>['result'];

function instantJson(result: Instant): object {
  switch (result.type) {
    case 'vector': {
      const time = result.timestampMs / 1000;
      return {
        resultType: 'vector',
        result: result.samples.map(({ labels, value, histogram }) => ({
          metric: labels.toJSON(),
          ...(histogram === undefined
            ? { value: [time, formatFloat(value)] }
            : { histogram: [time, histogramJson(histogram)] }),
        })),
      };
    }
    case 'scalar':
      return { resultType: 'scalar', result: [result.timestampMs / 1000, formatFloat(result.value)] };
    case 'string':
      return { resultType: 'string', result: [result.timestampMs / 1000, result.value] };
    case 'matrix':
      return { resultType: 'matrix', result: result.series.map(rangeJson) };
  }
}

function rangeJson({ labels, timestampsMs, values, histograms }: RangeSeries): object {
  const floats: unknown[] = [];
  const others: unknown[] = [];
  for (const [index, timestampMs] of timestampsMs.entries()) {
    const histogram = histograms?.[index];
    if (histogram === undefined) floats.push([timestampMs / 1000, formatFloat(values[index]!)]);
    else others.push([timestampMs / 1000, histogramJson(histogram)]);
  }
  return { metric: labels.toJSON(), values: floats, histograms: others };
}

function histogramJson(histogram: Histogram): object {
  const buckets = allBuckets(histogram)
    .filter(({ count }) => count !== 0)
    .map(({ lower, upper, lowerInclusive, upperInclusive, count }) => [
      lowerInclusive ? (upperInclusive ? 3 : 1) : upperInclusive ? 0 : 2,
      formatFloat(lower),
      formatFloat(upper),
      formatFloat(count),
    ]);
  return { count: formatFloat(histogram.count), sum: formatFloat(histogram.sum), buckets };
}

function converted(from: NativeHistogram): Histogram {
  return {
    counterResetHint: HINTS[from.resetHint],
    schema: from.schema,
    zeroThreshold: from.zeroThreshold,
    zeroCount: from.zeroCount,
    count: from.count,
    sum: from.sum,
    positiveSpans: from.positiveSpans,
    negativeSpans: from.negativeSpans,
    positiveBuckets: from.positiveCounts,
    negativeBuckets: from.negativeCounts,
    customValues: from.customValues,
  };
}
