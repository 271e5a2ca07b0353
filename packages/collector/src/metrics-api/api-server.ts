/** The HTTPS port that the cluster's API server sends requests for the metrics APIs to, on fastify. Every request but those for health
 *  is authenticated and authorised before its path says anything. */
import type { IncomingMessage } from 'node:http';
import type { Server } from 'node:https';
import type { Clock } from '@vigie/core/clock';
import { describeError } from '@vigie/core/errors';
import { formatHostPort, type HostPort } from '@vigie/core/host-port';
import type { HealthCheck } from '@vigie/core/http-server/health-routes';
import { openAddress, openPort } from '@vigie/core/http-server/port';
import { limitRepeats } from '@vigie/core/limit-repeats';
import type { Log } from '@vigie/core/log';
import type { ServerTlsOptions } from '@vigie/core/tls';
import type { AccessQuestion } from '@vigie/kube/subject-access-review';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { MetricsAdapter } from '../adapter/metrics-adapter.ts';
import { type ApiAnswer, type AskedFor, answerRequest } from './answer-request.ts';
import { CUSTOM_METRICS, EXTERNAL_METRICS, RESOURCE_METRICS } from './api-groups.ts';
import { ApiRefusal } from './api-refusal.ts';
import type { Authenticator } from './authenticate.ts';
import type { Authorizer } from './authorize.ts';
import { type ApiRequest, parsePath } from './request-path.ts';
import type { MetricsApiCounts, RequestGroup } from './telemetry.ts';

export interface ApiServerDeps {
  /** That of now. */
  readonly adapter: () => MetricsAdapter;
  /** `open` to everybody, or who is to be asked about each request. */
  readonly admission: 'open' | { readonly authenticator: Authenticator; readonly authorizer: Authorizer };
  readonly counts: MetricsApiCounts;
  readonly clock: Clock;
  readonly log: Log;
  /** Where the line `listening on …` goes. */
  readonly print: (line: string) => void;
  /** For `/readyz`. */
  readonly ready: () => readonly HealthCheck[];
  /** Told of each request's time. */
  readonly observe: (group: RequestGroup, seconds: number) => void;
  /** Told of a namespace of which a value was asked for in vain: an HPA may be waiting for it. */
  readonly unserved: (namespace: string) => void;
}

/** The API server gives up after a minute. */
const REQUEST_TIMEOUT_MS = 60_000;
/** Longer than the 90 s after which Go's client closes an idle connection: closing is the client's part. */
const KEEP_ALIVE_TIMEOUT_MS = 100_000;
/** API servers keep a few connections each; beyond, it is not them. */
const MAX_CONNECTIONS = 512;
/** At 2 ms each, one second of waiting: the HPA controller asks one after another. */
const MAX_IN_FLIGHT = 500;
const BUSY_RETRY_SECONDS = 1;

const NEVER = new AbortController().signal;

const VERBS: Readonly<Record<string, string>> = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' };

export class MetricsApiListener {
  readonly #address: HostPort;
  readonly #deps: ApiServerDeps;
  readonly #log: Log;
  /** Ends questions to the API server that several requests may wait for: not with any one of them. */
  readonly #ending = new AbortController();
  #app: FastifyInstance<Server> | undefined;
  #closed: Promise<void> | undefined;

  constructor(address: HostPort, deps: ApiServerDeps) {
    this.#address = address;
    this.#deps = deps;
    this.#log = limitRepeats(deps.log.child({ listener: 'metrics-api' }), deps.clock);
  }

  /** Opens the port and prints `listening on https://HOST:PORT (metrics-api)`.
   *  @throws {VigieError} LISTEN_FAILED */
  async start(tls: ServerTlsOptions): Promise<void> {
    const app = this.#createApp(tls);
    this.#app = app;
    await app.ready();
    await openPort(app.server, this.#address);
    app.server.on('error', (error) => this.#log.error('cannot accept a connection', { error }));
    this.#deps.print(`listening on https://${formatHostPort(this.address)} (metrics-api)`);
  }

  /** Where it listens, with the real port.
   *  @throws when it does not listen */
  get address(): HostPort {
    return openAddress(this.#app?.server, 'metrics-api');
  }

  /** For connections from now on. */
  use(tls: ServerTlsOptions): void {
    this.#app?.server.setSecureContext(tls);
    this.#log.info('certificate changed');
  }

  /** Takes no new connection, lets requests in progress end for at most graceMs, then cuts them. */
  close({ graceMs }: { readonly graceMs: number }): Promise<void> {
    this.#closed ??= this.#close(graceMs);
    return this.#closed;
  }

  async #close(graceMs: number): Promise<void> {
    const app = this.#app;
    const cut = this.#deps.clock.setTimer(graceMs, () => app?.server.closeAllConnections());
    await app?.close();
    cut.cancel();
    this.#ending.abort(new DOMException('the metrics API ends', 'AbortError'));
  }

  #createApp(tls: ServerTlsOptions): FastifyInstance<Server> {
    const app = fastify({
      // Whom a certificate is to be believed of is looked at per request: authorities change.
      https: { ...tls, requestCert: true, rejectUnauthorized: false },
      logger: false,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      forceCloseConnections: 'idle',
      return503OnClosing: false,
      exposeHeadRoutes: false,
      frameworkErrors: (error, request, reply) => void this.#refuse(clientError(error), request, reply, NEVER),
    });
    app.setErrorHandler((error, request, reply) => this.#refuse(clientError(error), request, reply, NEVER));
    app.server.maxConnections = MAX_CONNECTIONS;
    app.removeAllContentTypeParsers();
    // Nothing here takes a body.
    app.addContentTypeParser('*', (_request, payload, done) => {
      payload.resume();
      done(null);
    });
    for (const path of ['/healthz', '/livez', '/readyz']) {
      app.get(path, (request, reply) => this.#health(path, request, reply));
      app.get(`${path}/*`, (request, reply) => this.#health(path, request, reply));
    }
    app.all('*', (request, reply) => this.#serve(request, reply));
    return app;
  }

  /** In the manner of API servers: `ok`, or a line for each check. */
  #health(path: string, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const url = new URL(request.raw.url ?? '/', 'https://localhost');
    const all = path === '/readyz' ? this.#deps.ready() : [{ name: 'ping' }];
    const named = url.pathname.slice(path.length + 1);
    const checks: readonly HealthCheck[] = named === '' ? all : all.filter(({ name }) => name === named);
    reply.header('content-type', 'text/plain; charset=utf-8').header('cache-control', 'no-cache, private');
    if (checks.length === 0) return reply.code(404).send('404 page not found\n');
    const isWell = checks.every(({ problem }) => problem === undefined);
    if (isWell && !url.searchParams.has('verbose')) return reply.send('ok');
    const lines = checks.map(({ name, problem }) =>
      problem === undefined ? `[+]${name} ok` : `[-]${name} failed: ${problem}`,
    );
    const verdict = `${path.slice(1)} check ${isWell ? 'passed' : 'failed'}`;
    return reply.code(isWell ? 200 : 500).send(`${[...lines, verdict].join('\n')}\n`);
  }

  async #serve(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { counts, clock, observe } = this.#deps;
    const startedAtMs = clock.monotonicMs();
    const controller = new AbortController();
    let group: RequestGroup = 'none';
    counts.inFlight++;
    reply.raw.once('close', () => {
      counts.inFlight--;
      counts.answered(group, reply.statusCode);
      observe(group, (clock.monotonicMs() - startedAtMs) / 1000);
      if (!reply.raw.writableFinished) controller.abort(new DOMException('the client has gone', 'AbortError'));
    });
    try {
      if (counts.inFlight > MAX_IN_FLIGHT) throw tooManyRequests();
      const { path, query } = targetOf(request.raw);
      const parsed = parsePath(path);
      if (parsed === undefined) throw new ApiRefusal('BadRequest', `invalid request path ${JSON.stringify(path)}`);
      group = groupOf(parsed.request);
      await this.#admit(request.raw, parsed.attributes);
      if (parsed.request === undefined) throw notServed();
      if (request.method !== 'GET' && request.method !== 'HEAD') throw methodNotAllowed();
      const asked = { request: parsed.request, query, accept: request.headers.accept };
      const answer = await this.#answer(asked, controller.signal);
      reply.header('content-type', answer.contentType).header('cache-control', 'no-cache, private');
      if (answer.etag !== undefined) {
        reply.header('etag', answer.etag).header('vary', 'Accept');
        if (request.headers['if-none-match'] === answer.etag) return reply.code(304).send();
      }
      return reply.send(answer.body);
    } catch (error) {
      return this.#refuse(error, request, reply, controller.signal);
    }
  }

  /** @throws {ApiRefusal} */
  async #answer(asked: AskedFor, signal: AbortSignal): Promise<ApiAnswer> {
    const { adapter, unserved } = this.#deps;
    const { request } = asked;
    const namespace = 'namespace' in request ? request.namespace : undefined;
    let isServed = false;
    try {
      const answer = await answerRequest(asked, adapter(), signal);
      isServed = !answer.isEmpty;
      return answer;
    } finally {
      if (!isServed && !signal.aborted && namespace !== undefined) unserved(namespace);
    }
  }

  /** @throws {ApiRefusal} */
  async #admit(request: IncomingMessage, attributes: AccessQuestion): Promise<void> {
    const { admission, counts } = this.#deps;
    if (admission === 'open') return;
    const { authenticator, authorizer } = admission;
    const { signal } = this.#ending;
    const who = await authenticator.authenticate(request, signal);
    counts.authenticated(who.status === 'known' ? who.method : who.status);
    if (who.status === 'refused') {
      this.#log.info('a request was not authenticated', { reason: who.reason });
      throw new ApiRefusal('Unauthorized', 'Unauthorized');
    }
    if (who.status === 'unavailable') {
      this.#log.error('requests cannot be authenticated', { reason: who.reason });
      throw new ApiRefusal('ServiceUnavailable', 'requests cannot be authenticated at the moment');
    }
    const verb = VERBS[request.method ?? 'GET'];
    const asked = verb === undefined ? attributes : { ...attributes, verb };
    const refusal = await authorizer.refusal(who.user, who.method, asked, signal);
    if (refusal === undefined) return;
    if (refusal.httpStatus >= 500) this.#log.error('requests cannot be authorised', { detail: refusal.message });
    throw refusal;
  }

  #refuse(error: unknown, request: FastifyRequest, reply: FastifyReply, signal: AbortSignal): FastifyReply {
    let refusal: ApiRefusal;
    if (error instanceof ApiRefusal) refusal = error;
    else {
      if (!signal.aborted) this.#log.error('a request failed', { method: request.method, path: request.url, error });
      refusal = new ApiRefusal('InternalError', 'Internal error occurred');
    }
    const retryAfter = refusal.details?.retryAfterSeconds;
    if (retryAfter !== undefined) reply.header('retry-after', String(retryAfter));
    return reply
      .code(refusal.httpStatus)
      .header('content-type', 'application/json')
      .header('cache-control', 'no-cache, private')
      .send(Buffer.from(JSON.stringify(refusal.body)));
  }
}

/** What fastify refuses by itself: a path that is no encoding of one, a body that is too long. */
function clientError(error: unknown): unknown {
  const status: unknown = error instanceof Error ? Reflect.get(error, 'statusCode') : undefined;
  if (typeof status !== 'number' || status < 400 || status > 499) return error;
  return new ApiRefusal('BadRequest', describeError(error));
}

function targetOf({ url = '/' }: IncomingMessage): { readonly path: string; readonly query: URLSearchParams } {
  const at = url.indexOf('?');
  return at < 0
    ? { path: url, query: new URLSearchParams() }
    : { path: url.slice(0, at), query: new URLSearchParams(url.slice(at + 1)) };
}

function groupOf(request: ApiRequest | undefined): RequestGroup {
  switch (request?.kind) {
    case undefined:
      return 'none';
    case 'openapi_v2':
    case 'openapi_v3':
    case 'openapi_v3_of':
    case 'groups':
    case 'group':
    case 'resources':
      return 'discovery';
    case 'pods':
    case 'pod':
    case 'nodes':
    case 'node':
      return RESOURCE_METRICS;
    case 'custom':
      return CUSTOM_METRICS;
    case 'external':
      return EXTERNAL_METRICS;
  }
}

function notServed(): ApiRefusal {
  return new ApiRefusal('NotFound', 'the server could not find the requested resource', {});
}

function methodNotAllowed(): ApiRefusal {
  return new ApiRefusal('MethodNotAllowed', 'the server does not allow this method on the requested resource', {});
}

function tooManyRequests(): ApiRefusal {
  const details = { retryAfterSeconds: BUSY_RETRY_SECONDS };
  return new ApiRefusal('TooManyRequests', 'the server has received too many requests, ask again later', details);
}
