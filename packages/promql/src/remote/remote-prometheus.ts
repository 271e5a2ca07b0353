/** Queries sent whole to another server that speaks Prometheus' HTTP API: Prometheus, Mimir, Thanos, VictoriaMetrics. */
import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import type { Clock } from '@vigie/core/clock';
import { describeError, VigieError } from '@vigie/core/errors';
import type { Connections } from '@vigie/core/http-client/connections';
import { exchange } from '@vigie/core/http-client/exchange';
import { BATCH_PATH } from '../api/batch-path.ts';
import type { Answer, Query } from '../evaluate/engine.ts';
import { EvaluationError } from '../evaluate/failure.ts';
import type { InstantQuery, QueryEngine, RangeQuery } from '../evaluate/query-engine.ts';
import type { InstantResult, RangeSeries } from '../evaluate/result.ts';
import { answeredList, decodeAnswer } from './decode-answer.ts';
import { decodeBatch, decodeInstant, decodeRange } from './decode-result.ts';

export interface RemoteOptions {
  /** `https://mimir.example/prometheus`: /api/v1/… is below it. */
  readonly url: URL;
  /** Beside our own, asked for each request: the tenant, the Authorization of now. */
  readonly headers?: () => Readonly<Record<string, string>>;
  /** Until an answer begins, and for one that is decoded also until it ends; default 150 s: beyond the 120 s of the servers
   *  themselves, so that their own words arrive. */
  readonly timeoutMs?: number;
  /** Of an answer that is decoded; a forwarded one is never held. Default 32 MiB. */
  readonly maxAnswerBytes?: number;
}

export interface RemoteDeps {
  readonly connections: Pick<Connections, 'routeTo'>;
  readonly clock: Clock;
  /** `vigie/1.2.3` */
  readonly userAgent: string;
}

export interface RemoteRequest {
  readonly method: 'GET' | 'POST';
  /** Below /api/v1. */
  readonly path: string;
  readonly form: URLSearchParams;
  /** Over those of all requests. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer as it comes. */
export interface ForwardedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readable;
}

const DEFAULT_TIMEOUT_MS = 150_000;
const DEFAULT_MAX_ANSWER_BYTES = 32 * 2 ** 20;
const FORWARDED_HEADERS = ['content-type', 'content-encoding', 'content-length', 'retry-after'] as const;

export class RemotePrometheus implements QueryEngine {
  readonly #options: RemoteOptions;
  readonly #deps: RemoteDeps;

  constructor(options: RemoteOptions, deps: RemoteDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  async instant(query: InstantQuery, signal: AbortSignal): Promise<Answer<InstantResult>> {
    const form = formOf(query.query, query.lookbackMs, query.timeoutMs);
    form.set('time', secondsText(query.timestampMs));
    const { params = [], headers = {} } = query.extras ?? {};
    for (const [name, value] of params) form.append(name, value);
    const request = { method: 'POST', path: '/query', form, headers } as const;
    const { data, warnings, infos } = await this.#ask(request, query.timeoutMs, signal);
    return { result: decodeInstant(data), warnings, infos, usage: undefined };
  }

  /** Several queries at one time, in one request, of a server that is Vigie.
   *  @returns results or errors in order; undefined where the server knows no such request
   *  @throws {VigieError} as instant, where none of them is answered */
  async instantAll(
    queries: readonly Query[],
    timestampMs: number,
    signal: AbortSignal,
  ): Promise<readonly (InstantResult | Error)[] | undefined> {
    const form = new URLSearchParams(queries.map((query): [string, string] => ['query', textOf(query)]));
    form.set('time', secondsText(timestampMs));
    const { text, status } = await this.#exchange({ method: 'POST', path: BATCH_PATH, form }, undefined, signal);
    if (status >= 500) decodeAnswer(text, status, this.#options.url);
    const list = status < 400 ? answeredList(text) : undefined;
    return list === undefined ? undefined : decodeBatch(list, queries.length);
  }

  async range(query: RangeQuery, signal: AbortSignal): Promise<Answer<readonly RangeSeries[]>> {
    const form = formOf(query.query, query.lookbackMs, query.timeoutMs);
    form.set('start', secondsText(query.startMs));
    form.set('end', secondsText(query.endMs));
    form.set('step', secondsText(query.stepMs));
    const { data, warnings, infos } = await this.#ask(
      { method: 'POST', path: '/query_range', form },
      query.timeoutMs,
      signal,
    );
    return { result: decodeRange(data), warnings, infos, usage: undefined };
  }

  /** The answer as soon as it begins, whatever its status.
   *  @throws {EvaluationError} PROMQL_UNAVAILABLE, PROMQL_TIMEOUT, PROMQL_CANCELED */
  async forward(
    request: RemoteRequest,
    acceptEncoding: string | undefined,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<ForwardedAnswer> {
    const response = await this.#open(request, acceptEncoding, timeoutMs, signal);
    const headers: Record<string, string> = {};
    for (const name of FORWARDED_HEADERS) {
      const value = response.headers[name];
      if (value !== undefined) headers[name] = value;
    }
    return { status: response.statusCode ?? 502, headers, body: response };
  }

  /** @throws {VigieError} in the server's words where it has some */
  async #ask(request: RemoteRequest, timeoutMs: number | undefined, signal: AbortSignal) {
    const { text, status } = await this.#exchange(request, timeoutMs, signal);
    return decodeAnswer(text, status, this.#options.url);
  }

  /** @returns the whole answer, whatever its status */
  async #exchange(request: RemoteRequest, timeoutMs: number | undefined, signal: AbortSignal) {
    const limitMs = Math.min(timeoutMs ?? DEFAULT_TIMEOUT_MS, this.#options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
    const startedAtMs = this.#deps.clock.monotonicMs();
    const response = await this.#open(request, undefined, limitMs, signal);
    const leftMs = limitMs - (this.#deps.clock.monotonicMs() - startedAtMs);
    const timer = this.#deps.clock.setTimer(leftMs, () => response.destroy(timedOut(this.#options.url)));
    try {
      return { text: await this.#read(response), status: response.statusCode ?? 0 };
    } catch (error) {
      throw this.#wordsOf(error, signal);
    } finally {
      timer.cancel();
    }
  }

  async #open(
    request: RemoteRequest,
    acceptEncoding: string | undefined,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const { url, headers } = this.#options;
    const { clock, connections, userAgent } = this.#deps;
    const isPost = request.method === 'POST';
    const form = request.form.toString();
    const path = `${url.pathname.replace(/\/$/, '')}/api/v1${request.path}${isPost || form === '' ? '' : `?${form}`}`;
    try {
      return await exchange(
        connections,
        {
          url,
          method: request.method,
          path,
          headers: {
            'user-agent': userAgent,
            'accept-encoding': acceptEncoding ?? 'identity',
            ...headers?.(),
            ...request.headers,
            ...(isPost ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
          },
          body: isPost ? form : undefined,
          isRepeatable: true,
        },
        signal,
        {
          clock,
          timeoutMs: Math.min(timeoutMs, this.#options.timeoutMs ?? DEFAULT_TIMEOUT_MS),
          timedOut: timedOut(url),
        },
      );
    } catch (error) {
      throw this.#wordsOf(error, signal);
    }
  }

  async #read(response: IncomingMessage): Promise<string> {
    const maxBytes = this.#options.maxAnswerBytes ?? DEFAULT_MAX_ANSWER_BYTES;
    const chunks: Buffer[] = [];
    let received = 0;
    for await (const chunk of response) {
      if (!(chunk instanceof Buffer)) continue;
      received += chunk.length;
      if (received > maxBytes) {
        throw new EvaluationError(
          'PROMQL_LIMIT',
          `the answer of ${this.#options.url.origin} is larger than ${maxBytes} bytes: select fewer series, a shorter range or a longer step`,
        );
      }
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString();
  }

  /** What has its code already keeps it. */
  #wordsOf(error: unknown, signal: AbortSignal): Error {
    if (error instanceof VigieError) return error;
    if (signal.aborted)
      return new EvaluationError('PROMQL_CANCELED', 'query was canceled while another server ran it', error);
    const { origin } = this.#options.url;
    return new EvaluationError('PROMQL_UNAVAILABLE', `cannot query ${origin}: ${describeError(error)}`, error);
  }
}

function timedOut({ origin }: URL): EvaluationError {
  return new EvaluationError('PROMQL_TIMEOUT', `query timed out: ${origin} has not answered`);
}

function formOf(query: Query, lookbackMs: number | undefined, timeoutMs: number | undefined): URLSearchParams {
  const form = new URLSearchParams({ query: textOf(query) });
  if (lookbackMs !== undefined) form.set('lookback_delta', secondsText(lookbackMs));
  if (timeoutMs !== undefined) form.set('timeout', secondsText(timeoutMs));
  return form;
}

function textOf(query: Query): string {
  return typeof query === 'string' ? query : query.text;
}

function secondsText(ms: number): string {
  return `${ms / 1000}`;
}
