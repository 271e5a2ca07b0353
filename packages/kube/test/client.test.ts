import { readFileSync } from 'node:fs';
import { copyFile, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import * as http from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from '@vigie/core/fake-clock';
import { describe, expect, onTestFinished, test } from 'vitest';
import { resourcePath } from '../src/client.ts';
import type { KubeConfig } from '../src/config.ts';
import { testPod } from '../src/testing/test-pod.ts';
import { clientOf, never, startServer, until } from './fixture.ts';

const TLS_FOLDER = new URL('../testdata/tls/', import.meta.url);
const pem = (name: string): Buffer => readFileSync(new URL(name, TLS_FOLDER));
const path = (name: string): string => new URL(name, TLS_FOLDER).pathname;
const serverTls = { cert: pem('server.pem'), key: pem('server.key'), ca: pem('ca.pem') };

async function tempFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'vigie-kube-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

const PODS = { method: 'GET', path: '/api/v1/pods' } as const;

/** A server that answers as it is told. */
async function peerOf(answer: http.RequestListener): Promise<KubeConfig> {
  const server = http.createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const url = new URL(`http://127.0.0.1:${port}/cluster/`);
  return { server: url, tls: {}, credentials: { type: 'none' }, namespace: 'default', origin: 'the test' };
}

describe('requests', () => {
  test('under one signal are no leak to Node, however many, and end with it', async () => {
    const warned: Error[] = [];
    const take = (warning: Error): void => void warned.push(warning);
    process.on('warning', take);
    onTestFinished(() => void process.off('warning', take));
    const { client } = clientOf(await peerOf(() => undefined));
    const controller = new AbortController();
    const settled = Promise.allSettled(Array.from({ length: 30 }, () => client.request(PODS, controller.signal)));
    await new Promise((resolve) => setImmediate(resolve));
    controller.abort(new Error('enough'));
    expect(new Set((await settled).map(({ status }) => status))).toEqual(new Set(['rejected']));
    expect(warned).toEqual([]);
  });

  test('say who asks, for what, in which form', async () => {
    let seen: http.IncomingMessage | undefined;
    const config = await peerOf((request, response) => {
      seen = request;
      response.end('{"kind":"Status"}');
    });
    const { client } = clientOf({ ...config, credentials: { type: 'basic', user: 'me', password: 'pw' } });
    const request = {
      ...PODS,
      query: { limit: '5', continue: undefined, labelSelector: 'a=b' },
      accept: 'application/x',
    };
    expect(await client.request(request, never)).toEqual({ status: 'ok', httpStatus: 200, body: { kind: 'Status' } });
    expect(seen?.url).toBe('/cluster/api/v1/pods?limit=5&labelSelector=a%3Db');
    expect(seen?.headers).toMatchObject({
      accept: 'application/x',
      'user-agent': 'vigie/test',
      host: config.server.host,
      authorization: `Basic ${Buffer.from('me:pw').toString('base64')}`,
    });
  });

  test('create, replace and delete objects', async () => {
    const server = await startServer();
    const { client } = clientOf(server.config());
    const leases = { group: 'coordination.k8s.io', version: 'v1', resource: 'leases' };
    const body = { metadata: { name: 'a b', namespace: 'x' }, spec: { holderIdentity: 'ä' } };
    const created = await client.request({ method: 'POST', path: resourcePath(leases, 'x'), body }, never);
    expect(created).toMatchObject({ status: 'ok', httpStatus: 201, body: { spec: { holderIdentity: 'ä' } } });
    expect(await client.request({ method: 'POST', path: resourcePath(leases, 'x'), body }, never)).toMatchObject({
      status: 'refused',
      httpStatus: 409,
      reason: 'AlreadyExists',
    });
    const one = resourcePath(leases, 'x', 'a b');
    expect(one).toBe('/apis/coordination.k8s.io/v1/namespaces/x/leases/a%20b');
    const stale = { ...body, metadata: { ...body.metadata, resourceVersion: '1' } };
    expect(await client.request({ method: 'PUT', path: one, body: stale }, never)).toMatchObject({
      reason: 'Conflict',
    });
    expect(await client.request({ method: 'DELETE', path: one, body: {} }, never)).toMatchObject({ status: 'ok' });
    expect(await client.request({ method: 'GET', path: one }, never)).toMatchObject({
      httpStatus: 404,
      reason: 'NotFound',
    });
  });

  test.each([
    [
      503,
      { 'retry-after': '7' },
      '<html>\n<h1>no upstream\u0007</h1>',
      { reason: '', message: '<html> <h1>no upstream </h1>', retryAfterMs: 7000 },
    ],
    [
      429,
      {},
      '{"reason":"TooManyRequests","message":"busy","details":{"retryAfterSeconds":3}}',
      { retryAfterMs: 3000 },
    ],
    [
      410,
      {},
      '{"reason":"Expired","message":"too old"}',
      { reason: 'Expired', message: 'too old', retryAfterMs: undefined },
    ],
    [500, {}, '', { reason: '', message: '' }],
  ])('answered with %i are refused', async (httpStatus, headers, body, refusal) => {
    const config = await peerOf((_request, response) => {
      response.writeHead(httpStatus, headers);
      response.end(body);
    });
    const { client } = clientOf(config);
    expect(await client.request(PODS, never)).toMatchObject({ status: 'refused', httpStatus, ...refusal });
  });

  test.each([
    ['protocol', 'not JSON', (response: http.ServerResponse) => response.end('{"kind":')],
    ['protocol', 'Parse Error', (response: http.ServerResponse) => response.socket?.end('nonsense\r\n\r\n')],
    [
      'protocol',
      'more than 8388608 bytes',
      (response: http.ServerResponse) => response.end(Buffer.alloc(9 << 20, ' ')),
    ],
    ['network', 'ECONNRESET', (response: http.ServerResponse) => response.socket?.resetAndDestroy()],
    [
      'network',
      'aborted',
      (response: http.ServerResponse) => {
        response.writeHead(200, { 'content-length': 100 });
        response.write('{', () => response.socket?.destroy());
      },
    ],
  ])('that come to nothing fail: %s, %s', async (reason, detail, act) => {
    const { client } = clientOf(await peerOf((_request, response) => void act(response)));
    const answer = await client.request(PODS, never);
    expect(answer).toMatchObject({ status: 'failed', reason });
    expect(answer.status === 'failed' && answer.detail).toContain(detail);
  });

  test('to nobody fail', async () => {
    const server = await startServer();
    await server.stop();
    const { client } = clientOf(server.config());
    const answer = await client.request(PODS, never);
    expect(answer).toMatchObject({ status: 'failed', reason: 'network' });
    expect(answer.status === 'failed' && answer.detail).toContain('ECONNREFUSED');
  });

  test('without an answer are given up, and end when the caller or the client ends them', async () => {
    const requests: http.IncomingMessage[] = [];
    const config = await peerOf((request) => void requests.push(request));
    const { client, clock } = clientOf(config);
    const late = client.request(PODS, never);
    await until(() => requests.length === 1);
    await clock.advance(69_000);
    await clock.advance(1000);
    expect(await late).toMatchObject({ status: 'failed', reason: 'timeout' });

    const ending = new AbortController();
    const cancelled = client.request(PODS, ending.signal);
    await until(() => requests.length === 2);
    ending.abort(new Error('enough'));
    await expect(cancelled).rejects.toThrow('enough');
    await expect(client.request(PODS, ending.signal)).rejects.toThrow('enough');

    const closed = client.request(PODS, never);
    await until(() => requests.length === 3);
    client.close();
    expect(await closed).toMatchObject({ status: 'failed', detail: 'the client is closed' });
    expect(await client.request(PODS, never)).toMatchObject({ status: 'failed', detail: 'the client is closed' });
    await until(() => requests.every(({ socket }) => socket.destroyed));
    expect(clock.pendingTimers).toBe(0);
  });

  test('share a connection', async () => {
    const ports = new Set<number | undefined>();
    const config = await peerOf((request, response) => {
      ports.add(request.socket.remotePort);
      response.end('{}');
    });
    const { client } = clientOf(config);
    for (let request = 0; request < 5; request++) await client.request(PODS, never);
    expect(ports.size).toBe(1);
  });

  test.each([
    ['are sent again, on a new one at last, where it asks', { method: 'GET' }, 'ok', 3],
    ['are sent again where it asks about somebody', { method: 'POST', body: {}, isReview: true }, 'ok', 3],
    ['fail where it changes something', { method: 'POST', body: {} }, 'failed', 1],
  ] as const)('on connections that were all closed meanwhile %s', async (_, request, status, tried) => {
    const served = new Set<unknown>();
    const first: http.ServerResponse[] = [];
    let resets = 0;
    const config = await peerOf((incoming, response) => {
      const { socket } = incoming;
      if (served.has(socket)) {
        resets++;
        socket.resetAndDestroy();
        return;
      }
      served.add(socket);
      if (first.length === 3) response.end('{}');
      else if (first.push(response) === 3) for (const one of first) one.end('{}');
    });
    const { client } = clientOf(config);
    await Promise.all([1, 2, 3].map(() => client.request(PODS, never)));
    expect(await client.request({ path: '/api/v1/reviews', ...request }, never)).toMatchObject({ status });
    expect(resets).toBe(tried);
  });
});

describe('streams', () => {
  test('come as they are written, end with the body, and close the connection when they are left', async () => {
    const server = await startServer();
    const { client } = clientOf(server.config());
    const answer = await client.stream({ ...PODS, query: { watch: 'true' } }, never);
    if (answer.status !== 'ok') throw new Error('not streamed');
    let text = '';
    const reading = (async () => {
      for await (const chunk of answer.chunks) text += chunk;
    })();
    server.put('pods', testPod('web-0'));
    await until(() => text.includes('web-0'));
    server.endWatches();
    await reading;

    const left = await client.stream({ ...PODS, query: { watch: 'true', resourceVersion: '0' } }, never);
    if (left.status !== 'ok') throw new Error('not streamed');
    for await (const _ of left.chunks) break;
    await until(() => server.watching === 0);
  });

  test('that break or fall silent throw, with the reason', async () => {
    const server = await startServer();
    const { client, clock } = clientOf(server.config());
    const open = async (): Promise<{ read: Promise<void>; limit: (ms: number) => void }> => {
      const answer = await client.stream({ ...PODS, query: { watch: 'true' } }, never);
      if (answer.status !== 'ok') throw new Error('not streamed');
      const read = (async () => {
        for await (const _ of answer.chunks);
      })();
      return { read, limit: answer.limitSilence };
    };
    const broken = await open();
    await until(() => server.watching === 1);
    server.dropWatches();
    await expect(broken.read).rejects.toMatchObject({ code: 'KUBE_STREAM_BROKEN', reason: 'network' });

    const silent = await open();
    silent.limit(5000);
    const rejected = expect(silent.read).rejects.toMatchObject({ reason: 'timeout', message: /no byte within 5 s/ });
    await clock.advance(5000);
    await rejected;
    await until(() => server.watching === 0);
  });
});

describe('who we are', () => {
  test('a token that the kubelet has replaced is taken up: after ten seconds, and at once after a 401', async () => {
    const server = await startServer({ tokens: ['first'] });
    const token = join(await tempFolder(), 'token');
    await writeFile(token, 'first\n');
    const { client, clock } = clientOf(server.config({ credentials: { type: 'bearer', token: { file: token } } }));
    expect(await client.request(PODS, never)).toMatchObject({ status: 'ok' });
    await replace(token, 'second');
    await clock.advance(9000);
    server.setTokens(['first', 'second']);
    await client.request(PODS, never);
    await clock.advance(1000);
    await client.request(PODS, never);
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer first',
      'Bearer first',
      'Bearer second',
    ]);
    await replace(token, 'third!');
    server.setTokens(['third!']);
    expect(await client.request(PODS, never)).toMatchObject({ status: 'ok' });
    expect(server.requests.slice(3).map(({ headers }) => headers.authorization)).toEqual([
      'Bearer second',
      'Bearer third!',
    ]);
  });

  test('a token that is refused and not replaced is not sent again', async () => {
    const server = await startServer({ tokens: ['other'] });
    const token = join(await tempFolder(), 'token');
    await writeFile(token, 'first');
    const { client } = clientOf(server.config({ credentials: { type: 'bearer', token: { file: token } } }));
    expect(await client.request(PODS, never)).toMatchObject({
      status: 'refused',
      httpStatus: 401,
      reason: 'Unauthorized',
    });
    expect(server.requests).toHaveLength(1);
  });

  test('a token that has become unreadable is used on, and told of once', async () => {
    const server = await startServer({ tokens: ['first'] });
    const token = join(await tempFolder(), 'token');
    await writeFile(token, 'first');
    const { client, clock, reloadFailures } = clientOf(
      server.config({ credentials: { type: 'bearer', token: { file: token } } }),
    );
    await client.request(PODS, never);
    await rm(token);
    for (let round = 0; round < 3; round++) {
      await clock.advance(10_000);
      expect(await client.request(PODS, never)).toMatchObject({ status: 'ok' });
    }
    expect(reloadFailures).toHaveLength(1);
    expect(reloadFailures[0]).toContain(token);
  });

  test('what is missing at the start is known at the start', async () => {
    const missing = { file: '/does/not/exist' };
    const bearer = clientOf({
      ...(await startServer()).config(),
      credentials: { type: 'bearer', token: missing },
    });
    expect(() => bearer.client.check()).toThrow('cannot read /does/not/exist');
    const ca = clientOf({ ...(await startServer()).config(), tls: { ca: missing } });
    expect(() => ca.client.check()).toThrow('cannot read /does/not/exist');
    const broken = { text: 'no PEM' };
    const certificate = clientOf({ ...(await startServer()).config(), tls: { cert: broken, key: broken } });
    expect(() => certificate.client.check()).toThrow('no usable PEM');
  });
});

describe('TLS', () => {
  test('trusts the CA of the cluster, shows the client certificate, and no other', async () => {
    const server = await startServer({ tls: serverTls, tokens: [] });
    const { client } = clientOf(
      server.config({
        tls: {
          ca: { file: path('ca.pem') },
          cert: { text: pem('client.pem').toString() },
          key: { file: path('client.key') },
        },
      }),
    );
    expect(await client.request(PODS, never)).toMatchObject({ status: 'ok' });
    expect(server.requests[0]?.certifiedName).toBe('vigie-agent');

    const wrong = clientOf(server.config({ tls: { ca: { file: path('other-ca.pem') } } }));
    const answer = await wrong.client.request(PODS, never);
    expect(answer).toMatchObject({ status: 'failed', reason: 'network' });
    expect(answer.status === 'failed' && answer.detail).toMatch(/certificate/);
    const insecure = clientOf(server.config({ tls: { insecureSkipVerify: true } }));
    expect(await insecure.client.request(PODS, never)).toMatchObject({ status: 'refused', httpStatus: 401 });
    const named = clientOf(server.config({ tls: { ca: { file: path('ca.pem') }, serverName: 'elsewhere' } }));
    const mismatch = await named.client.request(PODS, never);
    expect(mismatch.status === 'failed' && mismatch.detail).toContain('ERR_TLS_CERT_ALTNAME_INVALID');
  });

  test('takes up a CA that was replaced', async () => {
    const server = await startServer({ tls: serverTls });
    const ca = join(await tempFolder(), 'ca.pem');
    await copyFile(path('other-ca.pem'), ca);
    const { client, clock } = clientOf(server.config({ tls: { ca: { file: ca } } }), new FakeClock());
    expect(await client.request(PODS, never)).toMatchObject({ status: 'failed' });
    await copyFile(path('ca.pem'), ca);
    await utimes(ca, 1, 1);
    await clock.advance(10_000);
    expect(await client.request(PODS, never)).toMatchObject({ status: 'ok' });
  });
});

test('goes through the proxy that the environment names, except for what NO_PROXY names', async () => {
  const server = await startServer({ tls: serverTls });
  const asked: string[] = [];
  const proxy = http.createServer();
  proxy.on('connect', (request, socket) => {
    asked.push(request.url ?? '');
    const onward = connect(Number(server.url.port), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.pipe(onward).pipe(socket);
    });
    onTestFinished(() => {
      onward.destroy();
      socket.destroy();
    });
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void proxy.close());
  const env = { HTTPS_PROXY: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, NO_PROXY: '.internal' };
  const tls = { ca: { file: path('ca.pem') } };
  const config = server.config({ server: new URL('https://es.example:6443'), tls });
  const { client } = clientOf(config, new FakeClock(), env);
  expect(await client.request(PODS, never)).toMatchObject({ status: 'ok' });
  const watch = await client.stream({ ...PODS, query: { watch: 'true' } }, never);
  expect(watch.status).toBe('ok');
  expect(asked[0]).toBe('es.example:6443');
  const inside = server.config({ server: new URL('https://kube.internal:1'), tls });
  const direct = await clientOf(inside, new FakeClock(), env).client.request(PODS, never);
  expect(direct).toMatchObject({ status: 'failed' });
  expect(asked.every((authority) => authority === 'es.example:6443')).toBe(true);
});

/** As the kubelet does it: another file in place of the old one. */
async function replace(file: string, text: string): Promise<void> {
  await rm(file);
  await writeFile(file, text);
}
