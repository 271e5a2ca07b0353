/** A server that does nothing of what it is asked: below `/401` and its like it refuses with that status, everywhere else nobody is answered. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface UnwillingServer {
  /** On loopback. */
  readonly port: number;
  close(): Promise<void>;
}

export function startUnwillingServer(): Promise<UnwillingServer> {
  const server = createServer((request, response) => {
    request.resume();
    const [, status] = /^\/([45]\d\d)(?:\/|$)/.exec(request.url ?? '') ?? [];
    if (status !== undefined) request.once('end', () => response.writeHead(Number(status)).end());
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      resolve({
        port: (server.address() as AddressInfo).port,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed());
            server.closeAllConnections();
          }),
      });
    });
  });
}
