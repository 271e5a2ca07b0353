import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../src/fake-clock.ts';
import { textReply } from '../../src/http-server/exchange.ts';
import { healthRoutes } from '../../src/http-server/health-routes.ts';
import type { Route } from '../../src/http-server/routes.ts';
import { createLog } from '../../src/log.ts';
import { tempFolder } from '../temp-folder.ts';
import { ask, pem, serve } from './fixture.ts';

const ledger: Route = { methods: ['GET', 'POST'], path: '/ledger', handler: () => textReply('[]') };
const routes: readonly Route[] = [
  ledger,
  ...healthRoutes(
    {
      live: () => [],
      ready: () => [],
      metrics: async () => ({ contentType: 'text/plain', body: 'vigie_up 1\n' }),
      reload: async () => undefined,
    },
    createLog('error', { write: () => undefined }),
  ),
];
const everywhere = { host: '0.0.0.0', port: 0 };

async function statuses(port: number, options: Parameters<typeof ask>[2] = {}): Promise<Record<string, number>> {
  const paths = ['/livez', '/readyz', '/metrics', '/ledger'];
  const answers = await Promise.all(paths.map((path) => ask(port, path, options)));
  return Object.fromEntries(paths.map((path, index) => [path, answers[index]?.status ?? 0]));
}

describe('without auth', () => {
  it('serves everything on loopback', async () => {
    const { port } = await serve(routes);
    expect(await statuses(port)).toEqual({ '/livez': 200, '/readyz': 200, '/metrics': 200, '/ledger': 200 });
  });

  it('serves health paths and metrics beyond loopback, and says so', async () => {
    const { port, logged } = await serve(routes, { address: everywhere });
    expect(await statuses(port)).toEqual({ '/livez': 200, '/readyz': 200, '/metrics': 200, '/ledger': 403 });
    expect((await ask(port, '/-/reload', { method: 'POST' })).status).toBe(403);
    expect(logged).toContainEqual(
      expect.objectContaining({ level: 'info', message: expect.stringContaining('without auth') }),
    );
  });

  it('lets no web page reach a loopback listener through the browser beside it', async () => {
    const { port } = await serve(routes);
    const rebound = { headers: { host: `attacker.example:${port}` } };
    expect((await ask(port, '/ledger', rebound)).status).toBe(403);
    expect((await ask(port, '/livez', rebound)).status).toBe(200);
    const forged = { method: 'POST', headers: { 'sec-fetch-site': 'cross-site' } };
    expect((await ask(port, '/ledger', forged)).status).toBe(403);
    for (const host of [`localhost:${port}`, '[::1]:1', '127.0.0.1', 'vigie.localhost:80']) {
      expect((await ask(port, '/ledger', { method: 'POST', headers: { host } })).status).toBe(200);
    }
  });
});

describe('with basic or bearer auth', () => {
  it('leaves metrics open where that is asked for', async () => {
    const tokenFile = join(await tempFolder(), 'token');
    await writeFile(tokenFile, 'of-the-test');
    const { port } = await serve(routes, {
      address: everywhere,
      auth: { type: 'bearer', tokenFile },
      openMetrics: true,
    });
    expect(await statuses(port)).toEqual({ '/livez': 200, '/readyz': 200, '/metrics': 200, '/ledger': 401 });
  });

  it('asks for the password on all but health paths', async () => {
    const passwordFile = join(await tempFolder(), 'password');
    await writeFile(passwordFile, 'päss:word\n');
    const { port } = await serve(routes, { address: everywhere, auth: { type: 'basic', user: 'u', passwordFile } });
    const none = { '/livez': 200, '/readyz': 200, '/metrics': 401, '/ledger': 401 };
    expect(await statuses(port)).toEqual(none);
    expect((await ask(port, '/ledger')).headers['www-authenticate']).toBe('Basic realm="vigie"');
    const basic = (text: string) => ({ headers: { authorization: `Basic ${Buffer.from(text).toString('base64')}` } });
    expect(await statuses(port, basic('u:päss:wor'))).toEqual(none);
    expect(await statuses(port, basic('v:päss:word'))).toEqual(none);
    expect(await statuses(port, { headers: { authorization: 'Bearer päss:word' } }).catch(() => none)).toEqual(none);
    expect(await statuses(port, basic('u:päss:word'))).toEqual({
      '/livez': 200,
      '/readyz': 200,
      '/metrics': 200,
      '/ledger': 200,
    });
  });

  it('takes up a new token while it runs', async () => {
    const tokenFile = join(await tempFolder(), 'token');
    await writeFile(tokenFile, 'one');
    const clock = new FakeClock();
    const { port } = await serve(routes, { auth: { type: 'bearer', tokenFile } }, clock);
    const bearer = (token: string) => ask(port, '/ledger', { headers: { authorization: `bearer ${token}` } });
    expect((await bearer('one')).status).toBe(200);
    await writeFile(tokenFile, 'another');
    await clock.advance(10_000);
    expect((await bearer('one')).status).toBe(401);
    expect((await bearer('another')).status).toBe(200);
  });

  it('does not start without its secret', async () => {
    const tokenFile = join(await tempFolder(), 'token');
    await expect(serve(routes, { auth: { type: 'bearer', tokenFile } })).rejects.toMatchObject({
      code: 'FILE_UNREADABLE',
    });
  });
});

describe('with TLS', () => {
  const tls = { certFile: pem('server.crt'), keyFile: pem('server.key'), clientCaFile: pem('ca.crt') };

  it('serves https', async () => {
    const { port, printed } = await serve(routes, { tls });
    expect(printed).toEqual([`listening on https://127.0.0.1:${port} (http)`]);
    const answer = await ask(port, '/ledger', {
      tls: true,
      ca: await readFile(pem('ca.crt')),
      servername: 'localhost',
    });
    expect(answer.status).toBe(200);
  });

  it('asks for a client certificate that its CA has signed on all but health paths', async () => {
    const { port } = await serve(routes, { address: everywhere, tls, auth: { type: 'mtls' } });
    const ca = await readFile(pem('ca.crt'));
    const certificate = async (name: string) => ({
      cert: await readFile(pem(`${name}.crt`)),
      key: await readFile(pem(`${name}.key`)),
    });
    const none = { '/livez': 200, '/readyz': 200, '/metrics': 401, '/ledger': 401 };
    expect(await statuses(port, { tls: true, ca })).toEqual(none);
    expect(await statuses(port, { tls: true, ca, ...(await certificate('stranger')) })).toEqual(none);
    const all = { '/livez': 200, '/readyz': 200, '/metrics': 200, '/ledger': 200 };
    expect(await statuses(port, { tls: true, ca, ...(await certificate('client')) })).toEqual(all);
  });

  it('asks for it again of a client that resumes a TLS session', async () => {
    const { port } = await serve(routes, { tls, auth: { type: 'mtls' } });
    const ca = await readFile(pem('ca.crt'));
    const resumed = async (options: { cert?: Buffer; key?: Buffer }): Promise<[boolean, string]> => {
      const first = await rawRequest({ host: '127.0.0.1', port, ca, ...options });
      const second = await rawRequest({ host: '127.0.0.1', port, ca, ...options, session: first.session });
      return [second.resumed, second.statusLine];
    };
    expect(await resumed({})).toEqual([true, 'HTTP/1.1 401 Unauthorized']);
    const client = { cert: await readFile(pem('client.crt')), key: await readFile(pem('client.key')) };
    expect(await resumed(client)).toEqual([true, 'HTTP/1.1 200 OK']);
  });

  it('serves a renewed certificate without a restart, and the old one as long as the new one is broken', async () => {
    const folder = await tempFolder();
    const files = { certFile: join(folder, 'tls.crt'), keyFile: join(folder, 'tls.key') };
    await copyFile(pem('server.crt'), files.certFile);
    await copyFile(pem('server.key'), files.keyFile);
    const clock = new FakeClock();
    const { port, logged } = await serve(routes, { tls: files }, clock);
    expect(await commonName(port)).toBe('server');

    await copyFile(pem('renewed.crt'), files.certFile);
    await clock.advance(10_000);
    expect(await commonName(port)).toBe('server');
    expect(logged).toContainEqual(
      expect.objectContaining({ level: 'error', error: expect.stringContaining('tls.crt') }),
    );

    await copyFile(pem('renewed.key'), files.keyFile);
    await clock.advance(10_000);
    expect(await commonName(port)).toBe('renewed');
  });
});

interface RawAnswer {
  readonly statusLine: string;
  readonly resumed: boolean;
  readonly session: Buffer;
}

/** GET /ledger on a TLS connection whose session can be kept and taken up again. */
function rawRequest(options: ConnectionOptions): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    let session: Buffer = Buffer.alloc(0);
    let text = '';
    const socket = connectTls(options, () => {
      socket.write('GET /ledger HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n');
    });
    socket.on('session', (given: Buffer) => {
      session = given;
    });
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    socket.on('error', reject);
    socket.on('end', () => {
      const resumed = socket.isSessionReused();
      resolve({ statusLine: text.split('\r\n', 1)[0] ?? '', resumed, session });
    });
  });
}

/** Of the certificate that a new connection is shown. */
function commonName(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    });
    socket.on('error', reject);
  });
}
