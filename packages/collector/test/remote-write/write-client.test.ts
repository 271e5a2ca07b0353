import { createServer, type RequestListener, type Server } from 'node:http';
import { systemClock } from '@vigie/core/clock';
import { DEFAULT_HTTP_CLIENT } from '@vigie/core/config/http-client-config';
import { HttpClient } from '@vigie/core/http-client/http-client';
import { afterEach, describe, expect, it } from 'vitest';
import { HttpWriteClient } from '../../src/remote-write/write-client.ts';

const { signal } = new AbortController();
let server: Server | undefined;
let client: HttpWriteClient | undefined;

afterEach(() => {
  client?.close();
  server?.closeAllConnections();
  server?.close();
});

async function clientOf(listener: RequestListener, timeoutMs = 5_000): Promise<HttpWriteClient> {
  const listening = createServer(listener);
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  const address = listening.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const url = new URL(`http://127.0.0.1:${port}/api/v1/write?tenant=a`);
  const clock = systemClock;
  const authorization = { kind: 'credentials', type: 'Bearer', credentials: { value: 't' } } as const;
  const http = new HttpClient({ ...DEFAULT_HTTP_CLIENT, authorization }, { clock, env: {}, userAgent: 'vigie/test' });
  client = new HttpWriteClient({ url, timeoutMs, headers: { 'x-tenant': 'a' } }, { client: http, clock });
  return client;
}

describe('a write request over HTTP', () => {
  it('brings body and headers, and what the receiver says', async () => {
    const seen: unknown[] = [];
    const one = await clientOf((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { authorization, 'x-a': own, 'x-tenant': tenant } = request.headers;
        seen.push(request.url, authorization, own, tenant, Buffer.concat(chunks).toString());
        response.writeHead(429, { 'retry-after': '7', 'x-prometheus-remote-write-samples-written': '3' });
        response.end(`busy ${'.'.repeat(5_000)}`);
      });
    });
    const answer = await one.post(Buffer.from('body'), { 'x-a': 'b' }, signal);
    expect(seen).toEqual(['/api/v1/write?tenant=a', 'Bearer t', 'b', 'a', 'body']);
    expect(answer).toMatchObject({
      status: 'answered',
      httpStatus: 429,
      headers: { 'retry-after': '7', 'x-prometheus-remote-write-samples-written': '3' },
    });
    expect(answer.status === 'answered' && answer.text.length).toBe(1024);
  });

  it('fails where the connection breaks, or no answer comes in time', async () => {
    const reset = await clientOf((request) => request.socket.destroy());
    expect(await reset.post(Buffer.from('body'), {}, signal)).toMatchObject({ status: 'failed' });
    const hanging = await clientOf(() => undefined, 50);
    expect(await hanging.post(Buffer.from('body'), {}, signal)).toEqual({
      status: 'failed',
      detail: 'no answer within 50 ms',
    });
  });

  it('fails where an answer begins and does not end', async () => {
    const one = await clientOf((_request, response) => {
      response.writeHead(204 - 4, { 'content-length': '100' });
      response.write('beginning');
    }, 50);
    expect(await one.post(Buffer.from('body'), {}, signal)).toMatchObject({ status: 'failed' });
  });

  it('ends with the signal', async () => {
    const one = await clientOf(() => undefined);
    const ending = new AbortController();
    const posted = one.post(Buffer.from('body'), {}, ending.signal);
    ending.abort(new Error('enough'));
    await expect(posted).rejects.toThrow('enough');
  });
});
