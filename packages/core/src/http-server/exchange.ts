/** What a route gets and gives. */
import type { IncomingHttpHeaders } from 'node:http';

export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'DELETE';

export interface HttpRequest {
  readonly method: HttpMethod | 'HEAD';
  /** Without the query, as sent: not percent-decoded. */
  readonly path: string;
  /** What follows the prefix of a prefix route; empty on an exact one. */
  readonly rest: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Aborts when the client goes away, or the listener has no more time to drain. */
  readonly signal: AbortSignal;
  /** The whole body.
   *  @throws {HttpError} 413 beyond the route's maxBodyBytes, 400 when it breaks off */
  body(): Promise<Buffer>;
}

export interface HttpReply {
  /** 200 unless given. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** An iterable is sent piece by piece, as the client takes it, and returned (ended) when the client goes away. */
  readonly body?: string | Uint8Array | AsyncIterable<string | Uint8Array>;
}

export type HttpHandler = (request: HttpRequest) => HttpReply | Promise<HttpReply>;

/** Bundled chunks have copies of their own of what they use: an error that one throws is of another class to the next. */
const IS_HTTP_ERROR = Symbol.for('vigie.HttpError');

/** An answer other than success that the client has caused. `instanceof` knows it whichever copy of this class made it. */
export class HttpError extends Error {
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && IS_HTTP_ERROR in value;
  }

  readonly [IS_HTTP_ERROR] = true;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

export function jsonReply(value: unknown, status = 200): HttpReply {
  return { status, headers: { 'content-type': 'application/json' }, body: `${JSON.stringify(value)}\n` };
}

export function textReply(text: string, status = 200): HttpReply {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: text };
}

/** `{"error": "…"}`, the form of every error that a route does not give in the form of the API it implements. */
export function errorReply(error: HttpError): HttpReply {
  const reply = jsonReply({ error: error.message }, error.status);
  return { ...reply, headers: { ...reply.headers, ...error.headers } };
}
