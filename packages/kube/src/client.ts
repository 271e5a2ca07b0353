/** Requests to one API server (or kubelet) over node:http(s): kept alive, with the certificates and the token of now. */
import * as http from 'node:http';
import * as https from 'node:https';
import type { Clock } from '@vigie/core/clock';
import { describeError } from '@vigie/core/errors';
import { Connections } from '@vigie/core/http-client/connections';
import { type KubeFailure, type KubeRefusal, refusalOfBody } from './answer.ts';
import type { KubeConfig } from './config.ts';
import { CONNECT_TIMEOUT_MS, Exchange, KubeStreamError } from './exchange.ts';
import { Identity } from './identity.ts';

export interface KubeRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** From `/api` or `/apis`, each segment encoded (see resourcePath). */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  /** Sent as JSON. */
  readonly body?: object;
  /** Another form than `application/json`, such as `application/json;as=PartialObjectMetadataList;…`. */
  readonly accept?: string;
  /** Of the body, for PATCH: `application/merge-patch+json`. */
  readonly contentType?: string;
  /** Nothing is made of it, though it is no GET: it may be sent again. */
  readonly isReview?: boolean;
}

export type KubeAnswer =
  | {
      readonly status: 'ok';
      readonly httpStatus: number;
      /** The parsed JSON. */
      readonly body: unknown;
    }
  | KubeRefusal
  | KubeFailure;

export type KubeStreamAnswer = KubeStream | KubeRefusal | KubeFailure;

/** The body of an answer as it comes. */
export interface KubeStream {
  readonly status: 'ok';
  /** Ends with the body; throws {KubeStreamError} when the connection breaks or stays silent, and what the signal was
   *  aborted with. Leaving the loop closes the connection. To be iterated once. */
  readonly chunks: AsyncIterable<Buffer>;
  /** From now on, a connection without a byte for this long is a broken one. */
  limitSilence(limitMs: number): void;
}

export interface KubeClientDeps {
  readonly clock: Clock;
  /** HTTPS_PROXY, HTTP_PROXY, NO_PROXY. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** As in `vigie/0.1.0`. */
  readonly userAgent: string;
  /** Told once each time a changed certificate or token turns out unusable; the old one is used on. */
  readonly reloadFailed: (detail: string) => void;
}

/** etcd holds objects of up to 1.5 MiB, twice that as JSON. */
const MAX_ANSWER_BYTES = 8 << 20;
/** Of a refusal a person reads the beginning. */
const MAX_REFUSAL_BYTES = 64 << 10;

export class KubeClient {
  readonly #config: KubeConfig;
  readonly #deps: KubeClientDeps;
  readonly #identity: Identity;
  readonly #connections: Connections;
  /** Ends what is in progress when the client is closed. */
  readonly #closing = new Set<(reason: Error) => void>();
  #reportedFailure: string | undefined;
  #closed = false;

  constructor(config: KubeConfig, deps: KubeClientDeps) {
    this.#config = config;
    this.#deps = deps;
    this.#identity = new Identity(config, deps.clock);
    const { clock, env } = deps;
    const { tls } = this.#identity;
    this.#connections = new Connections({ tls, env, connectTimeoutMs: CONNECT_TIMEOUT_MS, clock });
  }

  /** Of the pod or the kubeconfig's context. */
  get namespace(): string {
    return this.#config.namespace;
  }

  /** Reads certificates and token, so that what is missing is known at start.
   *  @throws {VigieError} FILE_UNREADABLE, TLS_INVALID, SECRET_EMPTY */
  check(): void {
    this.#identity.tls.check();
    this.#identity.authorization();
  }

  /** @throws the signal's reason, and what check() throws */
  async request(request: KubeRequest, signal: AbortSignal): Promise<KubeAnswer> {
    const opened = await this.#open(request, signal);
    if (opened.status !== 'open') return opened;
    const body = await readAll(opened.exchange, MAX_ANSWER_BYTES);
    if (!Buffer.isBuffer(body)) return body;
    try {
      const parsed: unknown = body.length === 0 ? undefined : JSON.parse(body.toString('utf8'));
      return { status: 'ok', httpStatus: opened.httpStatus, body: parsed };
    } catch (error) {
      return { status: 'failed', reason: 'protocol', detail: `the answer is not JSON: ${describeError(error)}` };
    }
  }

  /** As request(), for bodies too large to be held, or without an end.
   *  @returns as soon as the head of the answer is there */
  async stream(request: KubeRequest, signal: AbortSignal): Promise<KubeStreamAnswer> {
    const opened = await this.#open(request, signal);
    if (opened.status !== 'open') return opened;
    const { exchange } = opened;
    return { status: 'ok', chunks: exchange.chunks(), limitSilence: (limitMs) => exchange.limit(limitMs) };
  }

  /** Ends all that is in progress. */
  close(): void {
    this.#closed = true;
    for (const end of this.#closing) end(new KubeStreamError('network', 'the client is closed'));
    this.#connections.close();
  }

  /** Sends the request, and once more with a new token where the old one is refused. */
  async #open(request: KubeRequest, signal: AbortSignal): Promise<Opened> {
    const authorization = this.#identity.authorization();
    const first = await this.#attempt(request, authorization, signal);
    if (first.status !== 'refused' || first.httpStatus !== 401) return first;
    if (!this.#identity.renewed(authorization)) return first;
    return this.#attempt(request, this.#identity.authorization(), signal);
  }

  /** Sends what may be repeated until a connection takes it that was not closed meanwhile: where an API server has begun anew, all that were
   *  kept are, and each try takes one of them away. */
  async #attempt(request: KubeRequest, authorization: string | undefined, signal: AbortSignal): Promise<Opened> {
    signal.throwIfAborted();
    if (this.#closed) return { status: 'failed', reason: 'network', detail: 'the client is closed' };
    const { server } = this.#config;
    const body = request.body === undefined ? undefined : Buffer.from(JSON.stringify(request.body));
    const { agent, secure, connectTo, target, headers } = this.#connections.routeTo(server);
    this.#reportReloads();
    const outgoing = (secure ? https : http).request({
      host: connectTo.hostname.replace(/^\[|\]$/g, ''),
      port: connectTo.port,
      method: request.method,
      path: target(server.pathname.replace(/\/$/, '') + request.path + queryOf(request.query)),
      headers: {
        ...headers,
        host: server.host,
        'user-agent': this.#deps.userAgent,
        accept: request.accept ?? 'application/json',
        ...(authorization === undefined ? {} : { authorization }),
        // Without a length, Node sends the body of a DELETE unframed.
        ...(body === undefined
          ? {}
          : { 'content-type': request.contentType ?? 'application/json', 'content-length': body.length }),
      },
      agent,
    });
    const exchange = new Exchange(outgoing, server.origin, this.#deps.clock, signal);
    this.#closing.add(exchange.end);
    outgoing.once('close', () => this.#closing.delete(exchange.end));
    outgoing.end(body);
    const response = await exchange.response();
    if (!(response instanceof http.IncomingMessage)) {
      const mayRepeat = exchange.wasClosedMeanwhile && isRepeatable(request);
      return mayRepeat ? this.#attempt(request, authorization, signal) : response;
    }
    const httpStatus = response.statusCode ?? 0;
    if (httpStatus >= 200 && httpStatus < 300) return { status: 'open', httpStatus, exchange };
    const refusal = await readAll(exchange, MAX_REFUSAL_BYTES);
    return refusalOfBody(httpStatus, response.headers, Buffer.isBuffer(refusal) ? refusal : Buffer.alloc(0));
  }

  #reportReloads(): void {
    const { failure } = this.#identity;
    const detail = failure === undefined ? undefined : describeError(failure);
    if (detail !== undefined && detail !== this.#reportedFailure) this.#deps.reloadFailed(detail);
    this.#reportedFailure = detail;
  }
}

type Opened =
  | { readonly status: 'open'; readonly httpStatus: number; readonly exchange: Exchange }
  | KubeRefusal
  | KubeFailure;

/** `/api/v1/namespaces/shop/pods/web-0`, `/apis/coordination.k8s.io/v1/leases`.
 *  @param group empty for the core group */
export function resourcePath(
  { group, version, resource }: { readonly group: string; readonly version: string; readonly resource: string },
  namespace?: string,
  name?: string,
): string {
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  const within = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${root}${within}/${resource}${name === undefined ? '' : `/${encodeURIComponent(name)}`}`;
}

/** What changes something may have done so before the connection broke. */
function isRepeatable({ method, isReview = false }: KubeRequest): boolean {
  return method === 'GET' || isReview;
}

function queryOf(query: KubeRequest['query']): string {
  const set = Object.entries(query ?? {}).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return set.length === 0 ? '' : `?${new URLSearchParams(set)}`;
}

/** @returns the body; of a longer one than allowed, or one that breaks off, why there is none */
async function readAll(exchange: Exchange, maxBytes: number): Promise<Buffer | KubeFailure> {
  const chunks: Buffer[] = [];
  let received = 0;
  try {
    for await (const chunk of exchange.chunks()) {
      received += chunk.length;
      if (received > maxBytes)
        return { status: 'failed', reason: 'protocol', detail: `an answer of more than ${maxBytes} bytes` };
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof KubeStreamError) return { status: 'failed', reason: error.reason, detail: error.message };
    throw error;
  }
  return Buffer.concat(chunks);
}
