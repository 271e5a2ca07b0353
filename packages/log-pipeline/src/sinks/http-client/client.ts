/** A small HTTP client for sinks: several endpoints in turn, failover, gzip, credentials and certificates of now. */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Clock } from '@vigie/core/clock';
import { describeError } from '@vigie/core/errors';
import { Connections } from '@vigie/core/http-client/connections';
import type { ReloadedFiles } from '@vigie/core/reloaded-files';
import { type ClientTlsOptions, clientTls } from '@vigie/core/tls';
import { Authorization } from './authorization.ts';
import { type Endpoint, EndpointRing } from './endpoint-ring.ts';
import { type Exchange, type ExchangeLimits, exchange } from './exchange.ts';
import type { HttpSettings } from './settings.ts';

export interface ClientRequest {
  readonly method: 'GET' | 'POST';
  /** Below the endpoint's own path, from `/`, with the query. */
  readonly path: string;
  readonly contentType?: string;
  /** Beside those of the configuration, whose place they take. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** The body is a zlib stream already. */
  readonly deflated?: boolean;
  /** A longer answer is one that the server cannot mean. */
  readonly maxAnswerBytes: number;
}

export interface ClientDeps {
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  /** Told once each time a changed certificate or secret turns out unusable; the old one is used on. */
  readonly reloadFailed: (detail: string) => void;
}

const compress = promisify(gzip);
/** One allocation for most bodies: a 1 MiB body of logs becomes about 100 KiB. */
const GZIP_CHUNK_BYTES = 128 * 1024;

export class HttpClient {
  readonly #settings: HttpSettings;
  readonly #deps: ClientDeps;
  readonly #tls: ReloadedFiles<ClientTlsOptions>;
  readonly #authorization: Authorization;
  readonly #connections: Connections;
  readonly #ring: EndpointRing;
  #reportedFailure: unknown;

  constructor(settings: HttpSettings, deps: ClientDeps) {
    this.#settings = settings;
    this.#deps = deps;
    this.#tls = clientTls(settings.tls, deps.clock);
    this.#authorization = new Authorization(settings.credentials, deps.clock);
    const { connectTimeoutMs } = settings.limits;
    this.#connections = new Connections({ tls: this.#tls, env: deps.env, connectTimeoutMs, clock: deps.clock });
    this.#ring = new EndpointRing(settings.endpoints, deps.clock);
  }

  /** @throws {VigieError} a certificate or secret cannot be used */
  check(): void {
    this.#tls.check();
    this.#authorization.header();
  }

  /** For clients of other make, which bring their own connections. */
  get identity(): { readonly tls: ClientTlsOptions; readonly authorization: string | undefined } {
    return { tls: this.#tls.current(), authorization: this.#authorization.header() };
  }

  /** Sends to the next endpoint; where no connection is to be had, to the one after it, until all were tried.
   *  @throws the signal's reason */
  async send(request: ClientRequest, signal: AbortSignal): Promise<Exchange> {
    const { compression, limits } = this.#settings;
    // Not aborted half way: the compressor reads the caller's memory in another thread.
    const body =
      compression?.algorithm !== 'gzip' || request.body === undefined || request.deflated === true
        ? request.body
        : await gzipped(request.body, compression.level);
    const coding = request.deflated === true ? 'deflate' : body === request.body ? undefined : 'gzip';
    const headers = {
      'user-agent': `vigie/${this.#deps.version}`,
      ...this.#settings.headers,
      ...request.headers,
      ...(request.contentType === undefined ? {} : { 'content-type': request.contentType }),
      ...(body === undefined ? {} : { 'content-length': body.length }),
      ...(coding === undefined ? {} : { 'content-encoding': coding }),
    };
    const tried = new Set<Endpoint>();
    let result: Exchange = { status: 'failed', reason: 'network', detail: 'there is no endpoint', connected: false };
    for (let at = this.#ring.next(tried); at !== undefined; at = this.#ring.next(tried)) {
      tried.add(at);
      result = await this.#sendTo(at, request, headers, body, limits, signal);
      if (result.status === 'answered' || result.connected) return result;
    }
    return result;
  }

  async #sendTo(
    endpoint: Endpoint,
    { method, path, maxAnswerBytes }: ClientRequest,
    headers: Readonly<Record<string, string | number>>,
    body: Uint8Array | undefined,
    limits: ExchangeLimits,
    signal: AbortSignal,
  ): Promise<Exchange> {
    const { url } = endpoint;
    const route = this.#connections.routeTo(url);
    const authorization = this.#authorization.header();
    this.#reportReloads();
    const result = await exchange(
      {
        route,
        method,
        path: url.pathname.replace(/\/$/, '') + path,
        headers: { ...headers, host: url.host, ...(authorization === undefined ? {} : { authorization }) },
        body,
        maxAnswerBytes,
      },
      limits,
      this.#deps.clock,
      signal,
    );
    if (result.status === 'failed') {
      this.#ring.failed(endpoint);
      return { ...result, detail: `${url.origin}: ${result.detail}` };
    }
    // A gateway that lost its server, a node that leaves: the others may well be up.
    if (result.httpStatus >= 502 && result.httpStatus <= 504) this.#ring.failed(endpoint);
    else this.#ring.succeeded(endpoint);
    return result;
  }

  close(): void {
    this.#connections.close();
  }

  #reportReloads(): void {
    const failure = this.#tls.failure ?? this.#authorization.failure;
    if (failure !== undefined && describeError(failure) !== describeError(this.#reportedFailure)) {
      this.#deps.reloadFailed(describeError(failure));
    }
    this.#reportedFailure = failure;
  }
}

function gzipped(body: Uint8Array, level: number): Promise<Buffer> {
  return compress(body, { level, chunkSize: GZIP_CHUNK_BYTES });
}
