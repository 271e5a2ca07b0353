/** Prometheus' remote write, received: `POST /api/v1/write` in protocol 1.0 and 2.0, answered as Prometheus does.
 *  Source: Prometheus Remote-Write specifications 1.0 and 2.0; prometheus v0.315.0, storage/remote/write_handler.go. */
import { describeError, errorCode } from '@vigie/core/errors';
import type { Log } from '@vigie/core/log';
import { CONTENT_TYPES, type RemoteWriteVersion, versionOfContentType } from '@vigie/wire/remote-write/protocol';
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import type { Tsdb } from '../tsdb.ts';
import type { TsdbApiCounts, WriteResult } from './telemetry.ts';
import { type Intake, WriteIntake, type WriteStats } from './write-intake.ts';

export interface RemoteWriteOptions {
  readonly tsdb: Tsdb;
  readonly counts: TsdbApiCounts;
  /** Of defects and of what is refused; one that limits repeats. */
  readonly log: Log;
  /** Of a request as it comes. */
  readonly maxBodyBytes?: number;
  /** Of a request once it is decompressed. */
  readonly maxDecodedBytes?: number;
}

/** Prometheus' own bound for what comes out; what goes in is never larger to speak of. */
const MAX_BYTES = 32 << 20;
const RETRY_AFTER_SECONDS = '5';

export const remoteWriteReceiver: FastifyPluginAsync<RemoteWriteOptions> = async (app, options) => {
  const { tsdb, counts, log, maxBodyBytes = MAX_BYTES, maxDecodedBytes = MAX_BYTES } = options;
  const intake = new WriteIntake(tsdb, maxDecodedBytes);

  const refuse = (reply: FastifyReply, status: number, message: string, result: WriteResult): FastifyReply => {
    counts.write(versionOf(reply.request) ?? 'unknown', result);
    return answer(reply, status, message);
  };
  const conclude = (reply: FastifyReply, version: RemoteWriteVersion, taken: Intake): FastifyReply => {
    const { written, problems, isLogged, decodedBytes } = taken;
    counts.decodedBytes += decodedBytes;
    counts.problems += problems.count;
    for (const kind of ['samples', 'histograms', 'exemplars'] as const) counts.written[kind] += written[kind];
    const mustRetry = !isLogged || problems.isRetryable;
    if (version === '2.0') setStats(reply, mustRetry ? { samples: 0, histograms: 0, exemplars: 0 } : written);
    if (mustRetry) {
      const message = isLogged ? String(problems) : 'the disk did not take the samples: they are in memory only';
      return refuse(reply.header('retry-after', RETRY_AFTER_SECONDS), 503, message, 'retry');
    }
    if (problems.count > 0) {
      log.warn('some of a write request was refused', { refused: problems.count, reasons: String(problems) });
      return refuse(reply, 400, String(problems), 'partial');
    }
    counts.write(version, 'written');
    return reply.code(204).send();
  };

  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.setErrorHandler((error, request, reply) => {
    const [status, result] = statusOf(error);
    if (status === 500) log.error('a write request failed', { error });
    if (versionOf(request) === '2.0') setStats(reply, { samples: 0, histograms: 0, exemplars: 0 });
    return refuse(reply, status, status === 500 ? 'internal error' : describeError(error), result);
  });
  app.post('/api/v1/write', {
    bodyLimit: maxBodyBytes,
    onRequest: async (request, reply) => {
      const unsupported = unsupportedBy(request);
      if (unsupported !== undefined) return refuse(reply, 415, unsupported, 'unsupported');
      if (tsdb.isReady) return undefined;
      return refuse(reply.header('retry-after', RETRY_AFTER_SECONDS), 503, 'Service Unavailable', 'unavailable');
    },
    handler: async (request, reply) => {
      const version = versionOf(request) ?? '1.0';
      const body = request.body instanceof Uint8Array ? request.body : new Uint8Array(0);
      counts.receivedBytes += body.length;
      return conclude(reply, version, await intake.take(body, version));
    },
  });
};

/** Without a type, it is 1.0: old senders sent none. */
function versionOf({ headers }: FastifyRequest): RemoteWriteVersion | undefined {
  const contentType = headers['content-type'];
  return versionOfContentType(contentType === undefined || contentType === '' ? CONTENT_TYPES['1.0'] : contentType);
}

function unsupportedBy(request: FastifyRequest): string | undefined {
  const { 'content-type': contentType, 'content-encoding': encoding = '' } = request.headers;
  if (versionOf(request) === undefined)
    return `${contentType} is not accepted by this server; accepted are ${Object.values(CONTENT_TYPES).join(' and ')}`;
  if (encoding === '' || encoding.toLowerCase() === 'snappy') return undefined;
  return `${encoding} encoding (compression) is not accepted by this server; only snappy is acceptable`;
}

function setStats(reply: FastifyReply, { samples, histograms, exemplars }: WriteStats): void {
  reply.header('x-prometheus-remote-write-samples-written', String(samples));
  reply.header('x-prometheus-remote-write-histograms-written', String(histograms));
  reply.header('x-prometheus-remote-write-exemplars-written', String(exemplars));
}

/** As Go's http.Error, which senders log. */
function answer(reply: FastifyReply, status: number, message: string): FastifyReply {
  return reply
    .code(status)
    .header('content-type', 'text/plain; charset=utf-8')
    .header('x-content-type-options', 'nosniff')
    .send(`${message}\n`);
}

function statusOf(error: unknown): readonly [number, WriteResult] {
  const code = errorCode(error);
  if (code === 'WIRE_MALFORMED') return [400, 'malformed'];
  if (code === 'WIRE_LIMIT_EXCEEDED') return [413, 'too_large'];
  const status: unknown = error instanceof Error ? Reflect.get(error, 'statusCode') : undefined;
  if (typeof status !== 'number' || status < 400 || status > 499) return [500, 'error'];
  return [status, status === 413 ? 'too_large' : 'malformed'];
}
