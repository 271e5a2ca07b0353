/** Asks a server for the answer to a query of PromQL. */
import { VigieError } from '@vigie/core/errors';
import { type ApiServer, openAnswer, parseJson, readText } from '../api-client/open-answer.ts';
import { type Answer, decodeAnswer, foreignAnswer } from './answer.ts';
import type { QueryRequest } from './request.ts';

/** `vigie up` has the metrics below /prometheus, Prometheus at the root. */
export const METRICS_PREFIXES = ['/prometheus', ''] as const;
/** Some million samples: more than a terminal is for, and than a day of one rule has. */
export const MAX_ANSWER_BYTES = 256 * 1024 ** 2;

export interface Asking {
  readonly server: ApiServer;
  readonly userAgent: string;
  /** What a user may do about an answer that is too large. */
  readonly advice?: string;
}

export interface PrometheusAnswer {
  /** As it came. */
  readonly text: string;
  readonly origin: string;
  readonly answer: Answer;
}

/** @throws {VigieError} CONFIG_INVALID, API_UNREACHABLE, API_BROKEN; QUERY_REFUSED for an answer that is none of Prometheus' API, or too large */
export async function askPrometheus(
  request: QueryRequest,
  { server, userAgent, advice }: Asking,
): Promise<PrometheusAnswer> {
  const { response, origin } = await openAnswer(server, METRICS_PREFIXES, {
    kind: 'server',
    path: request.type === 'instant' ? '/api/v1/query' : '/api/v1/query_range',
    parameters: parametersOf(request),
    method: 'POST',
    userAgent,
  });
  const text = await readText(response, MAX_ANSWER_BYTES);
  if (text === undefined) throw tooLarge(origin, advice);
  const answer = decodeAnswer(parseJson(text));
  if (answer === undefined) throw foreignAnswer(origin, response.statusCode, text);
  return { text, origin, answer };
}

export function tooLarge(origin: string, advice: string | undefined): VigieError {
  const size = `the answer of ${origin} is larger than ${MAX_ANSWER_BYTES} bytes`;
  return new VigieError('QUERY_REFUSED', advice === undefined ? size : `${size}: ${advice}`);
}

export function parametersOf(request: QueryRequest): URLSearchParams {
  const parameters = new URLSearchParams({ query: request.promql });
  if (request.type === 'instant') {
    if (request.timeMs !== undefined) parameters.set('time', seconds(request.timeMs));
    return parameters;
  }
  const { startMs, endMs, stepMs } = request.range;
  parameters.set('start', seconds(startMs));
  parameters.set('end', seconds(endMs));
  parameters.set('step', seconds(stepMs));
  return parameters;
}

function seconds(ms: number): string {
  return String(ms / 1000);
}
