import { X509Certificate } from 'node:crypto';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:tls';
import { FakeClock } from '@vigie/core/fake-clock';
import { createLog } from '@vigie/core/log';
import type { ServerTlsOptions } from '@vigie/core/tls';
import { makeCertificates } from '@vigie/kube/certificates/make-certificates';
import { SelfMadeCertificates } from '@vigie/kube/certificates/self-made';
import { KubeClient } from '@vigie/kube/client';
import { TestApiServer } from '@vigie/kube/testing/api-server';
import * as v from 'valibot';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigurationTrust } from '../../src/webhook/configuration-trust.ts';

const NAME = 'hook.vigie.svc';
const MINUTE_MS = 60_000;
const DAY_MS = 1440 * MINUTE_MS;
const VALIDITY_MS = 90 * DAY_MS;
const CONFIGURATIONS = 'mutatingwebhookconfigurations';

const configurationSchema = v.object({
  webhooks: v.array(v.looseObject({ clientConfig: v.looseObject({ caBundle: v.optional(v.string(), '') }) })),
});

let api: TestApiServer;
let clock: FakeClock;
let replicas: AbortController;
let clients: KubeClient[];

beforeEach(async () => {
  api = await TestApiServer.start();
  // The certificates are checked by OpenSSL, whose clock is the system's.
  clock = new FakeClock(Date.now());
  replicas = new AbortController();
  clients = [];
  api.put('secrets', { metadata: { name: 'tls', namespace: 'vigie', labels: { a: 'b' } }, type: 'Opaque' });
  applyConfiguration();
});
afterEach(async () => {
  replicas.abort(new Error('the test is over'));
  for (const client of clients) client.close();
  await api.stop();
});

/** As `kubectl apply` of the manifests does the first time. */
function applyConfiguration(): void {
  const webhook = (name: string) => ({
    name,
    failurePolicy: 'Ignore',
    clientConfig: { service: { name: 'hook', namespace: 'vigie', path: '/mutate' } },
  });
  api.put(CONFIGURATIONS, { metadata: { name: 'hooks' }, webhooks: [webhook('pods'), webhook('templates')] });
}

interface Replica {
  readonly certificates: SelfMadeCertificates;
  readonly served: ServerTlsOptions[];
  /** The certificate that it serves now. */
  current(): string;
  readonly lines: string[];
}

async function replica(validityMs = VALIDITY_MS): Promise<Replica> {
  const client = new KubeClient(api.config(), {
    clock,
    env: {},
    userAgent: 'vigie/test',
    reloadFailed: () => undefined,
  });
  clients.push(client);
  const lines: string[] = [];
  const log = createLog('info', { write: (line) => void lines.push(line) });
  const certificates = new SelfMadeCertificates(
    { namespace: 'vigie', secret: 'tls', service: 'hook', owner: 'test', validityMs },
    {
      client,
      clock,
      random: () => 0.5,
      log,
      make: makeCertificates,
      trust: new ConfigurationTrust('hooks', { client, log }),
    },
  );
  const served: ServerTlsOptions[] = [];
  return { certificates, served, lines, current: () => String(served.at(-1)?.cert) };
}

async function start(validityMs?: number): Promise<Replica> {
  const one = await replica(validityMs);
  one.served.push(await one.certificates.first(replicas.signal));
  void one.certificates.follow((tls) => one.served.push(tls), replicas.signal);
  return one;
}

function bundles(): readonly string[] {
  const { webhooks } = v.parse(configurationSchema, api.store.find(CONFIGURATIONS, '', 'hooks'));
  return webhooks.map(({ clientConfig }) => Buffer.from(clientConfig.caBundle, 'base64').toString());
}

/** Moves the clock on by checks of a minute until something holds; each is several requests, which take real time. */
async function untilChecked(holds: () => boolean): Promise<void> {
  for (let checks = 0; checks < 50 && !holds(); checks++) {
    const before = api.requests.length;
    await clock.advance(70_000);
    for (let turns = 0; turns < 200 && api.requests.length < before + 2; turns++) await turn();
    for (let turns = 0; turns < 20; turns++) await turn();
  }
  expect(holds()).toBe(true);
}

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}

/** What a client that trusts the bundle and asks for the Service's name says of the server. */
async function handshake(tls: ServerTlsOptions | undefined, ca: string): Promise<string> {
  const server: Server = createServer(tls ?? {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    return await new Promise<string>((resolve) => {
      const socket = connect({ port, host: '127.0.0.1', ca, servername: NAME }, () => resolve('trusted'));
      socket.on('error', (error) => resolve(error.message));
      socket.on('secureConnect', () => socket.end());
    });
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

describe('a webhook that makes its own certificate', () => {
  it('serves one that the configuration then trusts in all its webhooks, and leaves the rest of the objects', async () => {
    const { served } = await start();
    expect(bundles().length).toBe(2);
    for (const bundle of bundles()) expect(await handshake(served[0], bundle)).toBe('trusted');
    expect(await handshake(served[0], (await makeCertificates('test', [NAME], Date.now(), DAY_MS)).ca)).not.toBe(
      'trusted',
    );
    expect(api.store.find('secrets', 'vigie', 'tls')).toMatchObject({
      type: 'Opaque',
      metadata: { labels: { a: 'b' } },
    });
    expect(api.store.find(CONFIGURATIONS, '', 'hooks')).toMatchObject({
      webhooks: [
        { name: 'pods', failurePolicy: 'Ignore', clientConfig: { service: { path: '/mutate' } } },
        { name: 'templates' },
      ],
    });
    const certificate = new X509Certificate(String(served[0]?.cert));
    expect(certificate.ca).toBe(false);
    expect(certificate.subjectAltName).toBe(
      'DNS:hook.vigie.svc, DNS:hook.vigie.svc.cluster.local, DNS:hook.vigie, DNS:hook',
    );
    expect(Date.parse(certificate.validTo) - clock.nowMs()).toBeGreaterThan(VALIDITY_MS - 2000);
  });

  it('keeps no key of the authority', async () => {
    await start();
    const { data } = v.parse(
      v.object({ data: v.record(v.string(), v.string()) }),
      api.store.find('secrets', 'vigie', 'tls'),
    );
    expect(Object.keys(data)).toEqual(['ca.crt', 'tls.crt', 'tls.key']);
    expect(Buffer.from(data['ca.crt'] ?? '', 'base64').toString()).not.toContain('PRIVATE KEY');
  });

  it('shares it with replicas that start at the same time', async () => {
    const [a, b, c] = await Promise.all([start(), start(), start()]);
    expect(new Set([a, b, c].map((one) => one?.current())).size).toBe(1);
    for (const bundle of bundles()) expect(await handshake(b?.served[0], bundle)).toBe('trusted');
  });

  it('takes what is there after a restart', async () => {
    const first = await start();
    const writes = () => api.requests.filter(({ verb }) => verb === 'update').length;
    const before = writes();
    const second = await start();
    expect(second.current()).toBe(first.current());
    expect(writes()).toBe(before);
  });

  it('renews it after two thirds of its time, and serves the new one only once it was trusted before', async () => {
    // So that by the system's clock both certificates are in their time.
    clock = new FakeClock(Date.now() - 20 * MINUTE_MS);
    const one = await start(30 * MINUTE_MS);
    const two = await start(30 * MINUTE_MS);
    const [old, oldBundle = ''] = [one.current(), bundles()[0]];
    const startedAtMs = clock.nowMs();
    await untilChecked(() => bundles()[0] !== oldBundle);
    // Its time began three minutes before it was made.
    expect(clock.nowMs() - startedAtMs).toBeGreaterThan((33 * MINUTE_MS * 2) / 3 - 3 * MINUTE_MS - 1000);
    expect([one.current(), two.current()]).toEqual([old, old]);
    // Both authorities are trusted, whichever replica answers.
    expect(await handshake(one.served[0], bundles()[0] ?? '')).toBe('trusted');
    expect(bundles()[0]).toContain(oldBundle.trim());
    await untilChecked(() => one.current() !== old && two.current() !== old);
    expect(one.current()).toBe(two.current());
    expect(bundles()[0]?.match(/BEGIN CERTIFICATE/g)?.length).toBe(2);
    for (const bundle of bundles()) expect(await handshake(two.served.at(-1), bundle)).toBe('trusted');
  });

  it('makes the configuration trust it again when somebody applied another', async () => {
    const one = await start();
    applyConfiguration();
    expect(bundles()).toEqual(['', '']);
    await untilChecked(() => bundles().every((bundle) => bundle !== ''));
    for (const bundle of bundles()) expect(await handshake(one.served[0], bundle)).toBe('trusted');
  });

  it.each([
    ['of another Service', 'other'],
    ['that does not fit its key', 'mixed'],
    ['that is none', 'garbage'],
  ])('replaces one %s', async (_what, kind) => {
    const one = await makeCertificates('test', [kind === 'other' ? 'x.y.svc' : NAME], Date.now(), VALIDITY_MS);
    const two = await makeCertificates('test', [NAME], Date.now(), VALIDITY_MS);
    const encode = (text: string): string => Buffer.from(kind === 'garbage' ? 'x' : text).toString('base64');
    const data = {
      'ca.crt': encode(one.ca),
      'tls.crt': encode(one.cert),
      'tls.key': encode(kind === 'mixed' ? two.key : one.key),
    };
    api.put('secrets', { metadata: { name: 'tls', namespace: 'vigie' }, data });
    const { served } = await start();
    expect(String(served[0]?.cert)).not.toBe(one.cert);
    expect(await handshake(served[0], bundles()[0] ?? '')).toBe('trusted');
  });

  it('waits for what is missing, and says what that is', async () => {
    api.remove('secrets', 'vigie', 'tls');
    const one = await replica();
    const first = one.certificates.first(replicas.signal);
    for (let turns = 0; turns < 500 && one.certificates.problem === undefined; turns++) await turn();
    expect(one.certificates.problem).toMatch(
      /^GET \/api\/v1\/namespaces\/vigie\/secrets\/tls: 404 NotFound: .*manifests/,
    );
    api.put('secrets', { metadata: { name: 'tls', namespace: 'vigie' } });
    for (let turns = 0; turns < 500 && one.certificates.problem !== undefined; turns++) {
      await clock.advance(1000);
      await turn();
    }
    expect(String((await first).cert)).toContain('BEGIN CERTIFICATE');
  });

  it('goes on serving while the API server refuses, and tells of it', async () => {
    const one = await start();
    api.refuse({ verb: 'get', status: 403, reason: 'Forbidden', message: 'secrets "tls" is forbidden' });
    await untilChecked(() => one.certificates.problem !== undefined);
    expect(one.certificates.problem).toContain('403 Forbidden: secrets "tls" is forbidden');
    api.accept();
    await untilChecked(() => one.certificates.problem === undefined);
    expect(one.served.length).toBe(1);
  });
});
