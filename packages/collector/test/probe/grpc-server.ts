/** gRPC servers of a test, for their health. */
import type * as http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Asked {
  readonly path: string;
  readonly service: string;
}

export function startHttp2(server: http2.Http2Server | http2.Http2SecureServer): Promise<number> {
  const sessions = new Set<http2.ServerHttp2Session>();
  server.on('session', (session: http2.ServerHttp2Session) => {
    sessions.add(session);
    session.on('error', () => undefined);
  });
  // Whoever asks may go before the answer.
  server.on('stream', (stream: http2.ServerHttp2Stream) => stream.on('error', () => undefined));
  onTestFinished(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)));
}

/** A server whose services have a number of ServingStatus; others it does not know. */
export function health(services: Readonly<Record<string, number>>, asked: Asked[] = []) {
  return (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders): void => {
    stream.on('error', () => undefined);
    stream.once('data', (frame: Buffer) => {
      const service = frame.subarray(7).toString();
      asked.push({ path: String(headers[':path']), service });
      const status = services[service];
      if (status === undefined) {
        stream.respond(
          { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '5', 'grpc-message': 'unknown service' },
          { endStream: true },
        );
        return;
      }
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      const message = status === 0 ? Buffer.alloc(0) : Buffer.of(0x08, status);
      stream.end(Buffer.concat([Buffer.of(0, 0, 0, 0, message.length), message]));
    });
  };
}
