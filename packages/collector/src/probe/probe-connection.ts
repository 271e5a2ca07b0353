/** The connections of one probe: made for it, and closed with it. */
import { connect, isIP, type Socket } from 'node:net';
import * as tls from 'node:tls';
import { proxyAuthorization } from '@vigie/core/http-client/proxy';
import { onAbort } from '@vigie/core/on-abort';
import type { ClientTlsOptions } from '@vigie/core/tls';

export interface Endpoint {
  readonly address: string;
  readonly port: number;
  /** Of this host, from which it is dialled. */
  readonly sourceAddress?: string | undefined;
}

/** More than that is no answer to CONNECT. */
const MAX_PROXY_HEAD_BYTES = 16 * 1024;

/** @returns a socket that the signal destroys, as long as it lives
 *  @throws what keeps it from being connected; the signal's reason */
export function dial({ address, port, sourceAddress }: Endpoint, signal: AbortSignal): Promise<Socket> {
  signal.throwIfAborted();
  const socket = connect({
    host: address,
    port,
    ...(sourceAddress === undefined ? {} : { localAddress: sourceAddress }),
  });
  endWith(socket, signal);
  return new Promise((resolve, reject) => {
    socket.once('connect', () => resolve(socket));
    // It stays: an error that comes later is for whoever reads, or for nobody.
    socket.on('error', reject);
  });
}

/** @param name that the certificate is of
 *  @param protocols to offer, where the protocol above asks for one */
export function secure(
  socket: Socket,
  name: string,
  options: ClientTlsOptions,
  signal: AbortSignal,
  protocols: readonly string[] = [],
): Promise<tls.TLSSocket> {
  signal.throwIfAborted();
  const servername = options.servername ?? name;
  const secured = tls.connect({
    ...options,
    socket,
    host: servername,
    // An address may not stand there (RFC 6066, 3).
    servername: isIP(servername) === 0 ? servername : '',
    ...(protocols.length === 0 ? {} : { ALPNProtocols: [...protocols] }),
  });
  endWith(secured, signal);
  return new Promise((resolve, reject) => {
    secured.once('secureConnect', () => resolve(secured));
    secured.on('error', reject);
    secured.once('close', () => reject(new Error('the connection was closed during the TLS handshake')));
  });
}

/** Asks a proxy for a connection.
 *  @param authority `HOST:PORT` */
export async function tunnel(socket: Socket, proxy: URL, authority: string): Promise<void> {
  const headers = Object.entries({ host: authority, ...proxyAuthorization(proxy) });
  socket.write(
    `CONNECT ${authority} HTTP/1.1\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`,
  );
  let head = Buffer.alloc(0);
  while (!head.includes('\r\n\r\n')) {
    const chunk = await nextBytes(socket);
    if (chunk === undefined) throw new Error('the proxy closed the connection');
    head = Buffer.concat([head, chunk]);
    if (head.length > MAX_PROXY_HEAD_BYTES) throw new Error('the proxy gave no answer to CONNECT');
  }
  const [, status = ''] = /^HTTP\/1\.\d (\d{3})/.exec(head.toString('latin1')) ?? [];
  if (status !== '200') throw new Error(`the proxy answered ${status || 'something else'} to CONNECT`);
}

/** @returns what comes next; undefined at the end
 *  @throws what breaks the connection off */
export function nextBytes(socket: Socket): Promise<Buffer | undefined> {
  const ready: unknown = socket.read();
  if (ready instanceof Buffer) return Promise.resolve(ready);
  if (socket.errored !== null) return Promise.reject(socket.errored);
  if (socket.readableEnded || socket.destroyed) return Promise.resolve(undefined);
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      for (const event of ['readable', 'end', 'close'] as const) socket.removeListener(event, settle);
      socket.removeListener('error', settle);
      nextBytes(socket).then(resolve, reject);
    };
    for (const event of ['readable', 'end', 'close'] as const) socket.once(event, settle);
    socket.once('error', settle);
  });
}

function endWith(socket: Socket, signal: AbortSignal): void {
  const leave = onAbort(signal, () => {
    // With an error always: whoever waits for the socket hears of that alone.
    socket.destroy(signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason)));
  });
  socket.once('close', leave);
}
