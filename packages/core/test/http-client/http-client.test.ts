import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import * as http from 'node:http';
import * as https from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { DEFAULT_HTTP_CLIENT, DEFAULT_TLS, type HttpClientConfig } from '../../src/config/http-client-config.ts';
import { FakeClock } from '../../src/fake-clock.ts';
import { HttpClient } from '../../src/http-client/http-client.ts';
import { readBody } from '../../src/http-client/read-body.ts';
import { serve, text } from '../server.ts';

const { signal } = new AbortController();
const pem = (name: string): string => fileURLToPath(new URL(`../../testdata/tls/${name}`, import.meta.url));

function client(config: Partial<HttpClientConfig> = {}, clock = new FakeClock()): HttpClient {
  const made = new HttpClient({ ...DEFAULT_HTTP_CLIENT, ...config }, { clock, env: {}, userAgent: 'vigie/1.2.3' });
  onTestFinished(() => made.close());
  return made;
}

async function get(from: HttpClient, url: string): Promise<{ status: number | undefined; body: string }> {
  const response = await from.open({ url: new URL(url) }, signal);
  return { status: response.statusCode, body: (await readBody(response, 10_000)).toString() };
}

async function secretFile(content: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'vigie-http-client-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'secret');
  await writeFile(file, content);
  return file;
}

describe('HttpClient', () => {
  it('shows who it is with a password, and with a token of a file that changes', async () => {
    const server = await serve((incoming, outgoing) => outgoing.end(incoming.headers.authorization));
    const basic = client({
      authorization: { kind: 'basic', username: { value: 'u' }, password: { value: 'p:ü' } },
    });
    expect((await get(basic, server.url)).body).toBe(`Basic ${Buffer.from('u:p:ü').toString('base64')}`);
    const file = await secretFile('first\n');
    const clock = new FakeClock();
    const bearer = client({ authorization: { kind: 'credentials', type: 'Bearer', credentials: { file } } }, clock);
    expect((await get(bearer, server.url)).body).toBe('Bearer first');
    await writeFile(file, 'the second');
    await clock.advance(10_000);
    expect((await get(bearer, server.url)).body).toBe('Bearer the second');
  });

  it('sends headers of the configuration, secrets among them', async () => {
    const server = await serve((incoming, outgoing) => outgoing.end(JSON.stringify(incoming.headers['x-tenant'])));
    const headers = { 'X-Tenant': { values: ['a', 'b'], secrets: [{ file: await secretFile('c') }] } };
    expect((await get(client({ headers }), server.url)).body).toBe('"a, b, c"');
  });

  it.each([
    ['GET', 'until it has a new one', 3],
    ['POST', 'once', 2],
  ] as const)('asks by %s again where kept connections were closed meanwhile, %s', async (method, _until, tried) => {
    const served = new Set<unknown>();
    const first: http.ServerResponse[] = [];
    let closed = 0;
    const server = await serve(({ socket }, outgoing) => {
      if (served.has(socket)) {
        closed++;
        socket.destroy();
        return;
      }
      served.add(socket);
      if (first.length === 3) outgoing.end('there');
      else if (first.push(outgoing) === 3) for (const one of first) one.end();
    });
    const asking = client();
    await Promise.all([1, 2, 3].map(() => get(asking, server.url)));
    const asked = asking.open({ url: new URL(server.url), method }, signal);
    if (method === 'POST') await expect(asked).rejects.toMatchObject({ code: 'ECONNRESET' });
    else expect((await readBody(await asked, 10)).toString()).toBe('there');
    expect(closed).toBe(tried);
  });

  it('follows redirects, but tells credentials to no other host', async () => {
    const other = await serve((incoming, outgoing) => outgoing.end(`other ${incoming.headers.authorization}`));
    const server = await serve((incoming, outgoing) => {
      const to = new Map([
        ['/here', '/there'],
        ['/away', `${other.url}/`],
        ['/round', '/round'],
      ]).get(incoming.url ?? '');
      if (to === undefined) outgoing.end(`there ${incoming.headers.authorization}`);
      else outgoing.writeHead(302, { location: to }).end();
    });
    const credentials = { kind: 'credentials', type: 'Bearer', credentials: { value: 's' } } as const;
    const following = client({ authorization: credentials });
    expect((await get(following, `${server.url}/here`)).body).toBe('there Bearer s');
    expect((await get(following, `${server.url}/away`)).body).toBe('other undefined');
    await expect(get(following, `${server.url}/round`)).rejects.toThrow('stopped after 10 redirects');
    expect(await get(client({ followRedirects: false }), `${server.url}/here`)).toMatchObject({ status: 302 });
  });

  it('fetches a token with client credentials, keeps it until it expires, and learns how the server wants to be asked', async () => {
    let tokens = 0;
    const asked: string[] = [];
    const server = await serve((incoming, outgoing) => {
      let body = '';
      incoming.on('data', (chunk) => (body += chunk));
      incoming.on('end', () => {
        if (incoming.url !== '/token') {
          outgoing.end(incoming.headers.authorization);
          return;
        }
        asked.push(`${incoming.headers.authorization ?? ''} ${body}`);
        if (incoming.headers.authorization !== undefined) outgoing.writeHead(401).end();
        else outgoing.end(JSON.stringify({ access_token: `t${++tokens}`, token_type: 'bearer', expires_in: 60 }));
      });
    });
    const clock = new FakeClock();
    const authorization = {
      kind: 'oauth2',
      clientId: 'id',
      clientSecret: { value: 'secret' },
      tokenUrl: `${server.url}/token`,
      scopes: ['a', 'b'],
      endpointParams: { audience: 'x' },
      tls: DEFAULT_TLS,
      proxy: DEFAULT_HTTP_CLIENT.proxy,
    } as const;
    const oauth = client({ authorization }, clock);
    const both = await Promise.all([get(oauth, server.url), get(oauth, server.url)]);
    expect(both.map(({ body }) => body)).toEqual(['Bearer t1', 'Bearer t1']);
    await clock.advance(49_000);
    expect((await get(oauth, server.url)).body).toBe('Bearer t1');
    await clock.advance(2_000);
    expect((await get(oauth, server.url)).body).toBe('Bearer t2');
    const form = 'grant_type=client_credentials&audience=x&scope=a+b';
    expect(asked).toEqual([
      `Basic ${Buffer.from('id:secret').toString('base64')} ${form}`,
      ` ${form}&client_id=id&client_secret=secret`,
      ` ${form}&client_id=id&client_secret=secret`,
    ]);
  });

  it('says when it gets no token', async () => {
    const server = await serve((_incoming, outgoing) => outgoing.end('{"error":"invalid_client"}'));
    const authorization = {
      kind: 'oauth2',
      clientId: 'id',
      clientSecret: { value: 'secret' },
      tokenUrl: server.url,
      scopes: [],
      endpointParams: {},
      tls: DEFAULT_TLS,
      proxy: DEFAULT_HTTP_CLIENT.proxy,
    } as const;
    await expect(get(client({ authorization }), server.url)).rejects.toMatchObject({ code: 'OAUTH2_TOKEN' });
  });

  it('fetches a token through a proxy that is for tokens alone, as requests through theirs', async () => {
    const tokens = await serve(text(() => '{"access_token":"t"}', 'application/json'));
    const target = await serve((incoming, outgoing) => outgoing.end(incoming.headers.authorization));
    const proxied: string[] = [];
    const proxyOf = async (name: string) => {
      const { url } = await serve((incoming, outgoing) => {
        proxied.push(`${name}: ${incoming.url}`);
        const { method = '', headers } = incoming;
        incoming.pipe(http.request(incoming.url ?? '', { method, headers }, (response) => response.pipe(outgoing)));
      });
      return { url, noProxy: '', fromEnvironment: false };
    };
    const direct = DEFAULT_HTTP_CLIENT.proxy;
    const asked = {
      kind: 'oauth2',
      clientId: 'id',
      clientSecret: { value: 's' },
      scopes: [],
      endpointParams: {},
    } as const;
    const authorization = {
      ...asked,
      tokenUrl: `${tokens.url}/token`,
      tls: DEFAULT_TLS,
      proxy: await proxyOf('tokens'),
    };
    expect((await get(client({ authorization }), target.url)).body).toBe('Bearer t');
    const proxy = await proxyOf('requests');
    const other = client({ authorization: { ...authorization, proxy: direct }, proxy });
    expect((await get(other, target.url)).body).toBe('Bearer t');
    expect(proxied).toEqual([`tokens: ${tokens.url}/token`, `requests: ${target.url}/`]);
  });

  it('goes through a proxy, with TLS inside of it', async () => {
    const target = await serve(text(() => 'from the target'));
    const proxied: string[] = [];
    const proxy = http.createServer((incoming, outgoing) => {
      proxied.push(`GET ${incoming.url}`);
      http.get(incoming.url ?? '', (response) => response.pipe(outgoing));
    });
    proxy.on('connect', (incoming, socket, head) => {
      proxied.push(`CONNECT ${incoming.url}`);
      const [, port] = (incoming.url ?? '').split(':');
      const upstream = connect(Number(port), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        upstream.write(head);
        upstream.pipe(socket).pipe(upstream);
      });
      socket.on('error', () => upstream.destroy());
      upstream.on('error', () => socket.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      proxy.closeAllConnections();
      proxy.close();
    });
    const { port } = proxy.address() as AddressInfo;
    const through = { url: `http://127.0.0.1:${port}`, noProxy: '', fromEnvironment: false };
    expect((await get(client({ proxy: through }), target.url)).body).toBe('from the target');
    const secure = await serveTls();
    const tls = { ...DEFAULT_TLS, caFile: pem('ca.crt'), serverName: 'localhost' };
    expect((await get(client({ proxy: through, tls }), secure.url)).body).toBe('secure');
    expect(proxied).toEqual([`GET ${target.url}/`, `CONNECT ${new URL(secure.url).host}`]);
    expect((await get(client({ proxy: { ...through, noProxy: '127.0.0.1' } }), target.url)).body).toBe(
      'from the target',
    );
    expect(proxied).toHaveLength(2);
  });

  it('trusts the authorities that it is given, shows its own certificate, or trusts nobody', async () => {
    const server = await serveTls({ requestCert: true, rejectUnauthorized: true, ca: readFileSync(pem('ca.crt')) });
    const mutual = {
      ...DEFAULT_TLS,
      ca: readFileSync(pem('ca.crt'), 'utf8'),
      certFile: pem('client.crt'),
      key: { file: pem('client.key') },
      serverName: 'localhost',
      minVersion: 'TLS13',
    };
    expect((await get(client({ tls: mutual }), server.url)).body).toBe('secure');
    await expect(get(client(), server.url)).rejects.toThrow(/certificate/);
    const open = await serveTls();
    expect((await get(client({ tls: { ...DEFAULT_TLS, insecureSkipVerify: true } }), open.url)).body).toBe('secure');
  });
});

async function serveTls(options: https.ServerOptions = {}): Promise<{ readonly url: string }> {
  const files = { cert: readFileSync(pem('server.crt')), key: readFileSync(pem('server.key')) };
  const server = https.createServer({ ...files, ...options }, (_incoming, outgoing) => outgoing.end('secure'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}` };
}
