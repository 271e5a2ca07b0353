/** Range queries of `vigie alert backtest`, and how far back the server can answer them. */
import type { AskRange, BacktestSeries } from '@vigie/alerting/backtest/range';
import { parseDuration } from '@vigie/core/durations';
import { VigieError } from '@vigie/core/errors';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { parseFloatText } from '@vigie/promql/text/float';
import * as v from 'valibot';
import { type ApiServer, openAnswer, parseJson, readText } from '../api-client/open-answer.ts';
import { decodeAnswer } from '../query/answer.ts';
import { printable } from '../terminal/text-width.ts';

/** `vigie up` has the metrics below /prometheus, Prometheus at the root. */
const PREFIXES = ['/prometheus', ''] as const;
/** Of a day of one rule: some million samples. */
const MAX_ANSWER_BYTES = 256 * 1024 ** 2;

export interface MetricsClient {
  readonly server: ApiServer;
  readonly version: string;
}

/** @returns it throws {VigieError} API_UNREACHABLE; QUERY_REFUSED, in the server's words */
export function rangeAsker({ server, version }: MetricsClient): AskRange {
  return async (query, { startMs, endMs, stepMs }) => {
    const { response, origin } = await openAnswer(server, PREFIXES, {
      kind: 'server',
      path: '/api/v1/query_range',
      parameters: new URLSearchParams({
        query,
        start: String(startMs / 1000),
        end: String(endMs / 1000),
        step: String(stepMs / 1000),
      }),
      method: 'POST',
      userAgent: `vigie/${version} alerts`,
    });
    const text = await readText(response, MAX_ANSWER_BYTES);
    if (text === undefined) throw refused(`the answer of ${origin} is larger than ${MAX_ANSWER_BYTES} bytes`);
    const answer = decodeAnswer(parseJson(text));
    if (answer === undefined)
      throw refused(`${origin} answers ${response.statusCode}: expected an answer of Prometheus' API`);
    if (answer.status === 'error') throw refused(printable(answer.error));
    return answer.result.type === 'matrix' ? answer.result.series.map(seriesOf) : [];
  };
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
