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
  // The server closed a kept connection while we wrote on it, or all of them, as a restart does. A query may be asked again, and each time
  // takes one of them away.
  for (;;) {
    const answer = await attempt(request, connections, limits, signal);
    if (answer instanceof http.IncomingMessage) return answer;
    if (!answer.wasKept) throw answer.error;
  }
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
      const code = errorCode(error);
      resolve({ error, wasKept: outgoing.reusedSocket && (code === 'ECONNRESET' || code === 'EPIPE') });
    });
    outgoing.end(body);
  });
}
