/** One request of an HTTP probe and its answer, over a connection of its own, by HTTP/1.1 or HTTP/2, with the time that each phase took. */
import * as http from 'node:http';
import * as http2 from 'node:http2';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '@vigie/core/clock';
import type { RequestHeaders } from '@vigie/core/http-client/http-client';
import { proxyAuthorization } from '@vigie/core/http-client/proxy';
import type { ClientTlsOptions } from '@vigie/core/tls';
import { dial, secure, tunnel } from './probe-connection.ts';
import { stopwatch } from './prober.ts';

export interface HttpExchange {
  readonly url: URL;
  /** To be tried in this order; of the proxy, where there is one. */
  readonly addresses: readonly string[];
  readonly proxy: URL | undefined;
  readonly method: string;
  /** With `host`, names in lower case. */
  readonly headers: RequestHeaders;
  readonly body: Buffer | undefined;
  /** That the certificate is of. */
  readonly serverName: string;
  readonly tls: ClientTlsOptions;
  readonly offersHttp2: boolean;
}

export interface HttpAnswer {
  readonly status: number;
  /** Of HTTP: 1, 1.1 or 2. */
  readonly version: number;
  /** By name, in lower case. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  /** -1 where it is not known. */
  readonly contentLength: number;
  readonly body: Readable;
  readonly tls: TLSSocket | undefined;
  /** To be called when the body is read, or is not wanted. */
  readonly close: () => void;
}

export type Phase = 'connect' | 'tls' | 'processing';

/** @param took is told of each phase that is over
 *  @throws what keeps an answer from coming; the signal's reason */
export async function exchange(
  request: HttpExchange,
  took: (phase: Phase, seconds: number) => void,
  clock: Clock,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const { url, proxy, serverName, tls, offersHttp2 } = request;
  const isSecure = url.protocol === 'https:';
  const hop = proxy ?? url;
  const connecting = stopwatch(clock);
  let socket = await dialFirst(request.addresses, portOf(hop), signal);
  if (proxy?.protocol === 'https:') socket = await secure(socket, hostOf(proxy), tls, signal);
  if (proxy !== undefined && isSecure) await tunnel(socket, proxy, `${url.hostname}:${portOf(url)}`);
  took('connect', connecting());
  if (!isSecure) return overHttp1(request, socket, undefined, took, clock, signal);
  const securing = stopwatch(clock);
  const secured = await secure(socket, serverName, tls, signal, offersHttp2 ? ['h2', 'http/1.1'] : ['http/1.1']);
  took('tls', securing());
  const over = secured.alpnProtocol === 'h2' ? overHttp2 : overHttp1;
  return over(request, secured, secured, took, clock, signal);
}

async function dialFirst(addresses: readonly string[], port: number, signal: AbortSignal) {
  let failure: unknown = new Error('there is no address');
  for (const address of addresses) {
    try {
      return await dial({ address, port }, signal);
    } catch (error) {
      signal.throwIfAborted();
      failure = error;
    }
  }
  throw failure;
}

type Over = (
  request: HttpExchange,
  socket: Socket,
  tls: TLSSocket | undefined,
  took: (phase: Phase, seconds: number) => void,
  clock: Clock,
  signal: AbortSignal,
) => Promise<HttpAnswer>;

const overHttp1: Over = ({ url, proxy, method, headers, body }, socket, tls, took, clock, signal) => {
  const path = `${url.pathname}${url.search}`;
  const isForwarded = proxy !== undefined && tls === undefined;
  const processing = stopwatch(clock);
  const outgoing = http.request({
    createConnection: () => socket,
    method,
    path: isForwarded ? `${url.origin}${path}` : path,
    headers: {
      ...(isForwarded ? proxyAuthorization(proxy) : {}),
      ...headers,
      connection: 'close',
      ...(body === undefined ? {} : { 'content-length': body.length }),
    },
    signal,
  });
  const close = (): void => void socket.destroy();
  return new Promise((resolve, reject) => {
    outgoing.once('error', (error) => {
      close();
      reject(signal.aborted ? signal.reason : error);
    });
    outgoing.once('response', (response) => {
      took('processing', processing());
      // What breaks the body off is for whoever reads it.
      outgoing.on('error', () => undefined);
      response.on('error', () => undefined);
      const { statusCode = 0, httpVersion, rawHeaders } = response;
      const received = new Map<string, string[]>();
      for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
        const name = (rawHeaders[at] ?? '').toLowerCase();
        received.set(name, [...(received.get(name) ?? []), rawHeaders[at + 1] ?? '']);
      }
      resolve({
        status: statusCode,
        version: Number(httpVersion),
        headers: received,
        contentLength: contentLength(received, statusCode),
        body: response,
        tls,
        close,
      });
    });
    outgoing.end(body);
  });
};

const overHttp2: Over = ({ url, method, headers, body }, socket, tls, took, clock, signal) => {
  const processing = stopwatch(clock);
  const session = http2.connect(url.origin, { createConnection: () => socket });
  const { host, ...others } = headers;
  const stream = session.request({
    ':method': method,
    ':path': `${url.pathname}${url.search}`,
    ':authority': typeof host === 'string' ? host : url.host,
    ...Object.fromEntries(Object.entries(others).filter(([name]) => name !== 'connection')),
    ...(body === undefined ? {} : { 'content-length': body.length }),
  });
  const close = (): void => {
    session.destroy();
    socket.destroy();
  };
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      close();
      reject(signal.aborted ? signal.reason : error);
    };
    session.on('error', fail);
    stream.on('error', fail);
    session.once('close', () => fail(new Error('the connection was closed')));
    stream.once('response', (answer, flags) => {
      took('processing', processing());
      const status = Number(answer[':status'] ?? 0);
      const received = new Map<string, readonly string[]>();
      for (const [name, value] of Object.entries(answer)) {
        if (!name.startsWith(':') && value !== undefined) received.set(name, [value].flat().map(String));
      }
      const isEmpty = (flags & http2.constants.NGHTTP2_FLAG_END_STREAM) !== 0;
      const length = contentLength(received, status);
      resolve({
        status,
        version: 2,
        headers: received,
        contentLength: length === -1 && isEmpty ? 0 : length,
        body: stream,
        tls,
        close,
      });
    });
    stream.end(body);
  });
};

/** As Go tells it. */
function contentLength(headers: ReadonlyMap<string, readonly string[]>, status: number): number {
  const [written] = headers.get('content-length') ?? [];
  if (written !== undefined && /^\d+$/.test(written)) return Number(written);
  return status === 204 || status === 304 ? 0 : -1;
}

function portOf({ port, protocol }: URL): number {
  return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);
}

/** Without the brackets of an IPv6 address. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}
