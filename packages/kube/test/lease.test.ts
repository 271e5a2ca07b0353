import { isDeepStrictEqual } from 'node:util';
import { FakeClock } from '@vigie/core/fake-clock';
import { seededRandom } from '@vigie/core/random';
import { describe, expect, onTestFinished, test } from 'vitest';
import { LeaseElector, type LeaseHandlers } from '../src/lease.ts';
import type { LeaseOptions } from '../src/lease-options.ts';
import type { TestApiServer } from '../src/testing/api-server.ts';
import type { KubeObject } from '../src/testing/object-store.ts';
import { clientOf, logTo, never, startServer, until, untilAdvancing } from './fixture.ts';

interface TestElector {
  readonly elector: LeaseElector;
  readonly told: string[];
  readonly log: string[];
}

function electorOf(
  server: TestApiServer,
  clock: FakeClock,
  identity: string,
  options: Partial<LeaseOptions> = {},
  handlers: Partial<LeaseHandlers> = {},
): TestElector {
  const told: string[] = [];
  const log: string[] = [];
  const { client } = clientOf(server.config(), clock);
  const elector = new LeaseElector(
    client,
    { namespace: 'logs', name: 'events', identity, ...options },
    {
      started: (signal) => {
        told.push('started');
        signal.addEventListener('abort', () => told.push('signal'));
      },
      stopped: () => void told.push('stopped'),
      leaderChanged: (leader) => told.push(`leader ${leader}`),
      ...handlers,
    },
    { clock, random: seededRandom(identity.length * 7 + identity.charCodeAt(0)), log: logTo(log) },
  );
  // Not given back: the server may be down by then.
  const end = new AbortController();
  onTestFinished(() => end.abort(new Error('the test is over')));
  return { elector, told, log };
}

function specOf(server: TestApiServer): Readonly<Record<string, unknown>> | undefined {
  return server.store.find('leases', 'logs', 'events')?.spec as Readonly<Record<string, unknown>> | undefined;
}

function leaseOf(holder: string, renewTime: string, leaseDurationSeconds = 15): KubeObject {
  return {
    metadata: { name: 'events', namespace: 'logs' },
    spec: { holderIdentity: holder, leaseDurationSeconds, acquireTime: renewTime, renewTime, leaseTransitions: 3 },
  };
}

describe('lease', () => {
  test('whoever comes first creates it, leads and renews it; the record is as client-go writes it', async () => {
    const server = await startServer();
    const clock = new FakeClock(Date.UTC(2026, 10, 21, 12));
    const { elector, told } = electorOf(server, clock, 'pod-a');
    expect(elector.isLeader).toBe(false);
    elector.start(never);
    await until(() => elector.isLeader);
    expect(told).toEqual(['leader pod-a', 'started']);
    expect(specOf(server)).toEqual({
      holderIdentity: 'pod-a',
      leaseDurationSeconds: 15,
      acquireTime: '2026-11-21T12:00:00.000000Z',
      renewTime: '2026-11-21T12:00:00.000000Z',
      leaseTransitions: 0,
    });
    await clock.advance(2000);
    await until(() => specOf(server)?.renewTime === '2026-11-21T12:00:02.000000Z');
    expect(specOf(server)).toMatchObject({ acquireTime: '2026-11-21T12:00:00.000000Z', leaseTransitions: 0 });
    // One request per renewal.
    expect(server.requests.map(({ verb }) => verb)).toEqual(['get', 'create', 'update']);
    await elector.close();
  });

  test('has the labels that it is to be created with, and says when it was last renewed', async () => {
    const server = await startServer();
    const clock = new FakeClock();
    const { elector } = electorOf(server, clock, 'pod-a', { labels: { team: 'x' } });
    expect(elector.renewedAtMs).toBe(Number.NEGATIVE_INFINITY);
    elector.start(never);
    await until(() => elector.isLeader);
    expect(server.store.find('leases', 'logs', 'events')?.metadata.labels).toEqual({ team: 'x' });
    expect(elector.renewedAtMs).toBe(0);
    await clock.advance(2000);
    await until(() => elector.renewedAtMs === 2000);
    await elector.close();
  });

  test('another one waits while it is renewed, and leads soon after it is given back', async () => {
    const server = await startServer();
    const clock = new FakeClock();
    const first = electorOf(server, clock, 'pod-a');
    first.elector.start(never);
    await until(() => first.elector.isLeader);
    const second = electorOf(server, clock, 'pod-b');
    second.elector.start(never);
    await untilAdvancing(clock, () => clock.monotonicMs() > 60_000, 500);
    expect(second.elector.isLeader).toBe(false);
    expect(second.told).toEqual(['leader pod-a']);
    const closedAtMs = clock.monotonicMs();
    await first.elector.close();
    expect(first.told).toEqual(['leader pod-a', 'started', 'signal', 'stopped']);
    expect(specOf(server)).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1 });
    await untilAdvancing(clock, () => second.elector.isLeader);
    expect(clock.monotonicMs() - closedAtMs).toBeLessThan(2 * 4400);
    expect(specOf(server)).toMatchObject({ holderIdentity: 'pod-b', leaseTransitions: 1 });
    await second.elector.close();
  });

  test.each([
    '1999-01-01T00:00:00.000000Z',
    '2126-01-01T00:00:00.000000Z',
  ])('a record of another clock (%s) counts from when it was first seen', async (renewTime) => {
    const server = await startServer();
    const clock = new FakeClock();
    server.put('leases', leaseOf('dead-pod', renewTime));
    const { elector } = electorOf(server, clock, 'pod-b');
    elector.start(never);
    await until(() => server.count('get') === 1);
    await untilAdvancing(clock, () => clock.monotonicMs() >= 14_900);
    expect(elector.isLeader).toBe(false);
    await untilAdvancing(clock, () => elector.isLeader);
    expect(clock.monotonicMs()).toBeLessThan(15_000 + 2 * 4400);
    expect(specOf(server)).toMatchObject({ holderIdentity: 'pod-b', leaseTransitions: 4 });
    await elector.close();
  });

  test('a lease of this very identity, as after a restart, is taken at once', async () => {
    const server = await startServer();
    const clock = new FakeClock();
    server.put('leases', leaseOf('pod-a', '2026-01-01T00:00:00.000000Z'));
    const { elector } = electorOf(server, clock, 'pod-a');
    elector.start(never);
    await until(() => elector.isLeader);
    expect(clock.monotonicMs()).toBe(0);
    expect(specOf(server)).toMatchObject({ leaseTransitions: 3 });
    await elector.close();
  });

  test('a leader that cannot renew stops before another one may take over', async () => {
    const server = await startServer();
    const clock = new FakeClock();
    const { elector, told } = electorOf(server, clock, 'pod-a');
    elector.start(never);
    await until(() => elector.isLeader);
    server.refuse({ verb: 'update', status: 503 });
    server.refuse({ verb: 'get', status: 503 });
    await untilAdvancing(clock, () => clock.monotonicMs() >= 9_900);
    expect(elector.isLeader).toBe(true);
    await clock.advance(100);
    expect(elector.isLeader).toBe(false);
    expect(told).toEqual(['leader pod-a', 'started', 'signal', 'stopped']);
    server.accept();
    await untilAdvancing(clock, () => elector.isLeader);
    expect(told.slice(4)).toEqual(['started']);
    await elector.close();
  });

  test('a server that does not answer is no renewal: the leader stops at its deadline', async () => {
    const server = await startServer();
    const clock = new FakeClock();
    const { elector } = electorOf(server, clock, 'pod-a');
    elector.start(never);
    await until(() => elector.isLeader);
    await server.stop();
    await untilAdvancing(clock, () => clock.monotonicMs() >= 10_000);
    expect(elector.isLeader).toBe(false);
    await server.listen();
    await untilAdvancing(clock, () => elector.isLeader);
    await elector.close();
  });

  test('somebody who writes a label does not cost the lease', async () => {
    const server = await startServer();
    const clock = new FakeClock();
    const { elector, told } = electorOf(server, clock, 'pod-a');
    elector.start(never);
    await until(() => elector.isLeader);
    const lease = server.store.find('leases', 'logs', 'events') as KubeObject;
    server.put('leases', { ...lease, metadata: { ...lease.metadata, labels: { team: 'x' } } });
    const updates = server.count('update');
    await untilAdvancing(clock, () => server.count('update') === updates + 2);
    await until(() => server.store.find('leases', 'logs', 'events')?.metadata.resourceVersion === '1003');
    expect(elector.isLeader).toBe(true);
    expect(told).toEqual(['leader pod-a', 'started']);
    expect(server.store.find('leases', 'logs', 'events')?.metadata.labels).toEqual({ team: 'x' });
    await elector.close();
  });

  test('a leader that finds another holder stops at once', async () => {
    const server = await startServer();
    const clock = new FakeClock();
    const { elector, told } = electorOf(server, clock, 'pod-a');
    elector.start(never);
    await until(() => elector.isLeader);
    server.put('leases', leaseOf('usurper', '2026-01-01T00:00:00.000000Z'));
    await clock.advance(2000);
    await until(() => told.includes('stopped'));
    expect(told.slice(2)).toEqual(['leader usurper', 'signal', 'stopped']);
    expect(elector.leader).toBe('usurper');
    await elector.close();
    expect(specOf(server)).toMatchObject({ holderIdentity: 'usurper' });
  });

  test('of several that want an abandoned lease one gets it: never do two lead', async () => {
    const server = await startServer();
    const clock = new FakeClock();
    const random = seededRandom(20_261_121);
    server.put('leases', leaseOf('dead-pod', '2026-01-01T00:00:00.000000Z'));
    const electors = ['pod-a', 'pod-bb', 'pod-ccc'].map((identity) => electorOf(server, clock, identity));
    for (const { elector } of electors) elector.start(never);
    const leaders = (): number => electors.filter(({ elector }) => elector.isLeader).length;
    let changes = 0;
    for (let step = 0; step < 600; step++) {
      // Now and then the server is gone for up to 16 s, for all or for those who renew.
      if (random() < 0.02) server.refuse({ verb: 'update', status: 503 });
      if (random() < 0.01) server.refuse({ verb: 'get', status: 503 });
      if (random() < 0.06) server.accept();
      await clock.advance(250);
      await new Promise((resolve) => setTimeout(resolve, 1));
      expect(leaders()).toBeLessThanOrEqual(1);
      changes = electors.flatMap(({ told }) => told).filter((line) => line === 'started').length;
    }
    expect(changes).toBeGreaterThan(1);
    server.accept();
    for (const { elector } of electors) await elector.close();
  });

  test('a missing right is an error in the words of the server, a conflict is nothing', async () => {
    const server = await startServer();
    const clock = new FakeClock();
    const message =
      'leases.coordination.k8s.io "events" is forbidden: User "x" cannot get resource "leases" in API group "coordination.k8s.io" in the namespace "logs"';
    server.refuse({ verb: 'get', status: 403, reason: 'Forbidden', message });
    const { elector, log } = electorOf(server, clock, 'pod-a');
    elector.start(never);
    await until(() => log.length > 0);
    expect(JSON.parse(log[0] ?? '')).toMatchObject({
      level: 'error',
      message: 'the lease is refused',
      lease: 'logs/events',
      detail: `403 Forbidden: ${message}`,
    });
    await elector.close();
    expect(server.count('update')).toBe(0);
  });

  test.each([
    [{ leaseDurationMs: 10_000 }, 'leaseDurationMs must be greater than renewDeadlineMs'],
    [{ leaseDurationMs: 15_500 }, 'leaseDurationMs must be whole seconds'],
    [{ retryPeriodMs: 9000 }, 'renewDeadlineMs must be greater than retryPeriodMs * 1.2'],
    [{ identity: '' }, 'identity must not be empty'],
  ])('refuses durations that do not keep two leaders apart: %j', async (options, message) => {
    const server = await startServer();
    expect(() => electorOf(server, new FakeClock(), 'pod-a', options)).toThrow(message);
  });

  test('what the leader keeps in the annotations is there for the next one, from its last moment on', async () => {
    const server = await startServer();
    const clock = new FakeClock();
    let kept = '1';
    const annotations = () => ({ 'vigie.io/kept': kept });
    const first = electorOf(server, clock, 'pod-a', {}, { annotations });
    first.elector.start(never);
    await until(() => first.elector.isLeader);
    expect(first.elector.annotations).toEqual({});
    const seen = () => server.store.find('leases', 'logs', 'events')?.metadata.annotations;
    await untilAdvancing(clock, () => isDeepStrictEqual(seen(), { 'vigie.io/kept': '1' }), 500);
    const second = electorOf(server, clock, 'pod-b', {}, { annotations: () => ({ 'vigie.io/kept': 'nothing yet' }) });
    second.elector.start(never);
    kept = '2';
    await first.elector.close();
    expect(seen()).toEqual({ 'vigie.io/kept': '2' });
    await untilAdvancing(clock, () => second.elector.isLeader);
    expect(second.elector.annotations).toEqual({ 'vigie.io/kept': '2' });
    await second.elector.close();
  });
});

describe('a lease that is given back', () => {
  test('is so too where the renewal that was under way is made first', async () => {
    const server = await startServer();
    const clock = new FakeClock();
    const { elector } = electorOf(server, clock, 'pod-a');
    elector.start(never);
    await until(() => elector.isLeader);
    // It comes between the answer to the last renewal and the end.
    const lease = server.store.find('leases', 'logs', 'events') as KubeObject;
    server.put('leases', { ...lease, metadata: { ...lease.metadata, labels: { team: 'x' } } });
    await elector.close();
    expect(specOf(server)).toMatchObject({ holderIdentity: '' });
  });

  test('is not, where the next process of its name has it', async () => {
    const server = await startServer();
    const clock = new FakeClock();
    const { elector } = electorOf(server, clock, 'pod-a');
    elector.start(never);
    await until(() => elector.isLeader);
    server.put('leases', leaseOf('pod-a', '2027-01-01T00:00:00.000000Z'));
    await elector.close();
    expect(specOf(server)).toMatchObject({ holderIdentity: 'pod-a', renewTime: '2027-01-01T00:00:00.000000Z' });
  });
});

describe('a lease that somebody removes', () => {
  test('is taken by those who wait when its holder has had the time to hear of it', async () => {
    const server = await startServer();
    const clock = new FakeClock();
    server.put('leases', leaseOf('pod-a', '2026-01-01T00:00:00.000000Z'));
    const { elector } = electorOf(server, clock, 'pod-b');
    elector.start(never);
    await until(() => server.count('get') === 1);
    server.remove('leases', 'logs', 'events');
    await untilAdvancing(clock, () => clock.monotonicMs() >= 14_900);
    expect(server.count('create')).toBe(0);
    await untilAdvancing(clock, () => elector.isLeader);
    expect(clock.monotonicMs()).toBeLessThan(15_000 + 2 * 4400);
  });
});
