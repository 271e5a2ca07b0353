/** What applications push: batches as an SDK or a Loki client makes them. */
import { gzipSync } from 'node:zlib';
import { encodePushRequest } from '@vigie/wire/loki/push';
import { formatLogsRequest } from '@vigie/wire/otlp/json';
import { EMPTY_LOG_RECORD, encodeLogsRequest, type LogsRequest, NO_SCOPE } from '@vigie/wire/otlp/logs';
import type { KeyValue } from '@vigie/wire/otlp/values';
import { compress } from '@vigie/wire/snappy';
import { seededRandom } from '../harness/random.ts';
import { messageSource } from '../logs/messages.ts';

/** What an SDK's batch processor exports at once by default. */
export const RECORDS = 512;
/** Each is sent many times: the receiver keeps nothing of a request. */
const DISTINCT = 64;
const FIRST_NANOS = 1_764_432_000_000_000_000n;

export const PROTOCOLS = ['otlp protobuf', 'otlp protobuf, gzip', 'otlp json', 'loki protobuf'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

export interface PushedBody {
  readonly path: string;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body: Buffer;
  /** Of the messages, without what stands around them. */
  readonly messageBytes: number;
}

export function isProtocol(value: unknown): value is Protocol {
  return PROTOCOLS.some((protocol) => protocol === value);
}

export function makeRequests(protocol: Protocol): readonly PushedBody[] {
  const random = seededRandom(1);
  const message = messageSource(random);
  return Array.from({ length: DISTINCT }, () => {
    const messages = Array.from({ length: RECORDS }, message);
    const messageBytes = messages.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
    return { ...bodyOf(protocol, messages, random), messageBytes };
  });
}

function bodyOf(
  protocol: Protocol,
  messages: readonly string[],
  random: () => number,
): Omit<PushedBody, 'messageBytes'> {
  switch (protocol) {
    case 'otlp protobuf':
      return posted('/v1/logs', 'application/x-protobuf', encodeLogsRequest(otlpRequest(messages, random)));
    case 'otlp protobuf, gzip': {
      const body = gzipSync(encodeLogsRequest(otlpRequest(messages, random)));
      const { path, headers } = posted('/v1/logs', 'application/x-protobuf', body);
      return { path, headers: { ...headers, 'content-encoding': 'gzip' }, body };
    }
    case 'otlp json':
      return posted('/v1/logs', 'application/json', Buffer.from(formatLogsRequest(otlpRequest(messages, random))));
    case 'loki protobuf': {
      const entries = messages.map((line, index) => ({
        timeUnixNano: FIRST_NANOS + BigInt(index),
        line,
        metadata: [],
      }));
      const labels = new Map([
        ['namespace', 'shop'],
        ['pod', 'api-0'],
        ['container', 'api'],
        ['level', 'info'],
      ]);
      const body = compress(encodePushRequest({ streams: [{ labels, entries }] }));
      return posted('/loki/api/v1/push', 'application/x-protobuf', Buffer.from(body));
    }
  }
}

function posted(path: string, contentType: string, body: Buffer): Omit<PushedBody, 'messageBytes'> {
  return { path, headers: { 'content-type': contentType, 'content-length': body.length }, body };
}

function otlpRequest(messages: readonly string[], random: () => number): LogsRequest {
  const logRecords = messages.map((message, index) => ({
    ...EMPTY_LOG_RECORD,
    timeUnixNano: FIRST_NANOS + BigInt(index),
    observedTimeUnixNano: FIRST_NANOS + BigInt(index),
    severityNumber: 9,
    severityText: 'INFO',
    body: { kind: 'string', value: message } as const,
    attributes: [text('http.route', '/orders/{id}'), text('code.function', 'placeOrder')],
    traceId: bytes(16, random),
    spanId: bytes(8, random),
  }));
  const resource = ['service.name', 'service.version', 'k8s.namespace.name', 'k8s.pod.name', 'telemetry.sdk.name'];
  return {
    resourceLogs: [
      {
        resource: resource.map((name) => text(name, name.replaceAll('.', '-'))),
        scopeLogs: [{ scope: { ...NO_SCOPE, name: 'shop/api' }, logRecords, schemaUrl: '' }],
        schemaUrl: '',
      },
    ],
  };
}

function text(key: string, value: string): KeyValue {
  return { key, value: { kind: 'string', value } };
}

function bytes(length: number, random: () => number): Uint8Array {
  return Uint8Array.from({ length }, () => Math.floor(random() * 256));
}
