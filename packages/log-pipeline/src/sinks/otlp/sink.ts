/** OTLP over HTTP: an OpenTelemetry collector, Loki, Elasticsearch, or whoever else takes POST /v1/logs. */
import { describeError, VigieError } from '@vigie/core/errors';
import { parseRetryAfter } from '@vigie/core/http-client/retry-after';
import { formatLogsRequest, parseLogsRequest, parseLogsResponse } from '@vigie/wire/otlp/json';
import { decodeLogsRequest, decodeLogsResponse, encodeLogsRequest, type LogsResponse } from '@vigie/wire/otlp/logs';
import type { RecordFacts } from '../../encode/document.ts';
import type { GroupShape } from '../../encode/group-shape.ts';
import { explanation } from '../http-client/answer-outcome.ts';
import type { HttpClient } from '../http-client/client.ts';
import type { Exchange } from '../http-client/exchange.ts';
import { httpSettings } from '../http-client/settings.ts';
import type { GroupedBodies, SendOutcome, Sink, SinkDeps } from '../sink.ts';
import { sinkClient } from '../sink-client.ts';
import type { OtlpSinkConfig } from './config.ts';
import { OtlpShape } from './shape.ts';

const MAX_ANSWER_BYTES = 64 * 1024;
/** Our own bytes: they hold no more than a request may. */
const UNLIMITED = { records: Infinity, values: Infinity, depth: Infinity };
/** Source: OTLP specification 1.9, "Retryable Response Codes". */
const RETRYABLE = [429, 502, 503, 504];
/** Nothing is wrong with the records, and they go once somebody has acted: a token that ran out loses nothing. */
const HELD = { 401: 'credentials', 403: 'credentials', 404: 'not_found', 407: 'credentials' } as const;

const GROUPED: GroupedBodies = {
  path: [1, 2, 2],
  toJson: (body) => formatLogsRequest(decodeLogsRequest(body, UNLIMITED)),
  fromJson: (text) => {
    const request = parseLogsRequest(text);
    const records = request.resourceLogs.flatMap(({ scopeLogs }) => scopeLogs.flatMap(({ logRecords }) => logRecords));
    if (records.length === 1) return encodeLogsRequest(request);
    throw new VigieError('DEAD_LETTER_INVALID', `a dead letter of ${records.length} log records, not of one`);
  },
};

export class OtlpSink implements Sink {
  readonly type = 'otlp';
  readonly name: string;
  readonly linesPerRecord = 1;
  readonly takesDeflate = false;
  readonly perUtcDay = false;
  readonly grouped = GROUPED;
  readonly #config: OtlpSinkConfig;
  readonly #deps: SinkDeps;
  readonly #client: HttpClient;

  constructor(name: string, config: OtlpSinkConfig, deps: SinkDeps) {
    this.name = name;
    this.#config = config;
    this.#deps = deps;
    this.#client = sinkClient(name, httpSettings(config.endpoints, config), deps);
  }

  shape(facts: RecordFacts): GroupShape {
    return new OtlpShape(facts, this.#config.max_attributes, () => this.#deps.clock.nowMs());
  }

  async start(): Promise<void> {
    this.#client.check();
  }

  async close(): Promise<void> {
    this.#client.close();
  }

  async send(body: Uint8Array, records: number, signal: AbortSignal): Promise<SendOutcome> {
    const isJson = this.#config.encoding === 'json';
    const result = await this.#client.send(
      {
        method: 'POST',
        path: '/v1/logs',
        contentType: isJson ? 'application/json' : 'application/x-protobuf',
        body: isJson ? jsonOf(body) : body,
        maxAnswerBytes: MAX_ANSWER_BYTES,
      },
      signal,
    );
    if (result.status === 'failed') {
      if (result.reason === 'protocol') this.#deps.events.count(this.name, 'protocol_error', 1);
      return { status: 'retryable', reason: result.reason, detail: result.detail };
    }
    return result.httpStatus < 300 ? this.#accepted(result, records) : this.#refused(result, records);
  }

  /** A partial success is one: what was rejected is counted, and never sent again. */
  #accepted(result: Exchange & { status: 'answered' }, records: number): SendOutcome {
    const { events } = this.#deps;
    const contentType = result.headers['content-type'] ?? '';
    let response: LogsResponse;
    try {
      response = contentType.includes('json')
        ? parseLogsResponse(result.body.toString() || '{}')
        : decodeLogsResponse(result.body);
    } catch (error) {
      // It says that it has taken them; to send them again would store them twice.
      events.count(this.name, 'protocol_error', 1);
      events.warn(this.name, 'an answer is not OTLP', { detail: describeError(error), contentType });
      return { status: 'accepted' };
    }
    const { rejectedLogRecords, errorMessage } = response;
    if (rejectedLogRecords <= 0n) {
      if (errorMessage !== '') events.warn(this.name, 'the server took the records with a warning', { errorMessage });
      return { status: 'accepted' };
    }
    const rejected = Math.min(Number(rejectedLogRecords), records);
    events.warn(this.name, 'the server rejected records', { records: rejected, errorMessage });
    return { status: 'discarded', records: rejected, httpStatus: result.httpStatus, error: errorMessage };
  }

  #refused({ httpStatus, headers, body }: Exchange & { status: 'answered' }, records: number): SendOutcome {
    const error = explanation(body);
    const detail = `${httpStatus}: ${error}`;
    if (httpStatus === 413) return { status: 'too_large' };
    if (RETRYABLE.includes(httpStatus)) {
      const retryAfterMs = parseRetryAfter(headers['retry-after'], this.#deps.clock.nowMs());
      const reason = httpStatus === 429 ? 'throttled' : 'unavailable';
      return { status: 'retryable', reason, detail, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
    }
    if (httpStatus === 401 || httpStatus === 403 || httpStatus === 404 || httpStatus === 407) {
      return { status: 'held', reason: HELD[httpStatus], detail };
    }
    if (httpStatus < 400) return { status: 'held', reason: 'endpoint', detail };
    // Any other must not be sent again, not in halves either.
    const rejected = Array.from({ length: records }, (_, index) => ({ index, httpStatus, error }));
    return { status: 'items', retry: [], rejected, reason: 'unavailable' };
  }
}

function jsonOf(body: Uint8Array): Buffer {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.length);
  return Buffer.from(formatLogsRequest(decodeLogsRequest(bytes, UNLIMITED)));
}
