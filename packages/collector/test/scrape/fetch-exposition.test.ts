import * as http from 'node:http';
import { gzipSync } from 'node:zlib';
import { systemClock } from '@vigie/core/clock';
import { DEFAULT_HTTP_CLIENT, type HttpClientConfig } from '@vigie/core/config/http-client-config';
import { HttpClient } from '@vigie/core/http-client/http-client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type FetchOptions, fetchExposition } from '../../src/scrape/fetch-exposition.ts';
import { serve, text } from '../server.ts';

const MIB = 1024 ** 2;
const { signal } = new AbortController();

function options(parts: Partial<FetchOptions> = {}, client: Partial<HttpClientConfig> = {}): FetchOptions {
  const deps = { clock: systemClock, env: {}, userAgent: 'vigie/1.2.3' };
  const made = new HttpClient({ ...DEFAULT_HTTP_CLIENT, ...client }, deps);
  onTestFinished(() => made.close());
  return {
    client: made,
    accept: 'text/plain;version=0.0.4;q=0.6,*/*;q=0.5',
    compressed: true,
    timeoutMs: 30_000,
    maxBodyBytes: 4 * MIB,
    clock: systemClock,
    ...parts,
  };
}

describe('fetchExposition', () => {
  it('asks as Prometheus does, on a connection that is kept', async () => {
    const ports = new Set<number | undefined>();
    const server = await serve((incoming, outgoing) => {
      ports.add(incoming.socket.remotePort);
      text(() => 'reads 1\n')(incoming, outgoing);
    });
    const asked = options({ timeoutMs: 2500 });
    for (let at = 0; at < 3; at++) {
      const { body, contentType } = await fetchExposition(`${server.url}/metrics?a=b`, asked, signal);
      expect([body.toString(), contentType]).toEqual(['reads 1\n', 'text/plain; version=0.0.4']);
    }
    expect(ports.size).toBe(1);
    expect(server.requests[0]?.url).toBe('/metrics?a=b');
    expect(server.requests[0]?.headers).toEqual({
      accept: 'text/plain;version=0.0.4;q=0.6,*/*;q=0.5',
      'accept-encoding': 'gzip',
      connection: 'keep-alive',
      host: server.address,
      'user-agent': 'vigie/1.2.3',
      'x-prometheus-scrape-timeout-seconds': '2.5',
    });
  });

  it('asks again where the target closed the kept connection meanwhile', async () => {
    const server = http.createServer(
      { keepAliveTimeout: 1 },
      text(() => 'reads 1\n'),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const asked = options();
    for (let at = 0; at < 20; at++) {
      const { body } = await fetchExposition(`http://127.0.0.1:${port}/`, asked, signal);
      expect(body.toString()).toBe('reads 1\n');
    }
  });

  it('gives up on a target that does not answer, and on one that dribbles', async () => {
    const hanging = await serve(() => undefined);
    await expect(fetchExposition(hanging.url, options({ timeoutMs: 50 }), signal)).rejects.toMatchObject({
      failure: 'timeout',
      message: `Get "${hanging.url}": context deadline exceeded`,
    });
    const dribbling = await serve((_incoming, outgoing) => {
      outgoing.writeHead(200, { 'content-type': 'text/plain' });
      const timer = setInterval(() => outgoing.write('reads 1\n'), 10);
      outgoing.on('close', () => clearInterval(timer));
    });
    await expect(fetchExposition(dribbling.url, options({ timeoutMs: 100 }), signal)).rejects.toMatchObject({
      failure: 'timeout',
      message: 'context deadline exceeded',
    });
  });

  it('reads no more of a body without end than it may', async () => {
    let sent = 0;
    const server = await serve((_incoming, outgoing) => {
      const chunk = Buffer.alloc(MIB, 'x');
      const push = (): void => {
        while (sent < 1024 && outgoing.write(chunk)) sent++;
      };
      outgoing.on('drain', push);
      push();
    });
    await expect(fetchExposition(server.url, options(), signal)).rejects.toMatchObject({
      failure: 'body_size_limit',
      message: 'body size limit exceeded',
    });
    expect(sent).toBeLessThan(64);
  });

  it('refuses a body that says how large it is without reading it, and one as large as the limit', async () => {
    const large = await serve((_incoming, outgoing) =>
      outgoing.writeHead(200, { 'content-length': 2 ** 30 }).write('x'),
    );
    await expect(fetchExposition(large.url, options(), signal)).rejects.toMatchObject({ failure: 'body_size_limit' });
    const exact = await serve(text(() => 'x'.repeat(100)));
    await expect(fetchExposition(exact.url, options({ maxBodyBytes: 100 }), signal)).rejects.toMatchObject({
      failure: 'body_size_limit',
    });
    expect((await fetchExposition(exact.url, options({ maxBodyBytes: 101 }), signal)).body).toHaveLength(100);
  });

  it('reads gzip, of a bomb no more than it may, and says when it is none', async () => {
    const send = (body: Buffer): Promise<{ url: string }> =>
      serve((_incoming, outgoing) => outgoing.writeHead(200, { 'content-encoding': 'gzip' }).end(body));
    const good = await send(gzipSync('reads 1\n'));
    expect((await fetchExposition(good.url, options(), signal)).body.toString()).toBe('reads 1\n');
    const bomb = await send(gzipSync(Buffer.alloc(64 * MIB)));
    await expect(fetchExposition(bomb.url, options(), signal)).rejects.toMatchObject({ failure: 'body_size_limit' });
    const none = await send(Buffer.from('reads 1\n'));
    await expect(fetchExposition(none.url, options(), signal)).rejects.toMatchObject({
      failure: 'connection',
      message: expect.stringContaining('incorrect header check'),
    });
  });

  it.each([
    ['nothing', [0]],
    ['a line', [8]],
    ['what is inflated here', [2 * MIB - 1]],
    ['what another thread inflates', [3 * MIB]],
    ['several members, of which the last is small', [3 * MIB, 1]],
  ])('reads a compressed body: %s', async (_title, members) => {
    const bodies = members.map((bytes, index) => Buffer.alloc(bytes, `member ${index}\n`));
    const server = await serve((_incoming, outgoing) => {
      outgoing.writeHead(200, { 'content-encoding': 'gzip' });
      outgoing.end(Buffer.concat(bodies.map((body) => gzipSync(body))));
    });
    const { body } = await fetchExposition(server.url, options(), signal);
    expect(body.equals(Buffer.concat(bodies))).toBe(true);
  });

  it('says which status it got', async () => {
    const server = await serve((_incoming, outgoing) => outgoing.writeHead(401).end('no'));
    await expect(fetchExposition(server.url, options(), signal)).rejects.toMatchObject({
      failure: 'http_status',
      message: 'server returned HTTP status 401 Unauthorized',
    });
  });

  it('says why there is no connection, and what is no address', async () => {
    await expect(fetchExposition('http://127.0.0.1:1/metrics', options(), signal)).rejects.toMatchObject({
      failure: 'connection',
      message: 'Get "http://127.0.0.1:1/metrics": connect ECONNREFUSED 127.0.0.1:1',
    });
    await expect(fetchExposition('http://a b/metrics', options(), signal)).rejects.toMatchObject({
      message: 'Get "http://a b/metrics": invalid URL',
    });
    await expect(fetchExposition('ftp://a/metrics', options(), signal)).rejects.toMatchObject({
      message: 'Get "ftp://a/metrics": unsupported protocol scheme "ftp"',
    });
  });

  it('notices a connection that breaks off', async () => {
    const server = await serve((_incoming, outgoing) => {
      outgoing.writeHead(200, { 'content-length': 100 });
      outgoing.write('reads', () => outgoing.socket?.destroy());
    });
    await expect(fetchExposition(server.url, options(), signal)).rejects.toMatchObject({
      failure: 'connection',
      message: 'aborted',
    });
  });

  it('ends with its signal', async () => {
    const server = await serve(() => undefined);
    const ending = new AbortController();
    const fetched = fetchExposition(server.url, options(), ending.signal);
    ending.abort(new Error('the end'));
    await expect(fetched).rejects.toThrow('the end');
  });
});
