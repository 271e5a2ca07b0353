/** Requests as Prometheus' http_config describes them: kept connections, TLS, authorization, proxies, redirects, headers. One client for
 *  each configuration; its connections are its own. */
import type * as http from 'node:http';
import type { Clock } from '../clock.ts';
import type { HttpClientConfig } from '../config/http-client-config.ts';
import { type AuthorizationHeader, authorizationHeader } from './authorization.ts';
import { basicCredentials } from './basic-credentials.ts';
import { configuredTls } from './client-tls.ts';
import { Connections, type Route } from './connections.ts';
import { type ExchangeRequest, exchange } from './exchange.ts';
import { readBody } from './read-body.ts';
import { secretValue } from './secret-value.ts';

export interface HttpClientDeps {
  readonly clock: Clock;
  /** For proxies that the configuration takes from it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `vigie/1.2.3` */
  readonly userAgent: string;
}

export interface ClientRequest {
  readonly url: URL;
  readonly method?: 'GET' | 'POST' | 'PUT';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Only a GET does unless this says otherwise. */
  readonly followsRedirects?: boolean;
}

/** By name, in lower case. */
export type RequestHeaders = Readonly<Record<string, string | readonly string[]>>;

/** Go's own, which Prometheus has. */
const MAX_REDIRECTS = 10;
const CONNECT_TIMEOUT_MS = 30_000;
/** Prometheus' own (common/config, http_config.go): what is scraped once a minute keeps its connection. `exchange` asks again where it was
 *  closed meanwhile. */
const IDLE_MS = 5 * 60_000;
/** What is read of an answer that says only where to go, so that its connection can be used again. Go's own. */
const MAX_REDIRECT_BODY_BYTES = 2048;
const MAX_TOKEN_BYTES = 1024 * 1024;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

export class HttpClient {
  readonly #config: HttpClientConfig;
  readonly #deps: HttpClientDeps;
  readonly #connections: Connections;
  readonly #tokenConnections: Connections | undefined;
  readonly #authorization: AuthorizationHeader | undefined;
  readonly #ownHeaders: () => RequestHeaders;

  constructor(config: HttpClientConfig, deps: HttpClientDeps) {
    this.#config = config;
    this.#deps = deps;
    const { authorization } = config;
    this.#connections = this.#connect(config);
    if (authorization?.kind === 'oauth2') this.#tokenConnections = this.#connect(authorization);
    if (authorization !== undefined) {
      this.#authorization = authorizationHeader(
        authorization,
        (url, form, headers, signal) => this.#askForToken(url, form, headers, signal),
        deps.clock,
      );
    }
    this.#ownHeaders = ownHeaders(config, deps.clock);
  }

  /** Follows redirects, where the configuration lets it: of a GET, and of any other method where the request says so. Credentials go to
   *  the host that was asked, and to no other that it names.
   *  @returns the head of the answer, whose body nobody reads yet; the signal destroys that too
   *  @throws whatever keeps it from coming */
  async open(request: ClientRequest, signal: AbortSignal): Promise<http.IncomingMessage> {
    const { method = 'GET', followsRedirects = method === 'GET' } = request;
    const follows = followsRedirects && this.#config.followRedirects;
    let current = request;
    for (let redirects = 0; ; redirects++) {
      const response = await this.#send(current, current.url.origin === request.url.origin, signal);
      const location = follows ? locationOf(response) : undefined;
      if (location === undefined) return response;
      discard(response);
      if (redirects === MAX_REDIRECTS) throw new Error(`stopped after ${MAX_REDIRECTS} redirects`);
      if (!URL.canParse(location, current.url.href)) throw new Error(`failed to parse Location header "${location}"`);
      current = redirected(current, response.statusCode, new URL(location, current.url));
    }
  }

  /** Of its connections, for callers that make their requests themselves. */
  routeTo(endpoint: URL): Route {
    return this.#connections.routeTo(endpoint);
  }

  /** What the configuration has every request say, credentials among it, as of now.
   *  @throws what keeps a token or a secret from being had */
  async configuredHeaders(signal: AbortSignal): Promise<RequestHeaders> {
    const headers = this.#ownHeaders();
    return this.#authorization === undefined
      ? headers
      : { ...headers, authorization: await this.#authorization(signal) };
  }

  close(): void {
    this.#connections.close();
    this.#tokenConnections?.close();
  }

  #connect({ tls, proxy }: Pick<HttpClientConfig, 'tls' | 'proxy'>): Connections {
    const { clock, env } = this.#deps;
    const { url, noProxy, fromEnvironment } = proxy;
    const proxied = url === undefined ? {} : { HTTP_PROXY: url, HTTPS_PROXY: url, NO_PROXY: noProxy };
    return new Connections({
      tls: configuredTls(tls, clock),
      env: fromEnvironment ? env : proxied,
      // Without exceptions a proxy is for this host too; with some, Go leaves it out.
      proxy: url !== undefined && noProxy === '' ? new URL(url) : undefined,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      idleMs: IDLE_MS,
      clock,
    });
  }

  async #send(request: ClientRequest, isTrusted: boolean, signal: AbortSignal): Promise<http.IncomingMessage> {
    if (request.url.protocol !== 'http:' && request.url.protocol !== 'https:') {
      throw new Error(`unsupported protocol scheme "${request.url.protocol.replace(/:$/, '')}"`);
    }
    const headers: Record<string, string | readonly string[]> = {
      'user-agent': this.#deps.userAgent,
      ...(isTrusted ? request.headers : withoutCredentials(request.headers)),
    };
    if (isTrusted) {
      const { username, password } = request.url;
      if ((username !== '' || password !== '') && headers.authorization === undefined) {
        headers.authorization = basicCredentials(decodeURIComponent(username), decodeURIComponent(password));
      }
      Object.assign(headers, this.#ownHeaders());
      if (this.#authorization !== undefined) headers.authorization ??= await this.#authorization(signal);
    }
    return exchange(this.#connections, wireRequest(request, headers), signal);
  }

  async #askForToken(
    url: URL,
    form: URLSearchParams,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<{ readonly status: number; readonly body: Buffer }> {
    const request: ClientRequest = { url, method: 'POST', body: form.toString() };
    const written = wireRequest(request, {
      'user-agent': this.#deps.userAgent,
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
      ...headers,
    });
    const response = await exchange(this.#tokenConnections ?? this.#connections, written, signal);
    return { status: response.statusCode ?? 0, body: await readBody(response, MAX_TOKEN_BYTES) };
  }
}

function wireRequest({ url, method = 'GET', body }: ClientRequest, headers: RequestHeaders): ExchangeRequest {
  return { url, method, path: url.pathname + url.search, headers, body, isRepeatable: method !== 'POST' };
}

/** As Go's http.Client does it: what is posted is posted again after 307 and 308; after the others a GET follows. */
function redirected(request: ClientRequest, status: number | undefined, url: URL): ClientRequest {
  if (status === 307 || status === 308) return { ...request, url };
  const { body, ...rest } = request;
  return { ...rest, url, method: 'GET' };
}

function withoutCredentials(headers: ClientRequest['headers'] = {}): RequestHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'authorization'));
}

/** Those of the configuration; a secret among them is read when it is needed. */
function ownHeaders({ headers }: HttpClientConfig, clock: Clock): () => RequestHeaders {
  const entries = Object.entries(headers).map(([name, { values, secrets }]) => {
    const hidden = secrets.map((secret) => secretValue(secret, clock));
    return [name.toLowerCase(), (): readonly string[] => [...values, ...hidden.map((read) => read())]] as const;
  });
  return () => Object.fromEntries(entries.map(([name, read]) => [name, read()]));
}

function locationOf({ statusCode = 0, headers }: http.IncomingMessage): string | undefined {
  return REDIRECTS.has(statusCode) ? headers.location : undefined;
}

function discard(response: http.IncomingMessage): void {
  response.on('error', () => undefined);
  const length = Number(response.headers['content-length'] ?? Number.POSITIVE_INFINITY);
  if (length <= MAX_REDIRECT_BODY_BYTES) response.resume();
  else response.destroy();
}
