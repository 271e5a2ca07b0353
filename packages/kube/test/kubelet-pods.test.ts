import type { FakeClock } from '@vigie/core/fake-clock';
import { seededRandom } from '@vigie/core/random';
import { expect, onTestFinished, test } from 'vitest';
import { KubeletPods } from '../src/kubelet-pods.ts';
import type { Pod } from '../src/objects.ts';
import type { TestApiServer } from '../src/testing/api-server.ts';
import { testPod } from '../src/testing/test-pod.ts';
import { clientOf, logTo, never, startServer, until, untilAdvancing } from './fixture.ts';

interface TestPoller {
  readonly pods: KubeletPods;
  readonly clock: FakeClock;
  readonly told: string[];
  readonly log: string[];
}

function pollerOf(kubelet: TestApiServer, intervalMs = 30_000): TestPoller {
  const { client, clock } = clientOf(kubelet.config());
  const told: string[] = [];
  const log: string[] = [];
  const names = (all: ReadonlyMap<string, Pod>): string => [...all.values()].map(({ name }) => name).join(',');
  const pods = new KubeletPods(
    client,
    { intervalMs },
    { replaced: (all) => told.push(names(all)) },
    { clock, random: seededRandom(1), log: logTo(log) },
  );
  onTestFinished(() => pods.close());
  return { pods, clock, told, log };
}

test('asks the kubelet now and then, with jitter, and tells of all pods each time', async () => {
  const kubelet = await startServer();
  kubelet.put('pods', testPod('web-0', { labels: { app: 'web' } }));
  const { pods, clock, told } = pollerOf(kubelet);
  pods.start(never);
  await pods.synced;
  expect(pods.state).toBe('synced');
  expect([...pods.items.values()][0]).toMatchObject({ name: 'web-0', labels: { app: 'web' }, podIp: '10.1.2.3' });
  kubelet.put('pods', testPod('web-1'));
  await clock.advance(30_000);
  expect(kubelet.count('list')).toBe(1);
  await clock.advance(3000);
  await until(() => told.length === 2);
  expect(told).toEqual(['web-0', 'web-0,web-1']);
  expect(kubelet.requests.map(({ path, query }) => [path, query.size])).toEqual([
    ['/pods', 0],
    ['/pods', 0],
  ]);
});

test('a pod that is missed is asked for sooner, but never sooner than ten seconds after the last time', async () => {
  const kubelet = await startServer();
  const { pods, clock } = pollerOf(kubelet, 60_000);
  pods.start(never);
  await pods.synced;
  await until(() => clock.pendingTimers === 1);
  for (let second = 0; second < 10; second++) {
    pods.want();
    await clock.advance(1000);
  }
  expect(kubelet.count('list')).toBe(1);
  await untilAdvancing(clock, () => kubelet.count('list') === 2);
  expect(clock.monotonicMs()).toBeLessThan(11_100);
  await until(() => pods.counters.polls === 2 && clock.pendingTimers === 1);
  await clock.advance(59_000);
  expect(kubelet.count('list')).toBe(2);
});

test('an interval below ten seconds is ten seconds', async () => {
  const kubelet = await startServer();
  const { pods, clock } = pollerOf(kubelet, 100);
  pods.start(never);
  await pods.synced;
  await until(() => clock.pendingTimers === 1);
  await clock.advance(9900);
  expect(kubelet.count('list')).toBe(1);
});

test('a kubelet that refuses is reported in its words, keeps what was known, and is asked on', async () => {
  const kubelet = await startServer();
  kubelet.put('pods', testPod('web-0'));
  const { pods, clock, log } = pollerOf(kubelet);
  pods.start(never);
  await pods.synced;
  const message = 'Forbidden (user=system:serviceaccount:logs:vigie, verb=get, resource=nodes, subresource=pods)';
  kubelet.refuse({ verb: 'list', status: 403, message, times: 1 });
  await untilAdvancing(clock, () => pods.state === 'stale');
  expect(pods.items.size).toBe(1);
  expect(JSON.parse(log[0] ?? '')).toMatchObject({ level: 'error', detail: `403: ${message}` });
  await untilAdvancing(clock, () => pods.state === 'synced');
  expect(pods.counters).toMatchObject({ polls: 3, failures: 1 });
});

test('a node without pods has none', async () => {
  const kubelet = await startServer();
  const { pods, told } = pollerOf(kubelet);
  pods.start(never);
  await pods.synced;
  expect(told).toEqual(['']);
});

test('closes in the middle of a poll and of a pause', async () => {
  const kubelet = await startServer();
  const release = kubelet.holdLists();
  const polling = pollerOf(kubelet);
  polling.pods.start(never);
  await until(() => kubelet.count('list') === 1);
  await polling.pods.close();
  release();
  const pausing = pollerOf(kubelet);
  const ending = new AbortController();
  pausing.pods.start(ending.signal);
  await pausing.pods.synced;
  ending.abort(new Error('the end'));
  await pausing.pods.close();
  expect([polling.told, pausing.told]).toEqual([[], ['']]);
  expect(pausing.clock.pendingTimers).toBe(0);
});
