/** One request to another server, until its answer begins. */
import * as http from 'node:http';
import * as https from 'node:https';
import type { Clock } from '@vigie/core/clock';
import { errorCode } from '@vigie/core/errors';
import type { Connections } from '@vigie/core/http-client/connections';

export interface ExchangeRequest {
  readonly url: URL;
  readonly method: 'GET' | 'POST';
  /** With the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

export interface ExchangeLimits {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** What it rejects with then. */
  readonly timedOut: Error;
}

/** @returns the head of the answer, whose body nobody reads yet; the signal destroys that as well
 *  @throws whatever keeps it from coming */
export async function openExchange(
  request: ExchangeRequest,
  connections: Pick<Connections, 'routeTo'>,
  limits: ExchangeLimits,
  signal: AbortSignal,
): Promise<http.IncomingMessage> {
  signal.throwIfAborted();
  const first = await attempt(request, connections, limits, signal);
  if (first instanceof http.IncomingMessage) return first;
  // The server closed a kept connection while we wrote on it. A query may be asked twice.
  const second = first.wasKept ? await attempt(request, connections, limits, signal) : first;
  if (second instanceof http.IncomingMessage) return second;
  throw second.error;
}

interface Failure {
  readonly error: Error;
  readonly wasKept: boolean;
}

function attempt(
  { url, method, path, headers, body }: ExchangeRequest,
  connections: Pick<Connections, 'routeTo'>,
  { clock, timeoutMs, timedOut }: ExchangeLimits,
  signal: AbortSignal,
): Promise<http.IncomingMessage | Failure> {
  const route = connections.routeTo(url);
  const outgoing = (route.secure ? https : http).request({
    host: route.connectTo.hostname.replace(/^\[|\]$/g, ''),
    port: route.connectTo.port,
    method,
    path: route.target(path),
    headers: {
      ...route.headers,
      host: url.host,
      ...headers,
      ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
    },
    agent: route.agent,
    signal,
  });
  return new Promise((resolve) => {
    const timer = clock.setTimer(timeoutMs, () => outgoing.destroy(timedOut));
    outgoing.once('response', (response) => {
      timer.cancel();
      resolve(response);
    });
    outgoing.on('error', (error) => {
      timer.cancel();
      resolve({ error, wasKept: outgoing.reusedSocket && errorCode(error) === 'ECONNRESET' });
    });
    outgoing.end(body);
  });
}
