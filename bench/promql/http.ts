/** The harness' side of HTTP: one connection for each request at a time, kept open. */
import { Agent, request } from 'node:http';

const agent = new Agent({ keepAlive: true, maxSockets: 4 });

export interface HttpAnswer {
  readonly status: number;
  readonly body: Buffer;
  /** From the request to the last byte of the answer. */
  readonly ms: number;
}

export function send(
  url: string,
  method: 'GET' | 'POST',
  headers: Readonly<Record<string, string>>,
  body?: Buffer,
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const startedMs = performance.now();
    const sent = request(url, {
      method,
      agent,
      headers: body === undefined ? headers : { ...headers, 'content-length': body.length },
    });
    sent.on('error', reject);
    sent.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const ms = performance.now() - startedMs;
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks), ms });
      });
    });
    sent.end(body);
  });
}

export function closeConnections(): void {
  agent.destroy();
}
