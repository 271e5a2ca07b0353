/** What a route of the API gets and gives. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ForwardedAnswer } from '../remote/remote-prometheus.ts';
import { Parameters } from './parameters.ts';
import type { Pieces } from './result-pieces.ts';

export interface ApiRequest {
  readonly parameters: Parameters;
  /** What stands in the path behind `/label/`; '' on other routes. */
  readonly rest: string;
  /** Aborts when the client goes away before its answer is complete. */
  readonly signal: AbortSignal;
  readonly acceptEncoding: string | undefined;
}

/** Text in pieces, the answer of another server, or `undefined` where there is nothing to say (204). */
export type ApiAnswer = Pieces | ForwardedAnswer | undefined;

/** @throws {ApiError} or what apiErrorOf makes one of */
export type ApiHandler = (request: ApiRequest) => Promise<ApiAnswer>;

export function apiRequest(request: FastifyRequest, reply: FastifyReply): ApiRequest {
  const controller = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort(new Error('the client has gone'));
  });
  return {
    parameters: new Parameters(request.url, request.body),
    rest: restOf(request.params),
    signal: controller.signal,
    acceptEncoding: textOf(request.headers['accept-encoding']),
  };
}

function restOf(params: unknown): string {
  const rest: unknown = typeof params === 'object' && params !== null ? Reflect.get(params, '*') : undefined;
  return typeof rest === 'string' ? rest : '';
}

function textOf(header: string | readonly string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : header?.join(',');
}
