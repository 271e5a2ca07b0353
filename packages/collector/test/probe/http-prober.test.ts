import { writeFile } from 'node:fs/promises';
import * as http from 'node:http';
import * as http2 from 'node:http2';
import * as https from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { FakeClock } from '@vigie/core/fake-clock';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Authority } from '../metrics-api/authority.ts';
import { serve } from '../server.ts';
import { tempFolder } from '../temp-folder.ts';
import { probeBed } from './bed.ts';

const HOUR_MS = 3_600_000;

interface SecureServer {
  readonly port: number;
  readonly caFile: string;
}

async function serveTls(
  answer: http.RequestListener,
  { hosts = { dns: ['localhost', 'shop.example'], ip: ['127.0.0.1'] }, http2: isHttp2 = false } = {},
): Promise<SecureServer> {
  const authority = await Authority.create('test-ca');
  const { cert, key } = await authority.issue({
    subject: 'CN=shop.example,O=Shop',
    use: 'server',
    hosts,
    untilMs: HOUR_MS / 2,
  });
  const caFile = join(await tempFolder(), 'ca.pem');
  await writeFile(caFile, authority.cert);
  const server = isHttp2
    ? http2.createSecureServer({ cert, key, allowHTTP1: true }, (incoming, outgoing) => {
        outgoing.writeHead(200, { 'content-type': 'text/plain' });
        outgoing.end(`by ${incoming.httpVersion}`);
      })
    : https.createServer({ cert, key }, answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { port: (server.address() as AddressInfo).port, caFile };
}

const hello: http.RequestListener = (_incoming, outgoing) =>
  outgoing.writeHead(200, { 'content-length': 6 }).end('hello\n');

describe('http', () => {
  it('tells how a page is answered, and how long each phase took', async () => {
    const server = await serve((_incoming, outgoing) => {
      outgoing.writeHead(200, { 'content-length': 6, 'last-modified': 'Thu, 01 Jan 2026 00:00:00 GMT' }).end('hello\n');
    });
    const { probe } = await probeBed('it: { prober: http }');
    const { isSuccess, metrics } = await probe(server.address);
    expect(isSuccess).toBe(true);
    expect(metrics).toMatchObject({
      probe_success: 1,
      probe_ip_protocol: 4,
      probe_ip_addr_hash: 3_668_918_509,
      probe_failed_due_to_regex: 0,
      probe_http_content_length: 6,
      probe_http_uncompressed_body_length: 6,
      probe_http_redirects: 0,
      probe_http_ssl: 0,
      probe_http_status_code: 200,
      probe_http_version: 1.1,
      probe_http_last_modified_timestamp_seconds: 1_767_225_600,
    });
    for (const phase of ['resolve', 'connect', 'tls', 'processing', 'transfer'])
      expect(metrics).toHaveProperty([`probe_http_duration_seconds{phase="${phase}"}`]);
    expect(metrics['probe_http_duration_seconds{phase="connect"}']).toBeGreaterThan(0);
    expect(server.requests[0]?.headers).toMatchObject({
      host: server.address,
      'user-agent': 'vigie/1.2.3',
      connection: 'close',
    });
    expect(metrics).not.toHaveProperty('probe_ssl_earliest_cert_expiry');
  });

  it.each([
    ['a status that is none of 2xx', 404, '', false],
    ['one of the statuses that are right', 404, 'valid_status_codes: [404]', true],
    ['none of the statuses that are right', 200, 'valid_status_codes: [404]', false],
    ['a version that is right', 200, 'valid_http_versions: [HTTP/1.1]', true],
    ['a version that is not', 200, 'valid_http_versions: [HTTP/2.0]', false],
    ['a page without TLS, where it has to be', 200, 'fail_if_not_ssl: true', false],
    ['a body that matches and should not', 200, 'fail_if_body_matches_regexp: [nothing, h.llo]', false],
    ['a body that does not and should not', 200, 'fail_if_body_matches_regexp: [nothing]', true],
    ['a body that should match and does not', 200, 'fail_if_body_not_matches_regexp: [hello, nothing]', false],
    ['a body that should match and does', 200, 'fail_if_body_not_matches_regexp: [hel+o]', true],
    ['a header that matches and should not', 200, 'fail_if_header_matches: [{ header: x-kind, regexp: ^b }]', false],
    [
      'a header with one value that is right',
      200,
      'fail_if_header_not_matches: [{ header: X-Kind, regexp: ^a }]',
      true,
    ],
    ['a header that is not there', 200, 'fail_if_header_not_matches: [{ header: x-none, regexp: a }]', false],
    [
      'a header that may be missing',
      200,
      'fail_if_header_not_matches: [{ header: x-none, regexp: a, allow_missing: true }]',
      true,
    ],
  ])('judges %s', async (_what, status, options, expected) => {
    const server = await serve((_incoming, outgoing) => {
      outgoing
        .writeHead(
          status,
          [
            ['x-kind', 'a'],
            ['x-kind', 'b'],
          ].flat(),
        )
        .end('hello');
    });
    const { probe } = await probeBed(`it: { prober: http, http: { ${options} } }`);
    const { isSuccess, metrics, log } = await probe(server.url);
    expect(isSuccess, log).toBe(expected);
    const isByRegex = /regexp/.test(options) && !expected && !/x-none/.test(options);
    if (isByRegex) expect(metrics.probe_failed_due_to_regex).toBe(1);
  });

  it('follows redirects with the cookies that they set, and says how many there were', async () => {
    const server = await serve((incoming, outgoing) => {
      const isLoggedIn = incoming.headers.cookie?.includes('session=1') ?? false;
      if (incoming.url === '/a') outgoing.writeHead(302, { location: '/b', 'set-cookie': 'session=1; Path=/' }).end();
      else outgoing.writeHead(isLoggedIn ? 200 : 403).end(incoming.method);
    });
    const { probe } = await probeBed(
      'it: { prober: http, http: { method: POST, body: x, basic_auth: { username: u, password: p } } }',
    );
    const { isSuccess, metrics } = await probe(`${server.url}/a`);
    expect(isSuccess).toBe(true);
    expect(metrics.probe_http_redirects).toBe(1);
    expect(server.requests.map(({ method, url }) => `${method} ${url}`)).toEqual(['POST /a', 'GET /b']);
    expect(server.requests[1]?.headers.authorization).toBe(`Basic ${Buffer.from('u:p').toString('base64')}`);
  });

  it('does not tell another host who it is', async () => {
    const other = await serve(hello);
    const server = await serve((_incoming, outgoing) =>
      outgoing.writeHead(302, { location: other.url.replace('127.0.0.1', 'localhost') }).end(),
    );
    const { probe } = await probeBed(
      'it: { prober: http, http: { bearer_token: secret, headers: { Host: shop.example, Cookie: a=b, X-Kind: c } } }',
    );
    expect((await probe(server.url)).isSuccess).toBe(true);
    expect(server.requests[0]?.headers).toMatchObject({
      host: 'shop.example',
      authorization: 'Bearer secret',
      cookie: 'a=b',
    });
    const { authorization, cookie, host, 'x-kind': kind } = other.requests[0]?.headers ?? {};
    expect([authorization, cookie, host, kind]).toEqual([
      undefined,
      undefined,
      other.address.replace('127.0.0.1', 'localhost'),
      'c',
    ]);
  });

  it.each([
    ['where it should not', 'follow_redirects: false', 1],
    ['where it should not, by the old name', 'no_follow_redirects: true', 1],
    ['beyond ten', 'follow_redirects: true', 11],
  ])('does not follow a redirect %s: the status is that of the redirect', async (_what, option, redirects) => {
    const server = await serve((_incoming, outgoing) => outgoing.writeHead(301, { location: '/again' }).end('body'));
    const { probe } = await probeBed(`it: { prober: http, http: { ${option}, valid_status_codes: [301] } }`);
    const { isSuccess, metrics } = await probe(server.url);
    expect(isSuccess).toBe(true);
    expect(metrics).toMatchObject({
      probe_http_redirects: redirects,
      probe_http_status_code: 301,
      probe_http_uncompressed_body_length: 0,
    });
  });

  it('does not follow a redirect to what is no page', async () => {
    const server = await serve((_incoming, outgoing) =>
      outgoing.writeHead(302, { location: 'file:///etc/passwd' }).end(),
    );
    const { probe } = await probeBed('it: { prober: http }');
    const { isSuccess, log } = await probe(server.url);
    expect(isSuccess).toBe(false);
    expect(log).toContain('unsupported protocol scheme');
  });

  it.each([
    ['gzip', gzipSync('hello')],
    ['br', brotliCompressSync('hello')],
  ])('reads a body compressed by %s, and fails where it is not', async (compression, body) => {
    const server = await serve(({ url }, outgoing) => outgoing.end(url === '/plain' ? 'hello' : body));
    const { probe } = await probeBed(
      `it: { prober: http, http: { compression: ${compression}, fail_if_body_not_matches_regexp: [^hello$] } }`,
    );
    const { isSuccess, metrics } = await probe(server.url);
    expect(isSuccess).toBe(true);
    expect(metrics).toMatchObject({ probe_http_uncompressed_body_length: 5, probe_http_content_length: body.length });
    expect((await probe(`${server.url}/plain`)).isSuccess).toBe(false);
  });

  it('reads no more of a body than it may', async () => {
    const server = await serve((_incoming, outgoing) => {
      outgoing.on('error', () => undefined);
      const write = (): void => {
        while (!outgoing.destroyed && outgoing.write(Buffer.alloc(65_536, 'a')));
        if (!outgoing.destroyed) outgoing.once('drain', write);
      };
      write();
    });
    const { probe } = await probeBed(`
limited: { prober: http, http: { body_size_limit: 1MB } }
matched: { prober: http, http: { fail_if_body_matches_regexp: [b] } }`);
    const limited = await probe(server.url, 'limited');
    expect(limited).toMatchObject({ isSuccess: false, metrics: { probe_http_uncompressed_body_length: 2 ** 20 } });
    expect(limited.log).toContain('body_size_limit');
    const matched = await probe(server.url, 'matched');
    expect(matched).toMatchObject({ isSuccess: false, metrics: { probe_failed_due_to_regex: 1 } });
  });

  it('takes linear time for patterns that would blow up elsewhere', async () => {
    const server = await serve((_incoming, outgoing) => outgoing.end(`${'a'.repeat(100_000)}b`));
    const { probe } = await probeBed(
      "it: { prober: http, http: { fail_if_body_matches_regexp: ['^(a+)+$', '(a|a)*c'] } }",
    );
    const startedMs = performance.now();
    expect((await probe(server.url)).isSuccess).toBe(true);
    expect(performance.now() - startedMs).toBeLessThan(2_000);
  });

  it('tells of the certificates of a page', async () => {
    const { port, caFile } = await serveTls(hello);
    const { probe } = await probeBed(`it: { prober: http, http: { tls_config: { ca_file: ${caFile} } } }`, {
      names: ['shop.example'],
    });
    const { isSuccess, metrics, log } = await probe(`https://shop.example:${port}`);
    expect(isSuccess, log).toBe(true);
    expect(metrics).toMatchObject({
      probe_http_ssl: 1,
      'probe_tls_version_info{version="TLS 1.3"}': 1,
      'probe_tls_cipher_info{cipher="TLS_AES_256_GCM_SHA384"}': 1,
    });
    const expiry = metrics.probe_ssl_earliest_cert_expiry ?? 0;
    expect(Math.abs(expiry * 1000 - Date.now() - HOUR_MS / 2)).toBeLessThan(60_000);
    expect(metrics.probe_ssl_last_chain_expiry_timestamp_seconds).toBe(expiry);
    const info = Object.keys(metrics).find((name) => name.startsWith('probe_ssl_last_chain_info'));
    expect(info).toMatch(
      /^probe_ssl_last_chain_info\{fingerprint_sha256="[0-9a-f]{64}",issuer="CN=test-ca",serialnumber="[0-9a-f]+",subject="CN=shop\.example,O=Shop",subjectalternative="localhost,shop\.example"\}$/,
    );
  });

  it.each([
    ['of an authority that is not known', '', 'https://shop.example', false],
    ['that is not looked at', 'tls_config: { insecure_skip_verify: true }', 'https://shop.example', true],
    ['of another name', 'tls_config: { ca_file: CA }', 'https://other.example', false],
    [
      'of the name that the Host header has',
      'tls_config: { ca_file: CA }, headers: { host: shop.example }',
      'https://other.example',
      true,
    ],
    [
      'of the name that it should be of',
      'tls_config: { ca_file: CA, server_name: shop.example }',
      'https://other.example',
      true,
    ],
    ['where there should be none', 'tls_config: { ca_file: CA }, fail_if_ssl: true', 'https://shop.example', false],
  ])('judges a certificate %s', async (_what, options, url, expected) => {
    const { port, caFile } = await serveTls(hello);
    const { probe } = await probeBed(`it: { prober: http, http: { ${options.replace('CA', caFile)} } }`, {
      names: ['shop.example', 'other.example'],
    });
    const { isSuccess, metrics, log } = await probe(`${url}:${port}`);
    expect(isSuccess, log).toBe(expected);
    if (options.includes('insecure'))
      expect(metrics.probe_ssl_last_chain_expiry_timestamp_seconds).toBe(-62_135_596_800);
  });

  it('speaks HTTP/2 where the server does, unless it is told not to', async () => {
    const { port, caFile } = await serveTls(hello, { http2: true });
    const tls = `tls_config: { ca_file: ${caFile} }`;
    const { probe } = await probeBed(`
it: { prober: http, http: { ${tls}, valid_http_versions: [HTTP/2.0], fail_if_body_not_matches_regexp: ['by 2.0'] } }
one: { prober: http, http: { ${tls}, enable_http2: false } }`);
    const { isSuccess, metrics, log } = await probe(`https://localhost:${port}`);
    expect(isSuccess, log).toBe(true);
    expect(metrics).toMatchObject({ probe_http_version: 2, probe_http_ssl: 1, probe_http_uncompressed_body_length: 6 });
    expect((await probe(`https://localhost:${port}`, 'one')).metrics.probe_http_version).toBe(1.1);
  });

  it('goes through a proxy, to an address that it chose or by a name that the proxy resolves', async () => {
    const { port, caFile } = await serveTls(hello);
    const asked: string[] = [];
    const proxy = await serve((incoming, outgoing) => {
      asked.push(`${incoming.method} ${incoming.url} ${incoming.headers.host}`);
      outgoing.end('by the proxy');
    });
    const { createConnection } = await import('node:net');
    const tunnel = http.createServer().on('connect', ({ url }, socket) => {
      asked.push(`CONNECT ${url}`);
      const far = createConnection(port, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        far.pipe(socket).pipe(far);
      });
      for (const end of [socket, far]) end.on('error', () => undefined);
    });
    await new Promise<void>((resolve) => tunnel.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void tunnel.close());
    const { probe } = await probeBed(
      `
plain: { prober: http, http: { proxy_url: '${proxy.url}' } }
named: { prober: http, http: { proxy_url: '${proxy.url}', skip_resolve_phase_with_proxy: true } }
secure: { prober: http, http: { proxy_url: 'http://127.0.0.1:${(tunnel.address() as AddressInfo).port}', tls_config: { ca_file: ${caFile} } } }`,
      { names: ['shop.example'] },
    );
    expect((await probe('http://shop.example/a', 'plain')).isSuccess).toBe(true);
    expect((await probe('http://far.example/a', 'named')).isSuccess).toBe(true);
    const secure = await probe('https://shop.example/a', 'secure');
    expect(secure.isSuccess, secure.log).toBe(true);
    expect(asked).toEqual([
      'GET http://127.0.0.1/a shop.example',
      'GET http://far.example/a far.example',
      'CONNECT 127.0.0.1:443',
    ]);
  });

  it('ends when its time is up, with what it knows', async () => {
    const clock = new FakeClock();
    let isAsked = (): void => undefined;
    const asked = new Promise<void>((resolve) => {
      isAsked = resolve;
    });
    const server = await serve(() => isAsked());
    const { probe } = await probeBed('it: { prober: http, timeout: 5s }', { clock });
    const probing = probe(server.url);
    await asked;
    await clock.advance(5_000);
    expect(await probing).toMatchObject({
      isSuccess: false,
      metrics: { probe_success: 0, probe_duration_seconds: 5, probe_http_status_code: 0, probe_ip_protocol: 4 },
      log: expect.stringContaining('context deadline exceeded'),
    });
  });

  it('ends when its time is up in the middle of a body', async () => {
    const clock = new FakeClock();
    let isAsked = (): void => undefined;
    const asked = new Promise<void>((resolve) => {
      isAsked = resolve;
    });
    const server = await serve((_incoming, outgoing) => {
      outgoing.write(gzipSync('hello').subarray(0, 12), () => isAsked());
    });
    const { probe } = await probeBed('it: { prober: http, timeout: 5s, http: { compression: gzip } }', { clock });
    const probing = probe(server.url);
    await asked;
    await clock.advance(5_000);
    expect(await probing).toMatchObject({ isSuccess: false, metrics: { probe_duration_seconds: 5 } });
  });

  it('knows who asks from the URL, and keeps that to itself', async () => {
    const server = await serve((_incoming, outgoing) => outgoing.end());
    const { probe } = await probeBed('it: { prober: http }');
    const { isSuccess } = await probe(server.url.replace('http://', 'http://kim:a%40b@'));
    expect(isSuccess).toBe(true);
    expect(server.requests[0]?.headers.authorization).toBe(`Basic ${Buffer.from('kim:a@b').toString('base64')}`);
  });

  it.each([
    ['that does not resolve', 'http://nowhere.example', 'ENOTFOUND'],
    ['that nobody listens on', 'http://127.0.0.1:1', 'ECONNREFUSED'],
    ['that is no URL', 'http://[', 'Could not parse target URL'],
  ])('fails by a target %s, and says why', async (_what, target, reason) => {
    const { probe } = await probeBed('it: { prober: http }');
    const { isSuccess, metrics, log } = await probe(target);
    expect(isSuccess).toBe(false);
    expect(metrics).toMatchObject({ probe_success: 0, probe_http_status_code: 0 });
    expect(log).toContain(reason);
  });
});
