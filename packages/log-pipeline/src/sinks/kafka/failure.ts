/** What a failed produce request means for its records. */
import { describeError } from '@vigie/core/errors';
import type { SendOutcome } from '../sink.ts';

type Failure = Extract<SendOutcome, { readonly status: 'retryable' | 'held' | 'too_large' | 'rejected' }>;

/** By the names that Kafka's protocol gives them. */
const HELD: Readonly<Record<string, 'credentials' | 'not_found' | 'endpoint'>> = {
  SASL_AUTHENTICATION_FAILED: 'credentials',
  UNSUPPORTED_SASL_MECHANISM: 'credentials',
  ILLEGAL_SASL_STATE: 'credentials',
  TOPIC_AUTHORIZATION_FAILED: 'credentials',
  CLUSTER_AUTHORIZATION_FAILED: 'credentials',
  UNKNOWN_TOPIC_OR_PARTITION: 'not_found',
  INVALID_TOPIC_EXCEPTION: 'endpoint',
  UNSUPPORTED_VERSION: 'endpoint',
  UNSUPPORTED_COMPRESSION_TYPE: 'endpoint',
  POLICY_VIOLATION: 'endpoint',
};
const TOO_LARGE = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);
const REFUSED = new Set(['INVALID_RECORD', 'INVALID_TIMESTAMP']);
const THROTTLED = new Set(['THROTTLING_QUOTA_EXCEEDED']);
const HELD_CLIENT_CODES: Readonly<Record<string, 'credentials' | 'endpoint'>> = {
  PLT_KFK_AUTHENTICATION: 'credentials',
  PLT_KFK_UNSUPPORTED_API: 'endpoint',
  PLT_KFK_UNSUPPORTED_COMPRESSION: 'endpoint',
  PLT_KFK_UNSUPPORTED: 'endpoint',
};

export function outcomeOfError(error: unknown): Failure {
  const found = causesOf(error);
  const ids = found.flatMap(({ apiId }) => (apiId === undefined ? [] : [apiId]));
  const detail = [...new Set([describeError(error), ...ids])].join(', ');
  if (ids.some((id) => TOO_LARGE.has(id))) return { status: 'too_large' };
  for (const { apiId, code } of found) {
    const reason = HELD[apiId ?? ''] ?? HELD_CLIENT_CODES[code ?? ''];
    if (reason !== undefined) return { status: 'held', reason, detail };
  }
  if (ids.some((id) => REFUSED.has(id))) return { status: 'rejected', httpStatus: 400, error: detail };
  if (ids.some((id) => THROTTLED.has(id))) return { status: 'retryable', reason: 'throttled', detail };
  return { status: 'retryable', reason: ids.length > 0 ? 'unavailable' : 'network', detail };
}

/** OpenSSL's verdicts on a certificate, and the alerts by which the other side tells its own on ours. */
const TLS_CODE =
  /^(ERR_SSL_|ERR_TLS_|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|INVALID_|HOSTNAME_MISMATCH|PATH_LENGTH_)/;

/** Whether one of the two sides does not take the other's certificate: trying again alone mends nothing. */
export function isTlsRefusal(error: unknown): boolean {
  return causesOf(error).some(({ code }) => code !== undefined && TLS_CODE.test(code));
}

interface Cause {
  readonly apiId: string | undefined;
  readonly code: string | undefined;
}

/** The error, those it is made of, and what caused them. */
function causesOf(error: unknown): Cause[] {
  const found: Cause[] = [];
  const seen = new Set<unknown>();
  const ahead: unknown[] = [error];
  for (let next = ahead.pop(); next !== undefined; next = ahead.pop()) {
    if (!(next instanceof Error) || seen.has(next)) continue;
    seen.add(next);
    found.push({ apiId: textMember(next, 'apiId'), code: textMember(next, 'code') });
    ahead.push(next.cause);
    if (next instanceof AggregateError) ahead.push(...next.errors);
  }
  return found;
}

function textMember(error: Error, name: string): string | undefined {
  const value: unknown = Reflect.get(error, name);
  return typeof value === 'string' ? value : undefined;
}
