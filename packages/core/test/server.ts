import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface TestServer {
  /** `127.0.0.1:PORT` */
  readonly address: string;
  readonly url: string;
  readonly requests: readonly http.IncomingMessage[];
}

/** Closed with the test, its connections too. */
export async function serve(answer: http.RequestListener): Promise<TestServer> {
  const requests: http.IncomingMessage[] = [];
  const server = http.createServer((incoming, outgoing) => {
    requests.push(incoming);
    answer(incoming, outgoing);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { address, url: `http://${address}`, requests };
}

/** Answers every request with the text. */
export function text(body: () => string, contentType = 'text/plain; version=0.0.4'): http.RequestListener {
  return (_incoming, outgoing) => outgoing.writeHead(200, { 'content-type': contentType }).end(body());
}
