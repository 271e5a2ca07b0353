import type { Reviews } from '@vigie/kube/testing/api-server';
import { describe, expect, it } from 'vitest';
import { ApiBed, PROXY_NAME } from './api-bed.ts';
import { Authority } from './authority.ts';

const PODS = '/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods';
const MINUTE_MS = 60_000;

const byName = (spec: unknown): Readonly<Record<string, unknown>> => spec as Readonly<Record<string, unknown>>;

/** Allows these users, and records what it was asked. */
function rbac(allowed: readonly string[], tokens: Readonly<Record<string, string>> = {}) {
  const asked: Readonly<Record<string, unknown>>[] = [];
  const reviews: Reviews = {
    token: (token) => {
      const username = tokens[token];
      return username === undefined
        ? { authenticated: false, error: 'unknown token' }
        : { authenticated: true, user: { username, groups: ['system:serviceaccounts'] } };
    },
    access: (spec) => {
      asked.push(byName(spec));
      return { allowed: allowed.includes(String(byName(spec).user)), reason: 'RBAC says so' };
    },
  };
  return { asked, reviews };
}

describe('a caller', () => {
  it('is whom the front proxy names, with groups and extra fields', async () => {
    const { reviews, asked } = rbac(['kim']);
    const bed = await ApiBed.start({ reviews });
    const answer = await bed.ask(PODS, {
      certificate: bed.proxy,
      headers: {
        'x-remote-user': 'kim',
        'x-remote-group': ['devs', 'ops'],
        'x-remote-extra-scopes%2fall': ['a', 'b'],
        // Only what comes from a proxy counts twice: this one is the proxy's own business.
        authorization: 'Bearer nonsense',
      },
    });
    expect(answer.status).toBe(200);
    expect(asked).toEqual([
      {
        user: 'kim',
        groups: ['devs', 'ops', 'system:authenticated'],
        extra: { 'scopes/all': ['a', 'b'] },
        resourceAttributes: {
          verb: 'list',
          group: 'metrics.k8s.io',
          version: 'v1beta1',
          resource: 'pods',
          namespace: 'shop',
        },
      },
    ]);
  });

  it('may have a name and groups in any script', async () => {
    const { reviews, asked } = rbac(['jürgen@例え.jp']);
    const bed = await ApiBed.start({ reviews });
    // The bytes that Go's client sends.
    const bytes = (text: string) => Buffer.from(text).toString('latin1');
    const answer = await bed.ask(PODS, {
      certificate: bed.proxy,
      headers: {
        'x-remote-user': bytes('jürgen@例え.jp'),
        'x-remote-group': [bytes('Ingénieurs'), ''],
        'x-remote-extra-team': bytes('Übersicht'),
      },
    });
    expect(answer.status).toBe(200);
    expect(asked).toMatchObject([{ groups: ['Ingénieurs', 'system:authenticated'], extra: { team: ['Übersicht'] } }]);
  });

  it('is the subject of a client certificate, whatever headers say', async () => {
    const { reviews, asked } = rbac(['lee']);
    const bed = await ApiBed.start({ reviews });
    const certificate = await bed.clientAuthority.issue({ subject: 'CN=lee,O=devs,O=ops' });
    const headers = { 'x-remote-user': 'admin', 'x-remote-group': 'system:masters' };
    expect((await bed.ask(PODS, { certificate, headers })).status).toBe(200);
    expect(asked[0]).toMatchObject({ user: 'lee', groups: ['devs', 'ops', 'system:authenticated'] });
  });

  it('is the subject of a client certificate also where that has characters of its own meaning', async () => {
    const { reviews, asked } = rbac(['Doe, Kim <kim>']);
    const bed = await ApiBed.start({ reviews });
    const certificate = await bed.clientAuthority.issue({
      subject: [{ O: ['devs; all'] }, { CN: ['Doe, Kim <kim>'], OU: ['O=system:masters'] }, { O: ['ops'] }],
    });
    expect((await bed.ask(PODS, { certificate })).status).toBe(200);
    expect(asked[0]).toMatchObject({ groups: ['devs; all', 'ops', 'system:authenticated'] });
  });

  it('is the owner of a bearer token, who is asked for once in ten seconds', async () => {
    const { reviews, asked } = rbac(['system:serviceaccount:shop:web'], { t1: 'system:serviceaccount:shop:web' });
    const bed = await ApiBed.start({ reviews });
    const headers = { authorization: 'Bearer t1' };
    for (let turn = 0; turn < 3; turn++) expect((await bed.ask(PODS, { headers })).status).toBe(200);
    expect(asked).toMatchObject([{ groups: ['system:serviceaccounts', 'system:authenticated'] }]);
    expect(bed.kube.requests.filter(({ path }) => path.endsWith('/tokenreviews')).length).toBe(1);
  });

  it('is refused ten seconds after its token was revoked', async () => {
    const tokens: Record<string, string> = { t1: 'kim' };
    const { reviews } = rbac(['kim'], tokens);
    const bed = await ApiBed.start({ reviews });
    const headers = { authorization: 'Bearer t1' };
    expect((await bed.ask(PODS, { headers })).status).toBe(200);
    delete tokens.t1;
    await bed.clock.advance(10_000);
    const refused = await bed.ask(PODS, { headers });
    expect(refused.status).toBe(401);
    expect(refused.body).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'Unauthorized',
      reason: 'Unauthorized',
      code: 401,
    });
  });

  it('is let in ten seconds after RBAC allows it, and not longer than that after it no longer does', async () => {
    const allowed: string[] = [];
    const { reviews } = rbac(allowed);
    const bed = await ApiBed.start({ reviews });
    const asked = { certificate: bed.proxy, headers: { 'x-remote-user': 'kim' } };
    expect((await bed.ask(PODS, asked)).status).toBe(403);
    allowed.push('kim');
    expect((await bed.ask(PODS, asked)).status).toBe(403);
    await bed.clock.advance(10_000);
    expect((await bed.ask(PODS, asked)).status).toBe(200);
    allowed.pop();
    await bed.clock.advance(10_000);
    expect((await bed.ask(PODS, asked)).status).toBe(403);
  });

  it('who is nobody may look at health, and at nothing else', async () => {
    const { reviews } = rbac([]);
    const bed = await ApiBed.start({ reviews });
    for (const path of ['/healthz', '/livez', '/readyz', '/livez/ping']) {
      expect([path, (await bed.ask(path)).text]).toEqual([path, 'ok']);
    }
    expect((await bed.ask('/readyz?verbose')).text).toBe(
      '[+]metrics-api-certificate ok\n[+]metrics-api-authentication ok\nreadyz check passed\n',
    );
    const refused = await bed.ask('/apis');
    expect(refused.body).toMatchObject({
      code: 403,
      reason: 'Forbidden',
      message: 'forbidden: User "system:anonymous" cannot get path "/apis": RBAC says so',
    });
  });
});

describe('refused are', () => {
  type Bed = ApiBed;
  const proxied = { 'x-remote-user': 'kim', 'x-remote-group': 'system:masters' };
  const cases: readonly [string, number, (bed: Bed) => Promise<Parameters<Bed['ask']>[1]>][] = [
    ['X-Remote-User without a certificate', 403, async () => ({ headers: proxied })],
    [
      "X-Remote-User with the proxy's name in a certificate of the clients' authority",
      403,
      async (bed) => ({
        headers: proxied,
        certificate: await bed.clientAuthority.issue({ subject: `CN=${PROXY_NAME}` }),
      }),
    ],
    [
      'X-Remote-User with a name that is not allowed',
      401,
      async (bed) => ({ headers: proxied, certificate: await bed.proxyAuthority.issue({ subject: 'CN=somebody' }) }),
    ],
    [
      'a front proxy whose certificate has ended',
      401,
      async (bed) => ({
        headers: proxied,
        certificate: await bed.proxyAuthority.issue({ subject: `CN=${PROXY_NAME}`, untilMs: -MINUTE_MS }),
      }),
    ],
    [
      'a front proxy whose certificate has not begun',
      401,
      async (bed) => ({
        headers: proxied,
        certificate: await bed.proxyAuthority.issue({ subject: `CN=${PROXY_NAME}`, fromMs: MINUTE_MS }),
      }),
    ],
    [
      "a front proxy with a server's certificate",
      401,
      async (bed) => ({
        headers: proxied,
        certificate: await bed.proxyAuthority.issue({ subject: `CN=${PROXY_NAME}`, use: 'server' }),
      }),
    ],
    ['a front proxy that names nobody', 401, async (bed) => ({ certificate: bed.proxy })],
    [
      'a client certificate that has ended',
      401,
      async (bed) => ({ certificate: await bed.clientAuthority.issue({ subject: 'CN=kim', untilMs: -MINUTE_MS }) }),
    ],
    [
      'a client certificate of another authority of the same name',
      401,
      async () => {
        const other = await Authority.create('kubernetes-ca');
        return { certificate: await other.issue({ subject: 'CN=kim' }) };
      },
    ],
    ['a token that nobody knows', 401, async () => ({ headers: { authorization: 'Bearer t9' } })],
    ['a user without RBAC', 403, async (bed) => ({ certificate: bed.proxy, headers: { 'x-remote-user': 'lee' } })],
    ['nobody', 403, async () => ({})],
  ];
  it.each(cases)('%s, with %i', async (_what, status, asked) => {
    const { reviews } = rbac(['kim']);
    const bed = await ApiBed.start({ reviews });
    const answer = await bed.ask(PODS, await asked(bed));
    expect([answer.status, answer.body.reason]).toEqual([status, status === 401 ? 'Unauthorized' : 'Forbidden']);
    expect(answer.headers['content-type']).toBe('application/json');
  });

  it('with the words of an API server, where RBAC does not allow it', async () => {
    const { reviews } = rbac([]);
    const bed = await ApiBed.start({ reviews });
    const path = '/apis/custom.metrics.k8s.io/v1beta2/namespaces/shop/pods/%2A/requests_per_second';
    const answer = await bed.ask(path, { certificate: bed.proxy, headers: { 'x-remote-user': 'lee' } });
    expect(answer.body).toMatchObject({
      message:
        'pods.custom.metrics.k8s.io "*" is forbidden: User "lee" cannot get resource "pods/requests_per_second" in API group "custom.metrics.k8s.io" in the namespace "shop": RBAC says so',
      details: { name: '*', group: 'custom.metrics.k8s.io', kind: 'pods' },
    });
  });
});

describe('while the API server is away', () => {
  it('nobody gets in who is not known', async () => {
    const { reviews } = rbac(['kim'], { t1: 'kim' });
    const bed = await ApiBed.start({ reviews });
    bed.kube.refuse({ verb: 'create', status: 500, reason: 'InternalError', message: 'etcd is away' });
    const byToken = await bed.ask(PODS, { headers: { authorization: 'Bearer t1' } });
    expect([byToken.status, byToken.body.reason]).toEqual([503, 'ServiceUnavailable']);
    const proxied = await bed.ask(PODS, { certificate: bed.proxy, headers: { 'x-remote-user': 'kim' } });
    expect([proxied.status, proxied.body.reason]).toEqual([500, 'InternalError']);
    // Nothing of it is kept.
    bed.kube.accept();
    expect((await bed.ask(PODS, { certificate: bed.proxy, headers: { 'x-remote-user': 'kim' } })).status).toBe(200);
  });

  it('whoever comes before its ConfigMap was read waits', async () => {
    const bed = await ApiBed.start({ isUnconfigured: true });
    expect((await bed.get('/apis')).status).toBe(503);
    expect((await bed.ask('/readyz')).status).toBe(500);
    bed.configureAuthentication();
    for (;;) if ((await bed.get('/apis')).status === 200) break;
  });
});

it('takes up an authority that has been renewed, on connections that are open too', async () => {
  const bed = await ApiBed.start();
  expect((await bed.get('/apis')).status).toBe(200);
  const other = await Authority.create('front-proxy-ca-2');
  bed.configureAuthentication({ 'requestheader-client-ca-file': other.cert });
  for (;;) if ((await bed.get('/apis')).status === 401) break;
  const certificate = await other.issue({ subject: `CN=${PROXY_NAME}` });
  const headers = { 'x-remote-user': 'a', 'x-remote-group': 'system:masters' };
  expect((await bed.ask('/apis', { certificate, headers })).status).toBe(200);
});

it('believes the front proxy without asking again, where that is said', async () => {
  const { reviews, asked } = rbac([]);
  const bed = await ApiBed.start({ reviews, api: { trustFrontProxy: true } });
  expect((await bed.ask(PODS, { certificate: bed.proxy, headers: { 'x-remote-user': 'kim' } })).status).toBe(200);
  const certificate = await bed.clientAuthority.issue({ subject: 'CN=kim' });
  expect((await bed.ask(PODS, { certificate })).status).toBe(403);
  expect(asked.length).toBe(1);
});
