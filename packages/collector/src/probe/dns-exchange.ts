/** One query of the DNS protocol and its answer, by UDP, TCP or TLS. */
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import type { Clock } from '@vigie/core/clock';
import { onAbort } from '@vigie/core/on-abort';
import type { ClientTlsOptions } from '@vigie/core/tls';
import { type DnsResponse, decodeResponse } from './dns-message.ts';
import type { ProbeAddress } from './probe-address.ts';
import { dial, nextBytes, secure } from './probe-connection.ts';
import { stopwatch } from './prober.ts';

export interface DnsExchange {
  readonly server: ProbeAddress;
  readonly port: number;
  readonly sourceAddress: string | undefined;
  readonly transport: 'udp' | 'tcp';
  /** undefined: without TLS. */
  readonly tls: { readonly serverName: string; readonly options: ClientTlsOptions } | undefined;
  readonly query: Buffer;
}

export interface DnsOutcome {
  readonly response: DnsResponse;
  readonly connectSeconds: number;
  readonly requestSeconds: number;
}

/** @throws what keeps the answer from coming; the signal's reason */
export function exchangeDns(request: DnsExchange, clock: Clock, signal: AbortSignal): Promise<DnsOutcome> {
  signal.throwIfAborted();
  return request.transport === 'udp' ? overUdp(request, clock, signal) : overTcp(request, clock, signal);
}

async function overUdp(
  { server, port, sourceAddress, query }: DnsExchange,
  clock: Clock,
  signal: AbortSignal,
): Promise<DnsOutcome> {
  const socket = createSocket(server.family === 6 ? 'udp6' : 'udp4');
  const connecting = stopwatch(clock);
  let leave: (() => void) | undefined;
  try {
    return await new Promise((resolve, reject) => {
      leave = onAbort(signal, () => reject(signal.reason));
      socket.on('error', reject);
      const ask = (): void => {
        const connectSeconds = connecting();
        const requesting = stopwatch(clock);
        socket.on('message', (message) => {
          // An answer to another query is none of ours, whoever sent it.
          if (message.length < 2 || message.readUInt16BE(0) !== query.readUInt16BE(0)) return;
          const requestSeconds = requesting();
          try {
            resolve({ response: decodeResponse(message), connectSeconds, requestSeconds });
          } catch (error) {
            reject(error);
          }
        });
        socket.send(query);
      };
      // Connected, so that the system tells when nobody listens there.
      const connect = (): void => void socket.connect(port, server.address, ask);
      if (sourceAddress === undefined) connect();
      else socket.bind({ address: sourceAddress }, connect);
    });
  } finally {
    leave?.();
    close(socket);
  }
}

function close(socket: UdpSocket): void {
  socket.removeAllListeners('message');
  socket.close();
}

async function overTcp(
  { server, port, sourceAddress, tls, query }: DnsExchange,
  clock: Clock,
  signal: AbortSignal,
): Promise<DnsOutcome> {
  const connecting = stopwatch(clock);
  let socket = await dial({ address: server.address, port, sourceAddress }, signal);
  try {
    if (tls !== undefined) socket = await secure(socket, tls.serverName, tls.options, signal);
    const connectSeconds = connecting();
    const requesting = stopwatch(clock);
    const length = Buffer.alloc(2);
    length.writeUInt16BE(query.length);
    socket.write(Buffer.concat([length, query]));
    let received = Buffer.alloc(0);
    while (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) {
      const chunk = await nextBytes(socket);
      if (chunk === undefined) throw new Error('the connection was closed before the answer');
      received = Buffer.concat([received, chunk]);
    }
    const requestSeconds = requesting();
    const response = decodeResponse(received.subarray(2, 2 + received.readUInt16BE(0)));
    if (response.id !== query.readUInt16BE(0)) throw new Error('the answer is to another query');
    return { response, connectSeconds, requestSeconds };
  } finally {
    socket.destroy();
  }
}
