import { readFileSync } from 'node:fs';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import * as http from 'node:http';
import * as net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from '@vigie/core/fake-clock';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HttpClient } from '../../../src/sinks/http-client/client.ts';
import type { Exchange } from '../../../src/sinks/http-client/exchange.ts';
import type { HttpSettings } from '../../../src/sinks/http-client/settings.ts';
import { closedPort, type Peer, reset, respond, serverTls, startPeer, tlsFile } from '../http-peer.ts';

const cleanups: (() => Promise<void> | void)[] = [];
let clock: FakeClock;
let reloadFailures: string[];
let folder: string;
beforeEach(async () => {
  clock = new FakeClock();
  reloadFailures = [];
  folder = await mkdtemp(join(tmpdir(), 'vigie-client-'));
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
  await rm(folder, { recursive: true });
});

async function peerOf(...options: Parameters<typeof startPeer>): Promise<Peer> {
  const peer = await startPeer(...options);
  cleanups.push(() => peer.close());
  return peer;
}

function clientOf(
  endpoints: readonly URL[],
  settings: Partial<HttpSettings> = {},
  env: Readonly<Record<string, string>> = {},
): HttpClient {
  const client = new HttpClient(
    {
      endpoints,
      tls: {},
      credentials: { type: 'none' },
      compression: undefined,
      headers: {},
      limits: { connectTimeoutMs: 1_000, requestTimeoutMs: 1_000 },
      ...settings,
    },
    { clock, env, version: '9.8.7', reloadFailed: (detail) => reloadFailures.push(detail) },
  );
  cleanups.push(() => client.close());
  return client;
}

function post(client: HttpClient, body = '{"n":1}\n'): Promise<Exchange> {
  return client.send(
    {
      method: 'POST',
      path: '/_bulk?x=1',
      contentType: 'application/x-ndjson',
      body: Buffer.from(body),
      maxAnswerBytes: 1000,
    },
    new AbortController().signal,
  );
}

const answered = { status: 'answered', httpStatus: 200 };

describe('HTTP client', () => {
  test('says who it is, to whom, and what it sends', async () => {
    const peer = await peerOf(respond(200));
    await post(clientOf([new URL('/below/', peer.url)], { headers: { 'x-tenant': 'shop' } }));
    const [request] = peer.requests;
    expect(request?.url).toBe('/below/_bulk?x=1');
    expect(request?.headers).toMatchObject({
      host: peer.url.host,
      'user-agent': 'vigie/9.8.7',
      'content-type': 'application/x-ndjson',
      'content-length': '8',
      'x-tenant': 'shop',
    });
    expect(request?.headers.authorization).toBeUndefined();
    expect(request?.headers['content-encoding']).toBeUndefined();
  });

  test('compresses bodies when told to', async () => {
    const peer = await peerOf(respond(200));
    const body = '{"message":"the same again"}\n'.repeat(10_000);
    await post(clientOf([peer.url], { compression: { algorithm: 'gzip', level: 1 } }), body);
    const [request] = peer.requests;
    expect(request?.headers['content-encoding']).toBe('gzip');
    expect(Number(request?.headers['content-length'])).toBeLessThan(body.length / 50);
    expect(request?.body === body).toBe(true);
  });

  test('sends to its endpoints in turn', async () => {
    const [a, b] = [await peerOf(respond(200)), await peerOf(respond(200))];
    const client = clientOf([a.url, b.url]);
    for (let n = 0; n < 6; n++) await post(client);
    expect([a.requests.length, b.requests.length]).toEqual([3, 3]);
  });

  test('goes to another endpoint at once when one cannot be reached', async () => {
    const b = await peerOf(respond(200));
    const client = clientOf([await closedPort(), b.url]);
    for (let n = 0; n < 3; n++) expect(await post(client)).toMatchObject(answered);
    expect(b.requests).toHaveLength(3);
  });

  test('does not send a body elsewhere that may have arrived, but leaves that endpoint out afterwards', async () => {
    const [a, b] = [await peerOf(reset), await peerOf(respond(200))];
    const client = clientOf([a.url, b.url]);
    expect(await post(client)).toMatchObject({ status: 'failed', connected: true });
    expect(b.requests).toHaveLength(0);
    for (let n = 0; n < 3; n++) expect(await post(client)).toMatchObject(answered);
    expect(a.requests).toHaveLength(1);
  });

  test('leaves out an endpoint behind whose gateway nobody is, and comes back to it', async () => {
    const [a, b] = [await peerOf(respond(503)), await peerOf(respond(200))];
    const client = clientOf([a.url, b.url]);
    await post(client);
    a.handle(respond(200));
    for (let n = 0; n < 3; n++) await post(client);
    expect([a.requests.length, b.requests.length]).toEqual([1, 3]);
    await clock.advance(1_000);
    for (let n = 0; n < 2; n++) await post(client);
    expect([a.requests.length, b.requests.length]).toEqual([2, 4]);
  });

  test('tells which endpoint failed when all do', async () => {
    const urls = [await closedPort(), await closedPort()];
    const result = await post(clientOf(urls));
    expect(result).toMatchObject({ status: 'failed', connected: false });
    expect(result.status === 'failed' && result.detail).toContain(urls[1]?.origin);
  });
});

describe('credentials', () => {
  test.each([
    ['basic', { type: 'basic', user: 'u', password: { text: 'p:w' } }, `Basic ${btoa('u:p:w')}`],
    ['an API key as id and key', { type: 'api_key', key: { text: 'id:key' } }, `ApiKey ${btoa('id:key')}`],
    ['an encoded API key', { type: 'api_key', key: { text: 'aWQ6a2V5' } }, 'ApiKey aWQ6a2V5'],
    ['bearer', { type: 'bearer', token: { text: 'token' } }, 'Bearer token'],
  ] as const)('%s', async (_what, credentials, expected) => {
    const peer = await peerOf(respond(200));
    await post(clientOf([peer.url], { credentials }));
    expect(peer.requests[0]?.headers.authorization).toBe(expected);
  });

  test('come from a file, and change with it', async () => {
    const file = join(folder, 'token');
    const peer = await peerOf(respond(200));
    const client = clientOf([peer.url], { credentials: { type: 'bearer', token: { file } } });
    expect(() => client.check()).toThrow(`cannot read ${file}`);
    await writeFile(file, 'first\n');
    client.check();
    await post(client);
    await writeFile(file, 'second, and longer\n');
    await clock.advance(10_000);
    await post(client);
    await writeFile(file, ' ');
    await clock.advance(10_000);
    await post(client);
    await clock.advance(10_000);
    await post(client);
    expect(peer.requests.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer first',
      'Bearer second, and longer',
      'Bearer second, and longer',
      'Bearer second, and longer',
    ]);
    expect(reloadFailures).toEqual([`${file} is empty; it should hold the secret`]);
  });
});

describe('TLS', () => {
  const caFile = tlsFile('ca.pem');

  test('trusts the authority it is told to, and no other', async () => {
    const peer = await peerOf(respond(200), serverTls);
    expect(await post(clientOf([peer.url], { tls: { caFile } }))).toMatchObject(answered);
    for (const tls of [{}, { caFile: tlsFile('other-ca.pem') }]) {
      expect(await post(clientOf([peer.url], { tls }))).toMatchObject({ status: 'failed', connected: false });
    }
    expect(await post(clientOf([peer.url], { tls: { insecureSkipVerify: true } }))).toMatchObject(answered);
    expect(peer.requests).toHaveLength(2);
  });

  test('wants the right name in the certificate', async () => {
    const peer = await peerOf(respond(200), serverTls);
    const wrong = await post(clientOf([peer.url], { tls: { caFile, serverName: 'another.example' } }));
    expect(wrong).toMatchObject({ status: 'failed', connected: false });
    expect(await post(clientOf([peer.url], { tls: { caFile, serverName: 'es.example' } }))).toMatchObject(answered);
  });

  test('shows its own certificate to a server that asks for it', async () => {
    const peer = await peerOf(respond(200), {
      ...serverTls,
      ca: readFileSync(caFile),
      requestCert: true,
      rejectUnauthorized: true,
    });
    const own = { certFile: tlsFile('client.pem'), keyFile: tlsFile('client.key') };
    expect(await post(clientOf([peer.url], { tls: { caFile, ...own } }))).toMatchObject(answered);
    expect(await post(clientOf([peer.url], { tls: { caFile } }))).toMatchObject({ status: 'failed' });
    expect(peer.requests).toHaveLength(1);
  });

  test('takes up a changed authority without losing the old one before it can', async () => {
    const peer = await peerOf(respond(200), serverTls);
    const file = join(folder, 'ca.pem');
    await copyFile(tlsFile('other-ca.pem'), file);
    const client = clientOf([peer.url], { tls: { caFile: file } });
    expect(await post(client)).toMatchObject({ status: 'failed' });
    await rm(file);
    await clock.advance(60_000);
    expect(await post(client)).toMatchObject({ status: 'failed' });
    expect(reloadFailures).toEqual([expect.stringContaining(`cannot read ${file}`)]);
    await copyFile(caFile, file);
    await clock.advance(60_000);
    expect(await post(client)).toMatchObject(answered);
    expect(await post(client)).toMatchObject(answered);
    expect(peer.requests.map(({ connection }) => connection)).toEqual([1, 1]);
  });
});

describe('proxies', () => {
  interface Proxy {
    readonly url: URL;
    readonly seen: string[];
  }

  /** A forward proxy to the one peer, whatever name it is asked for. */
  async function proxyTo(peer: Peer, options: { refuse?: boolean } = {}): Promise<Proxy> {
    const seen: string[] = [];
    const tunnels = new Set<net.Socket>();
    const server = http.createServer((request, response) => {
      seen.push(`${request.method} ${request.url} ${request.headers['proxy-authorization'] ?? '-'}`);
      const path = new URL(request.url ?? '').pathname;
      const forwarded = http.request(new URL(path, peer.url), { method: 'POST', headers: request.headers });
      request.pipe(forwarded);
      forwarded.on('response', (answer) => {
        response.writeHead(answer.statusCode ?? 0);
        answer.pipe(response);
      });
    });
    server.on('connect', (request, socket: net.Socket) => {
      seen.push(`CONNECT ${request.url} ${request.headers['proxy-authorization'] ?? '-'}`);
      if (options.refuse === true) {
        socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
        return;
      }
      const onward = net.connect(Number(peer.url.port), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        socket.pipe(onward).pipe(socket);
      });
      for (const end of [socket, onward]) {
        tunnels.add(end);
        end.on('error', () => end.destroy());
      }
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => {
      for (const end of tunnels) end.destroy();
      server.closeAllConnections();
      server.close();
    });
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    return { url: new URL(`http://u:p%40w@127.0.0.1:${address.port}`), seen };
  }

  const whoWeAre = `Basic ${btoa('u:p@w')}`;

  test('https goes through CONNECT, with TLS to the endpoint inside, over one kept connection', async () => {
    const peer = await peerOf(respond(200), serverTls);
    const proxy = await proxyTo(peer);
    const client = clientOf(
      [new URL('https://es.example:9200')],
      { tls: { caFile: tlsFile('ca.pem') } },
      { HTTPS_PROXY: proxy.url.href },
    );
    expect(await post(client)).toMatchObject(answered);
    expect(await post(client)).toMatchObject(answered);
    expect(proxy.seen).toEqual([`CONNECT es.example:9200 ${whoWeAre}`]);
    expect(peer.requests.map(({ headers }) => headers.host)).toEqual(['es.example:9200', 'es.example:9200']);
    expect(peer.requests[0]?.headers['proxy-authorization']).toBeUndefined();
  });

  test('the endpoint behind CONNECT is verified', async () => {
    const peer = await peerOf(respond(200), serverTls);
    const proxy = await proxyTo(peer);
    const client = clientOf([new URL('https://es.example')], {}, { HTTPS_PROXY: proxy.url.href });
    expect(await post(client)).toMatchObject({ status: 'failed', connected: false });
    expect(proxy.seen).toEqual([`CONNECT es.example:443 ${whoWeAre}`]);
    expect(peer.requests).toEqual([]);
  });

  test('http is sent to the proxy with the whole URL', async () => {
    const peer = await peerOf(respond(200));
    const proxy = await proxyTo(peer);
    const client = clientOf([new URL('http://es.example:9200/below')], {}, { HTTP_PROXY: proxy.url.href });
    expect(await post(client)).toMatchObject(answered);
    expect(proxy.seen).toEqual([`POST http://es.example:9200/below/_bulk?x=1 ${whoWeAre}`]);
    expect(peer.requests[0]?.headers.host).toBe('es.example:9200');
  });

  test('NO_PROXY goes straight', async () => {
    const peer = await peerOf(respond(200));
    const proxy = await proxyTo(peer);
    const env = { HTTP_PROXY: proxy.url.href, NO_PROXY: 'es.invalid' };
    const result = await post(clientOf([new URL('http://es.invalid')], {}, env));
    expect(result).toMatchObject({ status: 'failed', connected: false });
    expect(proxy.seen).toEqual([]);
  });

  test('says what the proxy says', async () => {
    const peer = await peerOf(respond(200), serverTls);
    const proxy = await proxyTo(peer, { refuse: true });
    const client = clientOf([new URL('https://es.example')], {}, { HTTPS_PROXY: proxy.url.href });
    expect(await post(client)).toEqual({
      status: 'failed',
      reason: 'network',
      detail: 'https://es.example: the proxy answered 407 to CONNECT',
      connected: false,
    });
  });
});
