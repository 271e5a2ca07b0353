/** Asks a log store over HTTP, and reads its answer in JSON. */
import type { IncomingMessage } from 'node:http';
import type { Clock } from '@vigie/core/clock';
import { startDeadline } from '@vigie/core/deadline';
import { describeError, VigieError } from '@vigie/core/errors';
import type { ClientRequest, HttpClient } from '@vigie/core/http-client/http-client';
import { BodyTooLargeError, readBody } from '@vigie/core/http-client/read-body';

export interface AskDeps {
  readonly client: Pick<HttpClient, 'open'>;
  readonly clock: Clock;
  readonly timeoutMs: number;
}

const MAX_ANSWER_BYTES = 64 * 2 ** 20;
/** Of what a server says of a refusal. */
const MAX_WORDS = 500;

/** @throws {VigieError} LOGS_UNREACHABLE: it may answer another time; LOGS_REFUSED: it says no; LOGS_TOO_MANY: the answer is too large */
export async function ask(
  request: ClientRequest,
  { client, clock, timeoutMs }: AskDeps,
  signal: AbortSignal,
): Promise<unknown> {
  const deadline = startDeadline(signal, clock, timeoutMs, `no answer within ${timeoutMs} ms`);
  try {
    const response = await client.open(request, deadline.signal);
    return answerOf(response, await readBody(response, MAX_ANSWER_BYTES), request.url);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof VigieError) throw error;
    const { origin } = request.url;
    if (error instanceof BodyTooLargeError)
      throw tooMany(`the answer of ${origin} is larger than ${MAX_ANSWER_BYTES} bytes`);
    const reason = describeError(deadline.signal.aborted ? deadline.signal.reason : error);
    throw new VigieError('LOGS_UNREACHABLE', `cannot ask ${origin}: ${reason}`, { cause: error });
  } finally {
    deadline.cancel();
  }
}

function answerOf({ statusCode: status = 0 }: IncomingMessage, body: Buffer, { origin }: URL): unknown {
  if (status >= 200 && status < 300) {
    try {
      return JSON.parse(body.toString());
    } catch {
      throw foreign(origin, 'what it says is no JSON');
    }
  }
  const words = body.toString('utf8', 0, MAX_WORDS).trim();
  const mayPass = status >= 500 || status === 429 || status === 408;
  throw new VigieError(mayPass ? 'LOGS_UNREACHABLE' : 'LOGS_REFUSED', `${origin} answered ${status}: ${words}`);
}

/** Of an answer that is none of such a server. */
export function foreign(origin: string, what: string): VigieError {
  return new VigieError('LOGS_UNREACHABLE', `${origin} does not answer as a log store does: ${what}`);
}

export function tooMany(what: string): VigieError {
  return new VigieError('LOGS_TOO_MANY', `${what}: count by fewer fields, or ask for a shorter range`);
}

/** The member of a value from JSON; undefined where it has none. */
export function member(value: unknown, ...path: readonly string[]): unknown {
  let at = value;
  for (const key of path) at = typeof at === 'object' && at !== null ? Reflect.get(at, key) : undefined;
  return at;
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
