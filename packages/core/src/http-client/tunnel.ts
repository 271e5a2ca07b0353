/** HTTPS through a proxy: CONNECT, then TLS with the endpoint inside of it. */
import * as http from 'node:http';
import * as https from 'node:https';
import { isIP, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import * as tls from 'node:tls';
import type { Clock } from '../clock.ts';
import type { ClientTlsOptions } from '../tls.ts';
import { proxyAuthorization } from './proxy.ts';

export interface TunnelOptions {
  readonly proxy: URL;
  /** Of the endpoint, and of the proxy where that is HTTPS too. */
  readonly tls: ClientTlsOptions;
  /** For proxy, CONNECT and TLS together: whoever wanted the connection may be gone before it stands. */
  readonly connectTimeoutMs: number;
  readonly clock: Clock;
}

export class TunnelAgent extends https.Agent {
  readonly #tunnel: TunnelOptions;

  constructor(options: http.AgentOptions, tunnel: TunnelOptions) {
    super(options);
    this.#tunnel = tunnel;
  }

  override createConnection(
    options: https.RequestOptions,
    done?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    openTunnel(String(options.host), Number(options.port), this.#tunnel).then(
      (socket) => done?.(null, socket),
      // Node does not look at the stream where there is an error.
      (error: unknown) => done?.(error instanceof Error ? error : new Error(String(error)), new Socket()),
    );
  }
}

function openTunnel(host: string, port: number, options: TunnelOptions): Promise<tls.TLSSocket> {
  const { proxy, connectTimeoutMs, clock } = options;
  const authority = `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
  const secureProxy = proxy.protocol === 'https:';
  return new Promise((resolve, reject) => {
    const connect = (secureProxy ? https : http).request({
      host: proxy.hostname.replace(/^\[|\]$/g, ''),
      port: proxy.port === '' ? (secureProxy ? 443 : 80) : proxy.port,
      method: 'CONNECT',
      path: authority,
      headers: { host: authority, ...proxyAuthorization(proxy) },
      agent: false,
      ...(secureProxy ? options.tls : {}),
    });
    let secured: tls.TLSSocket | undefined;
    const timer = clock.setTimer(connectTimeoutMs, () => fail(new Error('the proxy did not connect in time')));
    function fail(error: Error): void {
      timer.cancel();
      connect.destroy();
      secured?.destroy();
      reject(error);
    }
    connect.on('error', fail);
    connect.on('response', (response) => fail(new Error(`the proxy answered ${response.statusCode} to CONNECT`)));
    connect.on('connect', (response, socket) => {
      if (response.statusCode !== 200) {
        socket.destroy();
        fail(new Error(`the proxy answered ${response.statusCode} to CONNECT`));
        return;
      }
      secured = tls.connect({ ...options.tls, socket, host, servername: serverName(host, options.tls) });
      secured.once('error', fail);
      secured.once('secureConnect', () => {
        timer.cancel();
        secured?.removeListener('error', fail);
        if (secured !== undefined) resolve(secured);
      });
    });
    connect.end();
  });
}

/** An address may not stand in TLS's server name (RFC 6066, 3). */
function serverName(host: string, options: ClientTlsOptions): string {
  return options.servername ?? (isIP(host) === 0 ? host : '');
}
