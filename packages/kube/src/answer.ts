/** What comes of a request: an answer, a refusal in the API server's own words, or no answer at all. */
import type { IncomingHttpHeaders } from 'node:http';

export interface KubeRefusal {
  readonly status: 'refused';
  readonly httpStatus: number;
  /** As Kubernetes names it: `NotFound`, `Conflict`, `AlreadyExists`, `Expired`, `Forbidden`; empty where the answer is
   *  no Status, as of a proxy in between. */
  readonly reason: string;
  /** For people: `pods is forbidden: User "…" cannot list resource "pods" in API group "" at the cluster scope`. */
  readonly message: string;
  /** The reasons of `details.causes`. */
  readonly causes: readonly string[];
  readonly retryAfterMs: number | undefined;
}

export interface KubeFailure {
  readonly status: 'failed';
  readonly reason: 'network' | 'timeout' | 'protocol';
  readonly detail: string;
}

/** @returns one line for a log */
export function describeObstacle(obstacle: KubeRefusal | KubeFailure): string {
  if (obstacle.status === 'failed') return obstacle.detail;
  const { httpStatus, reason, message } = obstacle;
  return [`${httpStatus}${reason === '' ? '' : ` ${reason}`}`, message].filter((part) => part !== '').join(': ');
}

/** A resource version that the server no longer has: what changed since then can only be had by a new list. */
export function isExpired({ httpStatus, reason }: Pick<KubeRefusal, 'httpStatus' | 'reason'>): boolean {
  return httpStatus === 410 || reason === 'Expired' || reason === 'Gone';
}

/** A resource version that the server does not have yet, as after etcd was restored from a backup. */
export function isAheadOfServer({
  reason,
  causes,
  message,
}: Pick<KubeRefusal, 'reason' | 'causes' | 'message'>): boolean {
  return (
    causes.includes('ResourceVersionTooLarge') ||
    // Servers before 1.18.6 say it in words alone.
    (reason === 'Timeout' && message.includes('Too large resource version'))
  );
}

/** Reads a Status, as the body of an answer or the object of a watch's ERROR event.
 *  @param httpStatus of the answer; a watch has none, and its Status has a `code` */
export function refusalOf(
  status: unknown,
  httpStatus: number | undefined,
  fallbackMessage: string,
  retryAfterMs: number | undefined,
): KubeRefusal {
  const details = member(status, 'details');
  const causes = member(details, 'causes');
  const seconds = member(details, 'retryAfterSeconds');
  const code = member(status, 'code');
  return {
    status: 'refused',
    httpStatus: httpStatus ?? (typeof code === 'number' ? code : 0),
    reason: textOf(member(status, 'reason')),
    message: textOf(member(status, 'message')) || fallbackMessage,
    causes: Array.isArray(causes) ? causes.map((cause) => textOf(member(cause, 'reason'))) : [],
    retryAfterMs: retryAfterMs ?? (typeof seconds === 'number' && seconds > 0 ? seconds * 1000 : undefined),
  };
}

/** @returns the refusal in the answer's body, which may be of any length and kind */
export function refusalOfBody(httpStatus: number, headers: IncomingHttpHeaders, body: Buffer): KubeRefusal {
  const written = body.toString('utf8');
  let status: unknown;
  try {
    status = JSON.parse(written);
  } catch {
    // Of a proxy, or cut: then its beginning is shown.
    status = undefined;
  }
  return refusalOf(status, httpStatus, shown(written), retryAfterMsOf(headers['retry-after']));
}

/** A server may ask for any wait; beyond this we ask it again. */
const LONGEST_RETRY_AFTER_MS = 300_000;
const SHOWN_CHARACTERS = 300;

/** The API server gives whole seconds, never a date. */
function retryAfterMsOf(header: string | undefined): number | undefined {
  return header !== undefined && /^\d+$/.test(header)
    ? Math.min(LONGEST_RETRY_AFTER_MS, Number(header) * 1000)
    : undefined;
}

/** On one line, without control characters. */
function shown(written: string): string {
  return written
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .slice(0, SHOWN_CHARACTERS);
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
