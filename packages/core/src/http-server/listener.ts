/** One HTTP(S) listener on node:http: fastify costs an agent more memory than everything else in it
 *  (docs/decisions/0001). */
import * as http from 'node:http';
import type * as https from 'node:https';
import type { Clock, Timer } from '../clock.ts';
import { errorCode } from '../errors.ts';
import { formatHostPort, type HostPort, isLoopback } from '../host-port.ts';
import { limitRepeats } from '../limit-repeats.ts';
import type { Log } from '../log.ts';
import { FILE_CHECK_INTERVAL_MS, type ReloadedFiles } from '../reloaded-files.ts';
import type { ServerTlsFiles, ServerTlsOptions } from '../tls.ts';
import type { Authenticator, AuthOptions } from './auth.ts';
import { checkNotForeignPage } from './browser-guard.ts';
import { errorReply, HttpError, type HttpReply } from './exchange.ts';
import { type Mount, mountOf } from './mount.ts';
import { openAddress, openPort } from './port.ts';
import { sendReply } from './reply.ts';
import { requestOf } from './request.ts';
import { type Route, RouteTable } from './routes.ts';

export interface ListenerOptions {
  /** In the line that says where it listens: http, otlp, loki, metrics-api. */
  readonly name: string;
  /** Port 0 takes a free one. */
  readonly address: HostPort;
  readonly tls?: ServerTlsFiles | undefined;
  readonly auth: AuthOptions;
  /** Whether pages of metrics need no auth. */
  readonly openMetrics?: boolean;
}

export interface ListenerDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Where the line `listening on …` goes: stderr. */
  readonly print: (line: string) => void;
}

/** A client has this long for its headers, and for all of its request: a slow one cannot hold a connection for ever. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 60_000;
/** Longer than the usual 60 s of scrapers and balancers, so that they, not we, close idle connections. */
const KEEP_ALIVE_TIMEOUT_MS = 65_000;
/** Scrapers, probes, consoles and pushing applications of one node; each costs about 20 KiB. */
const MAX_CONNECTIONS = 1024;

export class HttpListener {
  readonly #options: ListenerOptions;
  readonly #deps: ListenerDeps;
  readonly #log: Log;
  readonly #routes: RouteTable;
  readonly #mounts: readonly Mount[];
  #auth: Authenticator | undefined;
  /** Of the requests in progress. AbortSignal.any with a signal that lives as long as the process leaks on Node 20. */
  readonly #active = new Set<AbortController>();
  #server: http.Server | undefined;
  /** The same server and its files, where it has certificates. */
  #secure: { readonly server: https.Server; readonly files: ReloadedFiles<ServerTlsOptions> } | undefined;
  #servedTls: ServerTlsOptions | undefined;
  #fileCheck: Timer | undefined;
  #exposed = false;
  #closed: Promise<void> | undefined;

  /** @param mounts go before the routes
   *  @throws {VigieError} ROUTE_DUPLICATE */
  constructor(options: ListenerOptions, routes: readonly Route[], deps: ListenerDeps, mounts: readonly Mount[] = []) {
    this.#options = options;
    this.#deps = deps;
    this.#log = limitRepeats(deps.log.child({ listener: options.name }), deps.clock);
    this.#routes = new RouteTable(routes);
    this.#mounts = mounts;
  }

  /** Opens the port and prints `listening on http://HOST:PORT (name)`.
   *  @throws {VigieError} LISTEN_FAILED, or what the files of tls and auth are found to be (tls.ts, secrets.ts) */
  async start(): Promise<void> {
    const { address, auth } = this.#options;
    // Loaded where it is asked for: with it comes OpenSSL.
    if (auth.type !== 'none') this.#auth = (await import('./auth.ts')).authenticator(auth, this.#deps.clock);
    // Read now, so that a missing file is known at start.
    this.#auth?.secret?.value();
    const server = await this.#createServer();
    this.#server = server;
    await openPort(server, address);
    // Such as EMFILE on accept: the next connection may be accepted again.
    server.on('error', (error) => this.#log.error('cannot accept a connection', { error }));
    this.#exposed = !isLoopback(this.address.host);
    this.#scheduleFileCheck();
    const scheme = this.#secure === undefined ? 'http' : 'https';
    this.#deps.print(`listening on ${scheme}://${formatHostPort(this.address)} (${this.#options.name})`);
    if (this.#exposed && this.#auth === undefined) {
      this.#log.info('beyond loopback and without auth: only health paths and /metrics are served');
    }
  }

  /** Where it listens, with the real port.
   *  @throws when it does not listen */
  get address(): HostPort {
    return openAddress(this.#server, this.#options.name);
  }

  /** Takes no new connection, lets requests in progress end for at most graceMs, then cuts them. */
  close({ graceMs }: { readonly graceMs: number }): Promise<void> {
    this.#closed ??= this.#close(graceMs);
    return this.#closed;
  }

  async #close(graceMs: number): Promise<void> {
    this.#fileCheck?.cancel();
    const server = this.#server;
    if (server === undefined || !server.listening) return;
    const cut = this.#deps.clock.setTimer(graceMs, () => {
      for (const request of this.#active) request.abort(new Error('the listener closes'));
      server.closeAllConnections();
    });
    // Closes idle connections too; a busy one closes behind its answer, which says `connection: close`.
    await new Promise<void>((resolve) => server.close(() => resolve()));
    cut.cancel();
  }

  /** TLS is loaded where it is asked for: it takes 3 MB (docs/decisions/0017). */
  async #createServer(): Promise<http.Server> {
    const timeouts = {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    };
    const onRequest = (incoming: http.IncomingMessage, outgoing: http.ServerResponse): void => {
      void this.#serve(incoming, outgoing);
    };
    const { tls } = this.#options;
    let server: http.Server;
    if (tls === undefined) server = http.createServer(timeouts, onRequest);
    else {
      const [{ createServer }, { serverTls }] = await Promise.all([import('node:https'), import('../tls.ts')]);
      const files = serverTls(tls, this.#deps.clock);
      this.#servedTls = files.current();
      const options = { ...timeouts, ...this.#servedTls, ...this.#clientCertificates() };
      const secure = createServer(options, onRequest);
      this.#secure = { server: secure, files };
      server = secure;
    }
    server.maxConnections = MAX_CONNECTIONS;
    return server;
  }

  /** A client without a certificate passes the handshake and is refused per route: the kubelet probes without one. */
  #clientCertificates(): https.ServerOptions {
    return this.#options.auth.type === 'mtls' ? { requestCert: true, rejectUnauthorized: false } : {};
  }

  async #serve(incoming: http.IncomingMessage, outgoing: http.ServerResponse): Promise<void> {
    const controller = new AbortController();
    const { signal } = controller;
    this.#active.add(controller);
    outgoing.once('close', () => {
      this.#active.delete(controller);
      if (!outgoing.writableFinished) controller.abort(new Error('the client has gone'));
    });
    let reply: HttpReply;
    try {
      const mount = this.#mountFor(incoming);
      if (mount !== undefined) {
        this.#pass(mount, incoming, outgoing);
        return;
      }
      reply = await this.#answer(incoming, signal);
    } catch (error) {
      if (!(error instanceof HttpError) && !signal.aborted) {
        this.#log.error('request failed', { method: incoming.method, path: incoming.url, error });
      }
      reply = errorReply(error instanceof HttpError ? error : new HttpError(500, 'internal error'));
    }
    if (!this.#server?.listening) outgoing.setHeader('connection', 'close');
    try {
      await sendReply(reply, incoming, outgoing, signal);
    } catch (error) {
      // The status is out already: only a broken connection tells the client that the rest will not come.
      if (!isClientGone(error)) this.#log.error('answer broke off', { path: incoming.url, error });
      outgoing.destroy();
    }
  }

  /** @throws {HttpError} 401 or 403 */
  #mountFor(incoming: http.IncomingMessage): Mount | undefined {
    if (this.#mounts.length === 0) return undefined;
    const [path = ''] = (incoming.url ?? '/').split('?', 1);
    const mount = mountOf(this.#mounts, path);
    if (mount !== undefined) this.#admit({}, incoming);
    return mount;
  }

  #pass(mount: Mount, incoming: http.IncomingMessage, outgoing: http.ServerResponse): void {
    outgoing.setHeader('x-content-type-options', 'nosniff');
    // As for routes: behind the last answer of a listener that closes, the connection does not stay open.
    outgoing.once('finish', () => {
      if (!this.#server?.listening) incoming.socket.destroySoon();
    });
    mount.serve(incoming, outgoing);
  }

  async #answer(incoming: http.IncomingMessage, signal: AbortSignal): Promise<HttpReply> {
    const target = incoming.url ?? '/';
    const queryAt = target.indexOf('?');
    const path = queryAt === -1 ? target : target.slice(0, queryAt);
    const query = new URLSearchParams(queryAt === -1 ? '' : target.slice(queryAt + 1));
    const { route, rest } = this.#routes.find(incoming.method ?? '', path);
    this.#admit(route, incoming);
    return route.handler(requestOf(incoming, { route, path, rest, query, signal }));
  }

  /** @throws {HttpError} 401 or 403 */
  #admit({ access = 'caller' }: Pick<Route, 'access'>, incoming: http.IncomingMessage): void {
    if (access === 'anyone' || (access === 'reader' && this.#options.openMetrics === true)) return;
    if (this.#auth !== undefined) {
      this.#auth.check(incoming.headers, incoming.socket);
      return;
    }
    if (!this.#exposed) checkNotForeignPage(incoming);
    else if (access !== 'reader') {
      throw new HttpError(
        403,
        'this listener is open beyond loopback and has no auth: it serves health paths and /metrics',
      );
    }
  }

  #scheduleFileCheck(): void {
    if (this.#secure === undefined && this.#auth?.secret === undefined) return;
    this.#fileCheck = this.#deps.clock.setTimer(FILE_CHECK_INTERVAL_MS, () => {
      this.#checkFiles();
      this.#scheduleFileCheck();
    });
  }

  #checkFiles(): void {
    this.#auth?.secret?.value();
    const options = this.#secure?.files.current();
    for (const error of [this.#auth?.secret?.failure, this.#secure?.files.failure]) {
      if (error !== undefined) this.#log.error('cannot take up a changed file, the last good one stays', { error });
    }
    if (options === undefined || options === this.#servedTls || this.#secure === undefined) return;
    this.#secure.server.setSecureContext(options);
    this.#servedTls = options;
    this.#log.info('certificates reloaded');
  }
}

/** What a pipeline ends with when the socket closes under it, or the signal of a close aborts it. */
function isClientGone(error: unknown): boolean {
  const code = errorCode(error);
  return code === 'ERR_STREAM_PREMATURE_CLOSE' || code === 'ABORT_ERR' || code === 'ECONNRESET' || code === 'EPIPE';
}
