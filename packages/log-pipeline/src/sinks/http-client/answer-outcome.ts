/** What an answer to a whole request means for its records, where it is not a success. */

import { parseRetryAfter } from '@vigie/core/http-client/retry-after';
import type { SendOutcome } from '../sink.ts';
import type { Exchange } from './exchange.ts';

/** @param rejects statuses below 500 that say that the records are bad, beside those whose meaning is the same
 *    everywhere
 *  @param nowMs Unix time, for a Retry-After that names a date */
export function outcomeOfFailure(
  result: Exchange,
  rejects: (httpStatus: number) => boolean,
  nowMs: number,
): SendOutcome {
  if (result.status === 'failed') return { status: 'retryable', reason: result.reason, detail: result.detail };
  const { httpStatus, headers, body } = result;
  const detail = `${httpStatus}: ${explanation(body)}`;
  if (httpStatus === 413) return { status: 'too_large' };
  // 408: the server did not get the request in time. 425: it does not want it yet.
  if (httpStatus === 429 || httpStatus >= 500 || httpStatus === 408 || httpStatus === 425) {
    const retryAfterMs = parseRetryAfter(headers['retry-after'], nowMs);
    const reason = httpStatus === 429 ? 'throttled' : 'unavailable';
    return { status: 'retryable', reason, detail, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  }
  // 407 comes from the proxy.
  if (httpStatus === 401 || httpStatus === 403 || httpStatus === 407) {
    return { status: 'held', reason: 'credentials', detail };
  }
  if (httpStatus === 404) return { status: 'held', reason: 'not_found', detail };
  if (httpStatus >= 400 && rejects(httpStatus)) return { status: 'rejected', httpStatus, error: explanation(body) };
  return { status: 'held', reason: 'endpoint', detail };
}

const SHOWN_CHARACTERS = 500;

/** `type: reason` of an answer in Elasticsearch's form, else its text, on one line. */
export function explanation(body: Buffer): string {
  const text = elasticsearchError(body) ?? body.toString('utf8', 0, 4 * SHOWN_CHARACTERS);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: an answer is not trusted with the operator's terminal
  const line = text.replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, ' ').trim();
  return line === '' ? 'no explanation' : line.slice(0, SHOWN_CHARACTERS);
}

function elasticsearchError(body: Buffer): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
  const error = member(value, 'error');
  if (typeof error === 'string') return error;
  const type = member(error, 'type');
  const reason = member(error, 'reason');
  return typeof type === 'string' ? `${type}: ${typeof reason === 'string' ? reason : ''}` : undefined;
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
