/** The HTTP sides of sources that applications push to: OTLP's /v1/logs and Loki's push API. */
import type { Clock } from '@vigie/core/clock';
import { describeError, errorCode } from '@vigie/core/errors';
import { codedBody } from '@vigie/core/http-server/coded-body';
import { HttpError, type HttpReply, type HttpRequest } from '@vigie/core/http-server/exchange';
import type { Route } from '@vigie/core/http-server/routes';
import { decodePushRequest, parsePushRequest } from '@vigie/wire/loki/push';
import { OTLP_JSON, OTLP_PROTOBUF, otlpFormat, otlpStatus } from '@vigie/wire/otlp/http-status';
import { formatLogsResponse, parseLogsRequest } from '@vigie/wire/otlp/json';
import { decodeLogsRequest, encodeLogsResponse } from '@vigie/wire/otlp/logs';
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

/** Source: the OTLP specification, "OTLP/HTTP". */
export function otlpRoute(records: OtlpRecords, options: PushRouteOptions, deps: PushRouteDeps): Route {
  return {
    methods: ['POST'],
    path: '/v1/logs',
    maxBodyBytes: options.maxBodyBytes,
    handler: async (request) => {
      const format = otlpFormat(request.headers['content-type']);
      if (format === undefined) return status(415, `${OTLP_PROTOBUF} or ${OTLP_JSON}`, false);
      const asJson = format === 'json';
      try {
        const body = await codedBody(request, options.maxBodyBytes, ['gzip']);
        const decoded = asJson ? parseLogsRequest(body.toString()) : decodeLogsRequest(body);
        await take(records.groupsOf(decoded, deps.clock.nowMs()), body.length, deps);
        const success = { rejectedLogRecords: 0n, errorMessage: '' };
        return {
          headers: { 'content-type': asJson ? OTLP_JSON : OTLP_PROTOBUF },
          body: asJson ? formatLogsResponse(success) : encodeLogsResponse(success),
        };
      } catch (error) {
        const refusal = refusalOf(error, deps);
        return status(refusal.status, refusal.message, asJson, refusal.headers);
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
        const asJson = mediaType(request) === OTLP_JSON;
        // Snappy is the format of the body itself; some clients name it, some do not.
        const body = await codedBody(request, options.maxBodyBytes, asJson ? ['gzip'] : ['snappy']);
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

function mediaType({ headers }: HttpRequest): string {
  return (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
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

function status(
  httpStatus: number,
  message: string,
  asJson: boolean,
  headers: Readonly<Record<string, string>> = {},
): HttpReply {
  const { contentType, body } = otlpStatus(httpStatus, message, asJson);
  return { status: httpStatus, headers: { ...headers, 'content-type': contentType }, body };
}
