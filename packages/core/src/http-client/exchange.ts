/** One request to another server, until its answer begins. */
import * as http from 'node:http';
import * as https from 'node:https';
import type { Clock } from '../clock.ts';
import { errorCode } from '../errors.ts';
import { onAbort } from '../on-abort.ts';
import type { Connections, Route } from './connections.ts';

export interface ExchangeRequest {
  readonly url: URL;
  readonly method: 'GET' | 'POST' | 'PUT';
  /** With the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: string | Uint8Array | undefined;
  /** Whether it may reach the server any number of times. */
  readonly isRepeatable: boolean;
}

export interface AnswerLimit {
  readonly clock: Pick<Clock, 'setTimer'>;
  /** Until the answer begins. */
  readonly timeoutMs: number;
  /** What it rejects with then. */
  readonly timedOut: Error;
}

/** Again where the server had closed the kept connection on which it was asked, as a restart does to all of them: until a new one takes it, but
 *  once where nobody knows what that has done.
 *  @returns the head of the answer, whose body nobody reads yet; the signal destroys that too
 *  @throws whatever keeps it from coming; the signal's reason */
export async function exchange(
  connections: Pick<Connections, 'routeTo'>,
  request: ExchangeRequest,
  signal: AbortSignal,
  limit?: AnswerLimit,
): Promise<http.IncomingMessage> {
  for (let repeats = 0; ; repeats++) {
    signal.throwIfAborted();
    const answer = await attempt(connections.routeTo(request.url), request, signal, limit);
    if (answer instanceof http.IncomingMessage) return answer;
    if (!answer.wasKept || (!request.isRepeatable && repeats === 1)) throw answer.error;
  }
}

interface Failure {
  readonly error: Error;
  readonly wasKept: boolean;
}

function attempt(
  route: Route,
  { url, method, path, headers, body }: ExchangeRequest,
  signal: AbortSignal,
  limit: AnswerLimit | undefined,
): Promise<http.IncomingMessage | Failure> {
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
  });
  // As an option, each request would be a listener of the signal.
  outgoing.once(
    'close',
    onAbort(signal, () => outgoing.destroy(signal.reason)),
  );
  return new Promise((resolve) => {
    const timer = limit?.clock.setTimer(limit.timeoutMs, () => outgoing.destroy(limit.timedOut));
    outgoing.once('response', (response) => {
      timer?.cancel();
      resolve(response);
    });
    outgoing.on('error', (error) => {
      timer?.cancel();
      const code = errorCode(error);
      resolve({ error, wasKept: outgoing.reusedSocket && (code === 'ECONNRESET' || code === 'EPIPE') });
    });
    outgoing.end(body);
  });
}
