/** The HTTP sides of sources that applications push to: OTLP's /v1/logs and Loki's push API. */
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { Clock } from '@vigie/core/clock';
import { describeError, errorCode } from '@vigie/core/errors';
import { HttpError, type HttpReply, type HttpRequest } from '@vigie/core/http-server/exchange';
import type { Route } from '@vigie/core/http-server/routes';
import { decodePushRequest, parsePushRequest } from '@vigie/wire/loki/push';
import { formatLogsResponse, parseLogsRequest } from '@vigie/wire/otlp/json';
import { decodeLogsRequest, encodeLogsResponse } from '@vigie/wire/otlp/logs';
import { ProtoWriter } from '@vigie/wire/protobuf/writer';
import { decompress } from '@vigie/wire/snappy';
import type { PushedGroup } from '../lane/push-lane.ts';
import type { Intake } from './intake.ts';
import type { LokiRecords } from './loki-records.ts';
import type { OtlpRecords } from './otlp-records.ts';

export interface PushRouteOptions {
  /** Of a body, before and after it is decompressed. */
  readonly maxBodyBytes: number;
}

/** What came in and what became of it. */
export type PushOutcome = 'accepted' | 'full' | 'late' | 'ended' | 'malformed';

export interface PushRouteDeps {
  readonly intake: Intake;
  readonly clock: Clock;
  readonly count: (outcome: PushOutcome, records: number) => void;
}

/** A sender that is told to come again waits so long; queues of sinks drain in less. */
const RETRY_AFTER_S = '1';
const unzip = promisify(gunzip);
const PROTOBUF = 'application/x-protobuf';
const JSON_TYPE = 'application/json';

/** Source: the OTLP specification, "OTLP/HTTP". */
export function otlpRoute(records: OtlpRecords, options: PushRouteOptions, deps: PushRouteDeps): Route {
  return {
    methods: ['POST'],
    path: '/v1/logs',
    maxBodyBytes: options.maxBodyBytes,
    handler: async (request) => {
      const asJson = mediaType(request) === JSON_TYPE;
      if (!asJson && mediaType(request) !== PROTOBUF)
        return status(415, 3, 'application/x-protobuf or application/json', false);
      try {
        const body = await bodyOf(request, options.maxBodyBytes, ['gzip']);
        const decoded = asJson ? parseLogsRequest(body.toString()) : decodeLogsRequest(body);
        await take(records.groupsOf(decoded, deps.clock.nowMs()), body.length, deps);
        const success = { rejectedLogRecords: 0n, errorMessage: '' };
        return {
          headers: { 'content-type': asJson ? JSON_TYPE : PROTOBUF },
          body: asJson ? formatLogsResponse(success) : encodeLogsResponse(success),
        };
      } catch (error) {
        const refusal = refusalOf(error, deps);
        return status(refusal.status, grpcCode(refusal.status), refusal.message, asJson, refusal.headers);
      }
    },
  };
}

/** Source: Loki's HTTP API, "POST /loki/api/v1/push". */
export function lokiRoute(records: LokiRecords, options: PushRouteOptions, deps: PushRouteDeps): Route {
  return {
    methods: ['POST'],
    path: '/loki/api/v1/push',
    maxBodyBytes: options.maxBodyBytes,
    handler: async (request) => {
      try {
        const asJson = mediaType(request) === JSON_TYPE;
        const body = await bodyOf(request, options.maxBodyBytes, asJson ? ['gzip'] : ['snappy']);
        const plain = asJson ? body : decompress(body, options.maxBodyBytes);
        const decoded = asJson ? parsePushRequest(plain.toString()) : decodePushRequest(plain);
        await take(records.groupsOf(decoded, deps.clock.nowMs()), plain.length, deps);
        return { status: 204 };
      } catch (error) {
        const { status: code, message, headers } = refusalOf(error, deps);
        return {
          status: code,
          headers: { ...headers, 'content-type': 'text/plain; charset=utf-8' },
          body: `${message}\n`,
        };
      }
    },
  };
}

async function take(groups: readonly PushedGroup[], bytes: number, { intake, count }: PushRouteDeps): Promise<void> {
  const records = groups.reduce((sum, group) => sum + group.records.length, 0);
  if (records === 0) return count('accepted', 0);
  const outcome = await intake.take(groups, bytes);
  count(outcome === 'delivered' ? 'accepted' : outcome, records);
  switch (outcome) {
    case 'delivered':
      return;
    case 'full':
      throw new HttpError(429, 'as many records as may wait are waiting for their sinks', {
        'retry-after': RETRY_AFTER_S,
      });
    case 'late':
      throw new HttpError(503, 'the sinks have not taken the records in time', { 'retry-after': RETRY_AFTER_S });
    case 'ended':
      throw new HttpError(503, 'the agent ends or has no sink for these records', { 'retry-after': RETRY_AFTER_S });
  }
}

async function bodyOf(request: HttpRequest, maxBytes: number, codings: readonly string[]): Promise<Buffer> {
  const coding = request.headers['content-encoding'] ?? 'identity';
  // Snappy is the format of the body itself; some clients name it, some do not.
  if (coding !== 'identity' && !codings.includes(coding))
    throw new HttpError(415, `content-encoding ${codings.join(' or ')}`);
  const body = await request.body();
  if (coding !== 'gzip') return body;
  try {
    return await unzip(body, { maxOutputLength: maxBytes });
  } catch (error) {
    if (error instanceof RangeError) throw new HttpError(413, `the body is larger than ${maxBytes} bytes`, {});
    throw new HttpError(400, `no gzip: ${describeError(error)}`);
  }
}

function mediaType({ headers }: HttpRequest): string {
  return (headers['content-type'] ?? PROTOBUF).split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

function refusalOf(error: unknown, { count }: PushRouteDeps): HttpError {
  if (error instanceof HttpError) return error;
  // Not by their class alone: bundles that are loaded apart have a copy each.
  if (error instanceof Error && 'status' in error && typeof error.status === 'number') {
    return new HttpError(error.status, error.message);
  }
  const code = errorCode(error);
  if (code?.startsWith('WIRE_') !== true) throw error;
  count('malformed', 0);
  return new HttpError(code === 'WIRE_LIMIT_EXCEEDED' ? 413 : 400, describeError(error));
}

/** google.rpc.Status, which OTLP answers with. */
function status(
  httpStatus: number,
  code: number,
  message: string,
  asJson: boolean,
  headers: Readonly<Record<string, string>> = {},
): HttpReply {
  const type = { ...headers, 'content-type': asJson ? JSON_TYPE : PROTOBUF };
  if (asJson) return { status: httpStatus, headers: type, body: JSON.stringify({ code, message }) };
  const writer = new ProtoWriter();
  writer.uint(1, code);
  writer.string(2, message);
  return { status: httpStatus, headers: type, body: writer.finish() };
}

/** UNAVAILABLE, RESOURCE_EXHAUSTED, else INVALID_ARGUMENT. */
function grpcCode(httpStatus: number): number {
  if (httpStatus === 503) return 14;
  return httpStatus === 429 || httpStatus === 413 ? 8 : 3;
}
