import { describe, expect, test } from 'vitest';
import { proxyAuthorization, proxyFor } from '../../src/http-client/proxy.ts';

function via(url: string, env: Record<string, string>): string | undefined {
  return proxyFor(new URL(url), env)?.href;
}

describe('proxyFor', () => {
  const proxy = 'http://proxy:3128';

  test('takes HTTPS_PROXY for https and HTTP_PROXY for http, in capitals first', () => {
    const env = { HTTPS_PROXY: 'http://a:1', https_proxy: 'http://b:2', http_proxy: 'http://c:3' };
    expect(via('https://es.example', env)).toBe('http://a:1/');
    expect(via('http://es.example', env)).toBe('http://c:3/');
    expect(via('http://es.example', { HTTPS_PROXY: 'http://a:1' })).toBeUndefined();
  });

  test('takes an address without a scheme for http', () => {
    expect(via('https://es.example', { HTTPS_PROXY: 'proxy:3128' })).toBe('http://proxy:3128/');
  });

  test('never sends the host itself through a proxy', () => {
    for (const host of ['localhost', '127.0.0.1', '127.9.9.9', '[::1]']) {
      expect(via(`https://${host}:9200`, { HTTPS_PROXY: proxy }), host).toBeUndefined();
    }
  });

  test.each([
    ['*', 'https://anything', true],
    ['es.example', 'https://es.example', true],
    ['es.example', 'https://node.es.example', true],
    ['es.example', 'https://bes.example', false],
    ['.es.example', 'https://es.example', false],
    ['.es.example', 'https://node.es.example', true],
    ['*.es.example', 'https://node.es.example', true],
    ['ES.Example', 'https://es.example', true],
    ['other, es.example ,', 'https://es.example', true],
    ['es.example:9200', 'https://es.example:9200', true],
    ['es.example:9200', 'https://es.example:9201', false],
    ['es.example:443', 'https://es.example', true],
    ['10.1.2.3', 'https://10.1.2.3', true],
    ['2.3', 'https://10.1.2.3', false],
    ['10.0.0.0/8', 'https://10.1.2.3', true],
    ['10.0.0.0/8', 'https://11.1.2.3', false],
    ['10.0.0.0/8', 'https://ten.example', false],
    ['10.0.0.0/99', 'https://10.1.2.3', false],
    ['fd00::/8', 'https://[fd12::1]', true],
    ['[fd12::1]:9200', 'https://[fd12::1]:9200', true],
  ])('NO_PROXY=%s and %s: bypasses is %s', (noProxy, url, bypasses) => {
    expect(via(url, { HTTPS_PROXY: proxy, NO_PROXY: noProxy }) === undefined).toBe(bypasses);
    expect(via(url, { HTTPS_PROXY: proxy, no_proxy: noProxy }) === undefined).toBe(bypasses);
  });

  test('reads user and password from the URL', () => {
    expect(proxyAuthorization(new URL('http://u%40x:p%3Aw@proxy'))).toEqual({
      'proxy-authorization': `Basic ${Buffer.from('u@x:p:w').toString('base64')}`,
    });
    expect(proxyAuthorization(new URL('http://proxy'))).toEqual({});
  });
});
