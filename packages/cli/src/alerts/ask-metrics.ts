/** Range queries of `vigie alert backtest`, and how far back the server can answer them. */
import type { AskRange, BacktestSeries } from '@vigie/alerting/backtest/range';
import { parseDuration } from '@vigie/core/durations';
import { VigieError } from '@vigie/core/errors';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { parseFloatText } from '@vigie/promql/text/float';
import * as v from 'valibot';
import { type ApiServer, openAnswer, parseJson, readText } from '../api-client/open-answer.ts';
import { type Answer, decodeAnswer, foreignAnswer } from '../query/answer.ts';
import { printable } from '../terminal/text-width.ts';

/** `vigie up` has the metrics below /prometheus, Prometheus at the root. */
const PREFIXES = ['/prometheus', ''] as const;
/** Of a day of one rule: some million samples. */
const MAX_ANSWER_BYTES = 256 * 1024 ** 2;

export interface MetricsClient {
  readonly server: ApiServer;
  readonly version: string;
}

/** @returns it throws {VigieError} API_UNREACHABLE, API_BROKEN; QUERY_REFUSED, in the server's words */
export function rangeAsker(client: MetricsClient): AskRange {
  return async (query, { startMs, endMs, stepMs }) => {
    const times = { start: seconds(startMs), end: seconds(endMs), step: seconds(stepMs) };
    const answer = await answerTo(client, '/api/v1/query_range', { query, ...times });
    if (answer.status === 'error') throw refused(printable(answer.error));
    return answer.result.type === 'matrix' ? answer.result.series.map(seriesOf) : [];
  };
}

/** Asks what every server knows: before one is asked for a week of each rule, it has shown that it is one.
 *  @param atMs Unix ms
 *  @throws {VigieError} API_UNREACHABLE, API_BROKEN; QUERY_REFUSED, where it does not answer as Prometheus does */
export async function checkAnswers(client: MetricsClient, atMs: number): Promise<void> {
  await answerTo(client, '/api/v1/query', { query: 'vector(1)', time: seconds(atMs) });
}

async function answerTo(
  { server, version }: MetricsClient,
  path: string,
  parameters: Readonly<Record<string, string>>,
): Promise<Answer> {
  const { response, origin } = await openAnswer(server, PREFIXES, {
    kind: 'server',
    path,
    parameters: new URLSearchParams(parameters),
    method: 'POST',
    userAgent: `vigie/${version} alerts`,
  });
  const text = await readText(response, MAX_ANSWER_BYTES);
  if (text === undefined) throw refused(`the answer of ${origin} is larger than ${MAX_ANSWER_BYTES} bytes`);
  const answer = decodeAnswer(parseJson(text));
  if (answer === undefined) throw foreignAnswer(origin, response.statusCode, text);
  return answer;
}

function seconds(ms: number): string {
  return String(ms / 1000);
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
  const { response } = await openAnswer(server, PREFIXES, {
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

function refused(message: string): VigieError {
  return new VigieError('QUERY_REFUSED', message);
}
