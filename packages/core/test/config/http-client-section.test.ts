import { describe, expect, it } from 'vitest';
import { AS_WRITTEN } from '../../src/config/environment.ts';
import { Findings } from '../../src/config/findings.ts';
import type { HttpClientConfig } from '../../src/config/http-client-config.ts';
import { DEFAULT_HTTP_CLIENT } from '../../src/config/http-client-config.ts';
import { httpClientSection, readHttpClient } from '../../src/config/http-client-section.ts';
import { parseConfig } from '../../src/config/load.ts';
import { formatProblem } from '../../src/config/problem.ts';

function read(yaml: string): { readonly config: HttpClientConfig; readonly problems: readonly string[] } {
  const loaded = parseConfig(yaml, 'f.yml', httpClientSection, AS_WRITTEN);
  const findings = new Findings(loaded);
  const config = readHttpClient(loaded.value, [], { findings, folder: '/etc/am' });
  return { config, problems: findings.problems.map(formatProblem) };
}

function configOf(yaml: string): HttpClientConfig {
  const { config, problems } = read(yaml);
  expect(problems).toEqual([]);
  return config;
}

describe('an http_config', () => {
  it('that says nothing has the defaults', () => {
    expect(configOf('')).toEqual(DEFAULT_HTTP_CLIENT);
    expect(configOf('{ basic_auth: , tls_config: , proxy_url: , follow_redirects: , http_headers: }')).toEqual(
      DEFAULT_HTTP_CLIENT,
    );
  });

  it('has the paths of files from its own folder on', () => {
    const { tls, authorization, headers } = configOf(
      `tls_config: { ca_file: ca.pem, cert_file: /tls/cert.pem, key_file: key.pem, server_name: a, min_version: TLS12 }
basic_auth: { username: u, password_file: password }
http_headers: { X-Team: { values: [a, b], secrets: [s], files: [team] } }`,
    );
    expect(tls).toEqual({
      ...DEFAULT_HTTP_CLIENT.tls,
      ...{ caFile: '/etc/am/ca.pem', certFile: '/tls/cert.pem', keyFile: '/etc/am/key.pem' },
      ...{ serverName: 'a', minVersion: 'TLS12' },
    });
    expect(authorization).toEqual({ kind: 'basic', username: { value: 'u' }, password: { file: '/etc/am/password' } });
    expect(headers).toEqual({ 'X-Team': { values: ['a', 'b'], secrets: [{ value: 's' }, { file: '/etc/am/team' }] } });
  });

  it.each([
    ['authorization: { credentials: c }', { type: 'Bearer', credentials: { value: 'c' } }],
    ['authorization: { type: " Token ", credentials_file: f }', { type: 'Token', credentials: { file: '/etc/am/f' } }],
    ['bearer_token: c', { type: 'Bearer', credentials: { value: 'c' } }],
    ['bearer_token_file: f', { type: 'Bearer', credentials: { file: '/etc/am/f' } }],
  ])('has one kind of credentials: %s', (yaml, credentials) => {
    expect(configOf(yaml).authorization).toEqual({ kind: 'credentials', ...credentials });
  });

  it('fetches tokens with TLS and a proxy of their own', () => {
    const { authorization, tls, proxy } = configOf(
      `proxy_url: http://targets:1
oauth2: { client_id: c, client_secret: s, token_url: https://t/, scopes: [a], endpoint_params: { b: c }, proxy_url: http://u:p@tokens:2, no_proxy: x, tls_config: { ca: PEM } }`,
    );
    expect(authorization).toEqual({
      ...{ kind: 'oauth2', clientId: 'c', clientSecret: { value: 's' }, tokenUrl: 'https://t/' },
      ...{ scopes: ['a'], endpointParams: { b: 'c' }, tls: { ...DEFAULT_HTTP_CLIENT.tls, ca: 'PEM' } },
      proxy: { url: 'http://u:p@tokens:2', noProxy: 'x', fromEnvironment: false },
    });
    expect({ tls, proxy }).toEqual({
      tls: DEFAULT_HTTP_CLIENT.tls,
      proxy: { ...DEFAULT_HTTP_CLIENT.proxy, url: 'http://targets:1' },
    });
  });
});

describe('mistakes in an http_config', () => {
  it.each([
    [
      'basic_auth: { password: p, password_file: f }',
      'basic_auth.password_file: expected at most one of password & password_file',
    ],
    [
      'bearer_token: a\nauthorization: { credentials: b }\noauth2: { client_id: c, token_url: http://t }',
      'oauth2: expected at most one of basic_auth, authorization, oauth2, bearer_token & bearer_token_file, got "oauth2"',
      'bearer_token: expected at most one of basic_auth, authorization, oauth2, bearer_token & bearer_token_file, got "bearer_token"',
    ],
    ['authorization: { type: basic }', 'authorization.type: expected basic_auth in place of a type basic, got "basic"'],
    [
      'oauth2: { token_url: s3cret }',
      'oauth2.client_id: expected a client id',
      'oauth2.token_url: expected the URL that gives tokens, got what is not shown, for it may be a secret',
    ],
    ['tls_config: { ca: a, ca_file: b }', 'tls_config.ca_file: expected at most one of ca & ca_file'],
    [
      'tls_config: { cert_file: x }',
      'tls_config: expected key or key_file beside the client certificate, got a mapping',
    ],
    ['tls_config: { key: x }', 'tls_config: expected cert or cert_file beside the client key, got a mapping'],
    [
      'http_headers: { Host: { values: [x] } }',
      'http_headers.Host: expected a header that may be set (setting header "Host" is not allowed), got "Host"',
    ],
    [
      'proxy_url: socks5://p:1080',
      'proxy_url: expected a proxy of http or https: Vigie does not speak SOCKS, got "proxy_url"',
    ],
    [
      'proxy_url: x://u:s3cret@h',
      'proxy_url: expected the URL of a proxy, got what is not shown, for it may be a secret',
    ],
    [
      'proxy_url: http:///path',
      'proxy_url: expected the URL of a proxy, got what is not shown, for it may be a secret',
    ],
    ['no_proxy: x', 'no_proxy: expected proxy_url beside no_proxy'],
    [
      'proxy_url: http://p\nno_proxy: x\nproxy_from_environment: yes',
      'proxy_url: expected no proxy_url beside proxy_from_environment',
      'no_proxy: expected no no_proxy beside proxy_from_environment',
    ],
    [
      'oauth2: { client_id: c, token_url: http://t, no_proxy: x }',
      'oauth2.no_proxy: expected proxy_url beside no_proxy',
    ],
  ])('%s', (yaml, ...expected) => {
    const { problems } = read(yaml);
    expect(problems).toEqual(expected.map((problem) => expect.stringContaining(problem)));
    expect(problems.join()).not.toContain('s3cret');
  });

  it('are keys that others have', () => {
    expect(() => read('proxy_connect_header: { A: [b] }')).toThrow(
      'f.yml:1:1: proxy_connect_header: expected a proxy that asks for no headers of its own, which Vigie does not send',
    );
    expect(() => read('proxy: x')).toThrow(/expected one of the keys basic_auth, .*, http_headers, got "proxy"/);
    expect(() => read('proxy: x')).not.toThrow('proxy_connect_header');
  });
});
