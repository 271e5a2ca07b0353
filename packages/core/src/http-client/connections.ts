/** The connections to a few servers: kept alive, straight or through a proxy, with the certificates of now. */
import * as http from 'node:http';
import * as https from 'node:https';
import type { Clock } from '../clock.ts';
import type { ReloadedFiles } from '../reloaded-files.ts';
import type { ClientTlsOptions } from '../tls.ts';
import { proxyAuthorization, proxyFor } from './proxy.ts';
import { TunnelAgent } from './tunnel.ts';

/** How a request gets to its endpoint. */
export interface Route {
  readonly agent: http.Agent;
  /** The agent's connections are TLS. */
  readonly secure: boolean;
  /** Whom the agent connects to: the endpoint, or the proxy that fetches for us. */
  readonly connectTo: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** What stands in the request line for a path of the endpoint. */
  readonly target: (path: string) => string;
}

export interface ConnectionOptions {
  readonly tls: ReloadedFiles<ClientTlsOptions>;
  /** HTTPS_PROXY, HTTP_PROXY, NO_PROXY. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** For every endpoint, those of this host too, and in place of what `env` says. */
  readonly proxy?: URL | undefined;
  readonly connectTimeoutMs: number;
  /** Of connections that nothing uses. For callers that ask again where one was closed meanwhile; else 30 s. */
  readonly idleMs?: number;
  readonly clock: Clock;
}

/** Proxies and load balancers close a connection that idles for a minute (ALB 60 s, nginx 75 s), and a request that
 *  is written at that moment fails: we close it first. */
const IDLE_MS = 30_000;
/** Last in, first out, so that surplus ones do go idle. */
const AGENT_OPTIONS = { keepAlive: true, scheduling: 'lifo', maxFreeSockets: 16 } as const;

export class Connections {
  readonly #options: ConnectionOptions;
  readonly #agents = new Map<string, http.Agent>();
  #tls: ClientTlsOptions | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /** @throws {VigieError} when the certificate files have never been good */
  routeTo(endpoint: URL): Route {
    const tls = this.#currentTls();
    const proxy = this.#options.proxy ?? proxyFor(endpoint, this.#options.env);
    const straight = { headers: {}, target: (path: string) => path };
    const secure = endpoint.protocol === 'https:';
    if (proxy === undefined) return { agent: this.#direct(secure, tls), secure, connectTo: endpoint, ...straight };
    if (secure) return { agent: this.#tunnel(proxy, tls), secure, connectTo: endpoint, ...straight };
    const secureProxy = proxy.protocol === 'https:';
    return {
      agent: this.#direct(secureProxy, tls),
      secure: secureProxy,
      connectTo: proxy,
      headers: proxyAuthorization(proxy),
      target: (path) => `${endpoint.origin}${path}`,
    };
  }

  close(): void {
    for (const agent of this.#agents.values()) agent.destroy();
    this.#agents.clear();
  }

  /** Changed certificates apply to new connections; requests that run finish on the old ones. */
  #currentTls(): ClientTlsOptions {
    const options = this.#options.tls.current();
    if (this.#tls !== undefined && options !== this.#tls) {
      for (const agent of this.#agents.values()) retire(agent);
      this.#agents.clear();
    }
    this.#tls = options;
    return options;
  }

  #direct(secure: boolean, tls: ClientTlsOptions): http.Agent {
    const options = this.#agentOptions();
    return this.#agent(secure ? 'https' : 'http', () =>
      secure ? new https.Agent({ ...options, ...tls }) : new http.Agent(options),
    );
  }

  #tunnel(proxy: URL, tls: ClientTlsOptions): http.Agent {
    const { connectTimeoutMs, clock } = this.#options;
    return this.#agent(
      `tunnel ${proxy.href}`,
      () => new TunnelAgent(this.#agentOptions(), { proxy, tls, connectTimeoutMs, clock }),
    );
  }

  #agentOptions() {
    return { ...AGENT_OPTIONS, timeout: this.#options.idleMs ?? IDLE_MS };
  }

  #agent(key: string, create: () => http.Agent): http.Agent {
    const agent = this.#agents.get(key) ?? create();
    this.#agents.set(key, agent);
    return agent;
  }
}

function retire(agent: http.Agent): void {
  // A connection that becomes free finds no place to wait in, and is closed.
  agent.maxFreeSockets = 0;
  for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
}
