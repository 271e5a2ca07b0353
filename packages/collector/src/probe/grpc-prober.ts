/** Asks a gRPC server for its health. Source: blackbox_exporter, prober/grpc.go; gRPC's health checking protocol (grpc.health.v1) and its
 *  mapping to HTTP/2. */
import * as http2 from 'node:http2';
import { TLSSocket } from 'node:tls';
import { describeError } from '@vigie/core/errors';
import { configuredTls } from '@vigie/core/http-client/client-tls';
import { ProtoReader } from '@vigie/wire/protobuf/reader';
import { ProtoWriter } from '@vigie/wire/protobuf/writer';
import { tellCertificate } from './certificate-samples.ts';
import { hostOf } from './http-exchange.ts';
import { chooseAddress } from './probe-address.ts';
import { dial, secure } from './probe-connection.ts';
import type { GrpcModule } from './probe-module.ts';
import { type ProbeContext, type Prober, type ProberDeps, stopwatch } from './prober.ts';

const METHOD = '/grpc.health.v1.Health/Check';
/** By number. */
const SERVING_STATUSES = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'] as const;
const SERVING = SERVING_STATUSES.indexOf('SERVING');
/** Of gRPC: https://grpc.github.io/grpc/core/md_doc_statuscodes.html */
const CODES = {
  ok: 0,
  unknown: 2,
  deadlineExceeded: 4,
  permissionDenied: 7,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
};
const FRAME_HEADER_BYTES = 5;
/** An answer is two bytes. */
const MAX_ANSWER_BYTES = 64 * 1024;

interface Health {
  /** Of gRPC. */
  readonly code: number;
  /** A number of SERVING_STATUSES; undefined where there is no answer. */
  readonly serving: number | undefined;
  readonly reason: string;
}

export function grpcProber(module: GrpcModule, deps: ProberDeps): Prober {
  const tls = configuredTls(module.tls, deps.clock);
  return async (target, context) => {
    const { samples, log, signal } = context;
    samples.set('grpcDuration', 0, { phase: 'resolve' });
    samples.begin('grpcSsl', 'grpcStatusCode', 'earliestExpiry');
    const written = /^https?:\/\//.test(target) ? target : `http://${target}`;
    if (!URL.canParse(written)) {
      log.error('Could not parse target', { target });
      return false;
    }
    const url = new URL(written);
    const { address, seconds } = await chooseAddress(hostOf(url), module.address, context, deps);
    samples.set('grpcDuration', seconds, { phase: 'resolve' });
    const port = url.port === '' ? (module.isTls ? 443 : 80) : Number(url.port);
    const checking = stopwatch(deps.clock);
    let health: Health;
    try {
      const socket = await dial({ address, port }, signal);
      const options = module.isTls ? tls.current() : undefined;
      const connection = options === undefined ? socket : await secure(socket, hostOf(url), options, signal, ['h2']);
      if (connection instanceof TLSSocket) {
        samples.set('grpcSsl', 1);
        tellCertificate(connection, samples);
      }
      const session = http2.connect(url.origin, { createConnection: () => connection });
      try {
        health = await check(session, url.host, module.service, deps.userAgent, context);
      } finally {
        session.destroy();
        connection.destroy();
        socket.destroy();
      }
    } catch (error) {
      const code = signal.aborted ? CODES.deadlineExceeded : CODES.unavailable;
      health = { code, serving: undefined, reason: describeError(error) };
    }
    samples.set('grpcDuration', checking(), { phase: 'check' });
    tellHealth(health, context);
    return health.code === CODES.ok && health.serving === SERVING;
  };
}

function tellHealth({ code, serving, reason }: Health, { samples, log }: ProbeContext): void {
  for (const [number, serving_status] of SERVING_STATUSES.entries())
    samples.set('grpcHealth', number === serving ? 1 : 0, { serving_status });
  samples.set('grpcStatusCode', code);
  if (code === CODES.ok && serving === SERVING) return;
  log.error('gRPC health check failed', {
    code,
    serving_status: serving === undefined ? '' : (SERVING_STATUSES[serving] ?? serving),
    reason,
  });
}

/** @throws what breaks the connection off; the signal's reason */
function check(
  session: http2.ClientHttp2Session,
  authority: string,
  service: string,
  userAgent: string,
  { signal }: ProbeContext,
): Promise<Health> {
  const stream = session.request({
    ':method': 'POST',
    ':path': METHOD,
    ':authority': authority,
    'content-type': 'application/grpc',
    te: 'trailers',
    'user-agent': userAgent,
  });
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => reject(signal.aborted ? signal.reason : error);
    let head: http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader = {};
    let trailers: http2.IncomingHttpHeaders = {};
    const chunks: Buffer[] = [];
    let bytes = 0;
    session.on('error', fail);
    session.once('close', () => fail(new Error('the connection was closed')));
    stream.on('error', fail);
    stream.once('response', (headers) => {
      head = headers;
    });
    stream.once('trailers', (headers) => {
      trailers = headers;
    });
    stream.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > MAX_ANSWER_BYTES) stream.destroy(new Error('the answer is too long'));
      else chunks.push(chunk);
    });
    stream.once('end', () => {
      try {
        resolve(healthOf(head, trailers, Buffer.concat(chunks)));
      } catch (error) {
        resolve({ code: CODES.internal, serving: undefined, reason: describeError(error) });
      }
    });
    stream.end(encodeRequest(service));
  });
}

function encodeRequest(service: string): Buffer {
  const message = new ProtoWriter();
  if (service !== '') message.string(1, service);
  const header = Buffer.alloc(FRAME_HEADER_BYTES);
  header.writeUInt32BE(message.length, 1);
  return Buffer.concat([header, message.finish()]);
}

/** @throws where the message is none */
function healthOf(
  head: http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader,
  trailers: http2.IncomingHttpHeaders,
  body: Buffer,
): Health {
  const status = head[':status'] ?? 0;
  // An answer without a message has everything in its head.
  const written = trailers['grpc-status'] ?? head['grpc-status'];
  if (status !== 200 || written === undefined)
    return {
      code: codeOfHttp(status),
      serving: undefined,
      reason: `the answer has HTTP status ${status} and is none of gRPC`,
    };
  const code = Number(written);
  const reason = String(trailers['grpc-message'] ?? head['grpc-message'] ?? '');
  if (code !== CODES.ok) return { code, serving: undefined, reason };
  if (body.length < FRAME_HEADER_BYTES || body.readUInt8(0) !== 0) throw new Error('the answer has no message');
  let serving = 0;
  const reader = new ProtoReader(body.subarray(FRAME_HEADER_BYTES, FRAME_HEADER_BYTES + body.readUInt32BE(1)));
  while (reader.next()) {
    if (reader.field === 1) serving = reader.uint32();
    else reader.skip();
  }
  return { code, serving, reason };
}

/** As gRPC's clients read statuses of HTTP. */
function codeOfHttp(status: number): number {
  switch (status) {
    case 400:
      return CODES.internal;
    case 401:
      return CODES.unauthenticated;
    case 403:
      return CODES.permissionDenied;
    case 404:
      return CODES.unimplemented;
    case 429:
    case 502:
    case 503:
    case 504:
      return CODES.unavailable;
    default:
      return CODES.unknown;
  }
}
