/** Range queries of `vigie alert backtest`, and how far back the server can answer them. */
import type { AskRange, BacktestSeries } from '@vigie/alerting/backtest/range';
import { parseDuration } from '@vigie/core/durations';
import { VigieError } from '@vigie/core/errors';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { parseFloatText } from '@vigie/promql/text/float';
import * as v from 'valibot';
import { type ApiServer, openAnswer, parseJson, readText } from '../api-client/open-answer.ts';
import { askPrometheus, METRICS_PREFIXES, type PrometheusAnswer } from '../query/ask-prometheus.ts';
import type { QueryRequest } from '../query/request.ts';
import { printable } from '../terminal/text-width.ts';

export interface MetricsClient {
  readonly server: ApiServer;
  readonly version: string;
}

/** @returns it throws {VigieError} API_UNREACHABLE, API_BROKEN; QUERY_REFUSED, in the server's words */
export function rangeAsker(client: MetricsClient): AskRange {
  return async (promql, range) => {
    const { answer } = await answerTo(client, { type: 'range', promql, range });
    if (answer.status === 'error') throw new VigieError('QUERY_REFUSED', printable(answer.error));
    return answer.result.type === 'matrix' ? answer.result.series.map(seriesOf) : [];
  };
}

/** Asks what every server knows: before one is asked for a week of each rule, it has shown that it is one.
 *  @param atMs Unix ms
 *  @throws {VigieError} API_UNREACHABLE, API_BROKEN; QUERY_REFUSED, where it does not answer as Prometheus does */
export async function checkAnswers(client: MetricsClient, atMs: number): Promise<void> {
  await answerTo(client, { type: 'instant', promql: 'vector(1)', timeMs: atMs });
}

function answerTo({ server, version }: MetricsClient, request: QueryRequest): Promise<PrometheusAnswer> {
  return askPrometheus(request, { server, userAgent: `vigie/${version} alerts` });
}

function seriesOf({
  labels,
  samples,
}: {
  readonly labels: Readonly<Record<string, string>>;
  readonly samples: readonly { readonly timestampMs: number; readonly value: unknown }[];
}): BacktestSeries {
  return {
    labels: LabelSet.of(labels),
    timestampsMs: samples.map(({ timestampMs }) => timestampMs),
    // A histogram is found as well, and counts as 0, as in the rules themselves.
    values: samples.map(({ value }) => (typeof value === 'string' ? (parseFloatText(value) ?? Number.NaN) : 0)),
  };
}

const runtimeSchema = v.object({ data: v.object({ storageRetention: v.string() }) });

/** @returns how long the server keeps samples, where it says so
 *  @throws {VigieError} CONFIG_INVALID, API_UNREACHABLE */
export async function askRetention({ server, version }: MetricsClient): Promise<number | undefined> {
  const { response } = await openAnswer(server, METRICS_PREFIXES, {
    kind: 'server',
    path: '/api/v1/status/runtimeinfo',
    parameters: new URLSearchParams(),
    method: 'GET',
    userAgent: `vigie/${version} alerts`,
  });
  const decoded = v.safeParse(runtimeSchema, parseJson((await readText(response, 1024 ** 2)) ?? ''));
  // Prometheus: `15d`, `15d or 10GiB`.
  return decoded.success ? parseDuration(decoded.output.data.storageRetention.split(' ')[0] ?? '') : undefined;
}
