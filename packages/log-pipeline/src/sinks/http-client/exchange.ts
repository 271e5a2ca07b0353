/** One HTTP/1.1 request with its answer, over node:http (measured cheaper than undici for bodies that are one buffer). */
import * as http from 'node:http';
import * as https from 'node:https';
import { TLSSocket } from 'node:tls';
import type { Clock } from '@vigie/core/clock';
import type { Route } from '@vigie/core/http-client/connections';

export interface ExchangeRequest {
  readonly route: Route;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** With Host, which is the endpoint's even where a proxy is connected to. */
  readonly headers: http.OutgoingHttpHeaders;
  /** Not touched any more once the exchange has settled. */
  readonly body: Uint8Array | undefined;
  readonly maxAnswerBytes: number;
}

export interface ExchangeLimits {
  /** Until the connection stands, TLS and proxy included. */
  readonly connectTimeoutMs: number;
  /** From the beginning until the answer's last byte. */
  readonly requestTimeoutMs: number;
}

export type Exchange =
  | {
      readonly status: 'answered';
      readonly httpStatus: number;
      readonly headers: http.IncomingHttpHeaders;
      /** Of a 2xx the whole body; of any other what came of it, for a person to read. */
      readonly body: Buffer;
    }
  /** `connected` false: no byte of the request has left, so it may go elsewhere at once. */
  | {
      readonly status: 'failed';
      readonly reason: 'network' | 'timeout' | 'protocol';
      readonly detail: string;
      readonly connected: boolean;
    };

/** @throws the signal's reason, and nothing else */
export function exchange(
  request: ExchangeRequest,
  limits: ExchangeLimits,
  clock: Clock,
  signal: AbortSignal,
): Promise<Exchange> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const { agent, secure, connectTo, target } = request.route;
    const outgoing = (secure ? https : http).request({
      host: connectTo.hostname.replace(/^\[|\]$/g, ''),
      port: connectTo.port,
      method: request.method,
      path: target(request.path),
      headers: { ...request.headers, ...request.route.headers },
      agent,
    });
    const chunks: Buffer[] = [];
    let received = 0;
    let incoming: http.IncomingMessage | undefined;
    let connected = false;

    const connectTimer = clock.setTimer(limits.connectTimeoutMs, () => {
      fail('timeout', `no connection within ${limits.connectTimeoutMs} ms`);
    });
    const requestTimer = clock.setTimer(limits.requestTimeoutMs, () => {
      fail('timeout', `no answer within ${limits.requestTimeoutMs} ms`);
    });
    const aborted = (): void => settle(() => reject(signal.reason));
    signal.addEventListener('abort', aborted, { once: true });

    let settled = false;
    function settle(finish: () => void): void {
      if (settled) return;
      settled = true;
      connectTimer.cancel();
      requestTimer.cancel();
      signal.removeEventListener('abort', aborted);
      // An answer may come before the body is sent (413, 429): the rest is not sent, and the body's memory is
      // free again. Destroying a connection drops what libuv has queued of it at once.
      if (!(incoming?.complete === true && outgoing.writableFinished)) outgoing.destroy();
      finish();
    }
    function fail(reason: 'network' | 'timeout' | 'protocol', detail: string): void {
      settle(() => {
        const httpStatus = incoming?.statusCode ?? 0;
        // Any status but success speaks for itself, even when the connection breaks behind it.
        if (incoming !== undefined && httpStatus >= 300) resolve(answer(incoming, httpStatus, chunks));
        else resolve({ status: 'failed', reason, detail, connected });
      });
    }

    outgoing.on('error', (error) => fail(reasonOf(error), describe(error)));
    outgoing.on('socket', (socket) => {
      const ready = (): void => {
        connected = true;
        connectTimer.cancel();
      };
      if (socket.connecting) socket.once(socket instanceof TLSSocket ? 'secureConnect' : 'connect', ready);
      else ready();
    });
    outgoing.on('response', (response) => {
      incoming = response;
      response.on('data', (chunk: Buffer) => {
        received += chunk.length;
        if (received <= request.maxAnswerBytes) chunks.push(chunk);
        else fail('protocol', `an answer of more than ${request.maxAnswerBytes} bytes`);
      });
      response.on('error', (error) => fail('network', describe(error)));
      response.on('end', () => settle(() => resolve(answer(response, response.statusCode ?? 0, chunks))));
    });
    outgoing.end(request.body);
  });
}

function answer(response: http.IncomingMessage, httpStatus: number, chunks: readonly Buffer[]): Exchange {
  const [only] = chunks;
  const body = chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
  return { status: 'answered', httpStatus, headers: response.headers, body };
}

/** llhttp's codes begin with HPE_: what came is not HTTP. */
function reasonOf(error: Error): 'network' | 'protocol' {
  return 'code' in error && typeof error.code === 'string' && error.code.startsWith('HPE_') ? 'protocol' : 'network';
}

function describe(error: Error): string {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.map(String).join('; ');
  return 'code' in error && typeof error.code === 'string' && !error.message.includes(error.code)
    ? `${error.message} (${error.code})`
    : error.message;
}
