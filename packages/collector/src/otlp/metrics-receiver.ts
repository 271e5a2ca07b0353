/** OpenTelemetry's metrics, received over OTLP/HTTP: at /v1/metrics of a port of its own, and where Prometheus takes them.
 *  Source: OTLP specification 1.9, "OTLP/HTTP"; prometheus v0.315.0, storage/remote/write_otlp_handler.go. */
import type { Clock } from '@vigie/core/clock';
import { describeError, errorCode } from '@vigie/core/errors';
import { codedBody } from '@vigie/core/http-server/coded-body';
import { HttpError, type HttpReply, type HttpRequest } from '@vigie/core/http-server/exchange';
import type { Route } from '@vigie/core/http-server/routes';
import type { Log } from '@vigie/core/log';
import type { Tsdb } from '@vigie/tsdb/tsdb';
import { OTLP_JSON, OTLP_PROTOBUF, otlpFormat, otlpStatus } from '@vigie/wire/otlp/http-status';
import { decodeMetricsRequest, encodeMetricsResponse, type MetricsResponse } from '@vigie/wire/otlp/metrics';
import { formatMetricsResponse, parseMetricsRequest } from '@vigie/wire/otlp/metrics-json';
import type { OtlpConfig, OtlpTranslation } from '../config/otlp-config.ts';
import { DeltaStreams } from './delta-streams.ts';
import { PointRows } from './point-rows.ts';
import { OtlpCounts, type OtlpFormat, type OtlpResult } from './telemetry.ts';
import { Translator } from './translate.ts';

export interface MetricsReceiverDeps {
  readonly tsdb: Tsdb;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  /** Of defects and of what is refused; one that limits repeats. */
  readonly log: Log;
}

/** Of senders that are told to come again. */
const RETRY_AFTER = { 'retry-after': '5' };

export class MetricsReceiver {
  readonly counts = new OtlpCounts();
  readonly deltas: DeltaStreams;
  readonly #config: OtlpConfig;
  readonly #deps: MetricsReceiverDeps;
  #translation: OtlpTranslation;
  #translator: Translator;

  /** @param config its bounds are those of the start */
  constructor(config: OtlpConfig, deps: MetricsReceiverDeps) {
    this.#config = config;
    this.#deps = deps;
    this.deltas = new DeltaStreams(
      { maxStreams: config.maxDeltaStreams, maxStaleMs: config.maxDeltaStaleMs },
      deps.clock,
    );
    this.#translation = config.translation;
    this.#translator = new Translator(config.translation, this.deltas);
  }

  /** Takes up another configuration; what deltas have come to stays. */
  apply({ translation }: OtlpConfig): void {
    if (translation === this.#translation) return;
    this.#translation = translation;
    this.#translator = new Translator(translation, this.deltas);
  }

  /** @param path `/v1/metrics` */
  route(path: string): Route {
    return {
      methods: ['POST'],
      path,
      maxBodyBytes: this.#config.maxBodyBytes,
      handler: (request) => this.#answer(request),
    };
  }

  async #answer(request: HttpRequest): Promise<HttpReply> {
    const format = otlpFormat(request.headers['content-type']);
    if (format === undefined) {
      const expected = new HttpError(415, `the content type ${OTLP_PROTOBUF} or ${OTLP_JSON}`);
      return this.#refuse(expected, 'unknown', 'unsupported');
    }
    if (!this.#deps.tsdb.isReady)
      return this.#refuse(new HttpError(503, 'Service Unavailable', RETRY_AFTER), format, 'unavailable');
    // Of one that does not say how long it is, as much as it may be.
    const expectedBytes = Number(request.headers['content-length'] ?? this.#config.maxBodyBytes) || 0;
    if (this.counts.pendingBytes + expectedBytes > this.#config.maxPendingBytes) {
      const full = new HttpError(429, 'as many bytes as may be are being read', RETRY_AFTER);
      return this.#refuse(full, format, 'full');
    }
    this.counts.pendingBytes += expectedBytes;
    try {
      return await this.#take(request, format);
    } catch (error) {
      const [refusal, result] = refusalOf(error);
      if (refusal.status === 500) this.#deps.log.error('a request with metrics failed', { error });
      return this.#refuse(refusal, format, result);
    } finally {
      this.counts.pendingBytes -= expectedBytes;
    }
  }

  async #take(request: HttpRequest, format: 'json' | 'protobuf'): Promise<HttpReply> {
    const { counts } = this;
    const { tsdb, log } = this.#deps;
    const body = await codedBody(request, this.#config.maxBodyBytes, ['gzip']);
    counts.receivedBytes += body.length;
    const decoded = format === 'json' ? parseMetricsRequest(body.toString()) : decodeMetricsRequest(body);
    const rows = new PointRows(tsdb, counts);
    this.#translator.translate(decoded, rows);
    const isLogged = await rows.write();
    const { problems, refusedPoints } = rows;
    if (!isLogged || problems.isRetryable) {
      const message = isLogged ? String(problems) : 'the disk did not take the samples: they are in memory only';
      return this.#refuse(new HttpError(503, message, RETRY_AFTER), format, 'retry');
    }
    counts.request(format, refusedPoints > 0 ? 'partial' : 'written');
    if (refusedPoints === 0) return success({ rejectedDataPoints: 0, errorMessage: '' }, format);
    log.warn('some data points of OpenTelemetry were refused', { refused: refusedPoints, reasons: String(problems) });
    return success({ rejectedDataPoints: refusedPoints, errorMessage: String(problems) }, format);
  }

  #refuse({ status, message, headers }: HttpError, format: OtlpFormat, result: OtlpResult): HttpReply {
    this.counts.request(format, result);
    const { contentType, body } = otlpStatus(status, message, format === 'json');
    return { status, headers: { ...headers, 'content-type': contentType }, body };
  }
}

function success(response: MetricsResponse, format: 'json' | 'protobuf'): HttpReply {
  if (format === 'json') return { headers: { 'content-type': OTLP_JSON }, body: formatMetricsResponse(response) };
  return { headers: { 'content-type': OTLP_PROTOBUF }, body: encodeMetricsResponse(response) };
}

function refusalOf(error: unknown): readonly [HttpError, OtlpResult] {
  if (error instanceof HttpError) return [error, resultOf(error.status)];
  const code = errorCode(error);
  if (code === 'WIRE_LIMIT_EXCEEDED') return [new HttpError(413, describeError(error)), 'too_large'];
  if (code === 'WIRE_MALFORMED') return [new HttpError(400, describeError(error)), 'malformed'];
  return [new HttpError(500, 'internal error'), 'error'];
}

function resultOf(status: number): OtlpResult {
  if (status === 413) return 'too_large';
  return status === 415 ? 'unsupported' : 'malformed';
}
