/** An HTTP server on loopback that answers as told and remembers what it was asked: for those requests whose server cannot be had. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface RecordedRequest {
  readonly method: string;
  /** Path without the query. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Parsed if it is JSON, else its text; undefined if there was none. */
  readonly body: unknown;
}

export interface RecordedAnswer {
  readonly status: number;
  readonly body: object;
}

export interface RecordingServer {
  readonly url: string;
  readonly requests: readonly RecordedRequest[];
  close(): Promise<void>;
}

/** @param headers of every answer
 *  @param answer what to answer; undefined is a 400 as the servers answer to a path that they do not have */
export function startRecordingServer(
  headers: Readonly<Record<string, string>>,
  answer: (request: RecordedRequest) => RecordedAnswer | undefined,
): Promise<RecordingServer> {
  const requests: RecordedRequest[] = [];
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const url = new URL(incoming.url ?? '/', 'http://127.0.0.1');
      const request: RecordedRequest = {
        method: incoming.method ?? '',
        path: decodeURIComponent(url.pathname),
        query: Object.fromEntries(url.searchParams),
        headers: incoming.headers,
        body: parsedBody(Buffer.concat(chunks).toString('utf8')),
      };
      requests.push(request);
      const { status, body } = answer(request) ?? {
        status: 400,
        body: { error: `no handler found for uri [${incoming.url}] and method [${incoming.method}]` },
      };
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(request.method === 'HEAD' ? undefined : JSON.stringify(body));
    });
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      resolve({
        url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        requests,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed());
            server.closeAllConnections();
          }),
      });
    });
  });
}

function parsedBody(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}

/** The answer to a bulk that stores everything: one item for each action line. */
export function bulkAccepted(body: unknown): RecordedAnswer {
  const lines = String(body).split('\n').length - 1;
  const items = Array.from({ length: lines / 2 }, () => ({ create: { status: 201 } }));
  return { status: 200, body: { took: 1, errors: false, items } };
}
