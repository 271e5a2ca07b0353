/** A real HTTP server on a port of its own, whose answers a test writes, faults included. */
import { readFileSync } from 'node:fs';
import * as http from 'node:http';
import * as https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { gunzipSync } from 'node:zlib';

export interface PeerRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: http.IncomingHttpHeaders;
  /** As the client meant it: inflated. */
  readonly body: string;
  readonly bytes: Buffer;
  /** Which connection it came by, counted from 1. */
  readonly connection: number;
}

export type PeerHandler = (request: PeerRequest, response: http.ServerResponse) => void;

export interface Peer {
  readonly url: URL;
  readonly requests: PeerRequest[];
  /** What it answers from now on. */
  handle(handler: PeerHandler): void;
  /** A new certificate for new connections. */
  secure(options: https.ServerOptions): void;
  close(): Promise<void>;
}

export function tlsFile(name: string): string {
  return new URL(`../../testdata/tls/${name}`, import.meta.url).pathname;
}

export const serverTls = { cert: readFileSync(tlsFile('server.pem')), key: readFileSync(tlsFile('server.key')) };

export async function startPeer(handler: PeerHandler, tls?: https.ServerOptions): Promise<Peer> {
  const requests: PeerRequest[] = [];
  const connections = new Map<Socket, number>();
  let answer = handler;
  const listener: http.RequestListener = (incoming, response) => {
    const chunks: Buffer[] = [];
    // A client that hangs up is part of many tests.
    incoming.on('error', () => response.destroy());
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const bytes = Buffer.concat(chunks);
      const inflated = incoming.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes;
      const request: PeerRequest = {
        method: incoming.method ?? '',
        url: incoming.url ?? '',
        headers: incoming.headers,
        body: inflated.toString(),
        bytes: inflated,
        connection: connections.get(incoming.socket) ?? 0,
      };
      requests.push(request);
      answer(request, response);
    });
  };
  const server = tls === undefined ? http.createServer(listener) : https.createServer(tls, listener);
  let connectionCount = 0;
  server.on(tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
    connections.set(socket, ++connectionCount);
    socket.on('close', () => connections.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: new URL(`${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`),
    requests,
    handle: (next) => {
      answer = next;
    },
    secure: (options) => {
      if (server instanceof https.Server) server.setSecureContext(options);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Answers with a status, headers and a text. */
export function respond(
  httpStatus: number,
  body: string | Uint8Array = '',
  headers: http.OutgoingHttpHeaders = {},
): PeerHandler {
  return (_request, response) => response.writeHead(httpStatus, headers).end(body);
}

/** Keeps the request for ever. */
export const stall: PeerHandler = () => undefined;

/** Ends the connection as a crash does. */
export const reset: PeerHandler = (_request, response) => response.socket?.resetAndDestroy();

/** A port on which nobody listens: one that was just free. */
export async function closedPort(): Promise<URL> {
  const peer = await startPeer(stall);
  await peer.close();
  return peer.url;
}
