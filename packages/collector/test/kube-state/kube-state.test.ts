import { FakeClock } from '@vigie/core/fake-clock';
import { createLog } from '@vigie/core/log';
import { seededRandom } from '@vigie/core/random';
import { Telemetry } from '@vigie/core/telemetry';
import { TestApiServer } from '@vigie/kube/testing/api-server';
import { testPod } from '@vigie/kube/testing/test-pod';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SharedWatches } from '../../src/cluster/shared-watches.ts';
import { DEFAULT_KUBE_STATE, KubeState, type KubeStateOptions } from '../../src/kube-state/kube-state.ts';
import { KUBE_STATE_METRICS, reportKubeState } from '../../src/kube-state/telemetry.ts';

function watchesOf(server: TestApiServer, clock: FakeClock): SharedWatches {
  const log = createLog('error', { write: () => undefined });
  const configOf = () => server.config();
  return new SharedWatches({ clock, random: seededRandom(1), log, env: {}, userAgent: 'vigie/test', configOf });
}

async function started(options: Partial<KubeStateOptions> = {}, prepare: (server: TestApiServer) => void = () => {}) {
  const server = await TestApiServer.start();
  prepare(server);
  const clock = new FakeClock();
  const watches = watchesOf(server, clock);
  const state = new KubeState({ ...DEFAULT_KUBE_STATE, resources: ['pods', 'namespaces'], ...options }, watches);
  onTestFinished(async () => {
    await state.close();
    await server.stop();
  });
  state.start();
  const page = async (): Promise<string> => (await state.expose()).body;
  const pods = async (): Promise<string[]> =>
    Array.from((await page()).matchAll(/^kube_pod_info\{.*pod="(.*?)"/gm), ([, pod = '']) => pod);
  return { server, state, clock, page, pods };
}

/** What comes over real sockets comes when it comes. */
const eventually = (look: () => Promise<unknown>) =>
  expect.poll(() => look().catch(() => undefined), { timeout: 10_000 });

function namespace(name: string) {
  return {
    metadata: { name, creationTimestamp: '2026-11-29T10:00:00Z' },
    status: { phase: 'Active' },
  };
}

describe('the state of a cluster', () => {
  it('follows its objects: what is deleted is not in the next page', async () => {
    const { server, pods, state } = await started({}, (fresh) => {
      fresh.put('pods', testPod('web-0'));
      fresh.put('namespaces', namespace('default'));
    });
    await eventually(pods).toEqual(['web-0']);
    await expect.poll(() => server.watching).toBe(2);
    server.put('pods', testPod('web-1'));
    await eventually(pods).toEqual(['web-0', 'web-1']);
    server.remove('pods', 'default', 'web-0');
    await eventually(pods).toEqual(['web-1']);
    expect((await state.expose()).contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
  });

  it('has each head once, before the samples of all objects', async () => {
    const { page, pods } = await started({}, (server) => {
      for (const name of ['web-0', 'web-1']) server.put('pods', testPod(name));
    });
    await eventually(pods).toHaveLength(2);
    expect((await page()).match(/^# TYPE kube_pod_info gauge\n(kube_pod_info\{.*\n){2}#/gm)).toHaveLength(1);
  });

  it('is not told before every kind has answered: half a page would end the series of the other half', async () => {
    let release = (): void => undefined;
    const { pods, state } = await started({}, (server) => {
      server.put('pods', testPod('web-0'));
      release = server.holdLists();
    });
    await expect(state.expose()).rejects.toThrow('not yet listed: namespaces, pods');
    release();
    await eventually(pods).toEqual(['web-0']);
  });

  it('is told without a kind that may not be read, and says so', async () => {
    const { pods, page } = await started({ resources: ['pods', 'poddisruptionbudgets'] }, (server) => {
      server.put('pods', testPod('web-0'));
    });
    await eventually(pods).toEqual(['web-0']);
    const text = await page();
    expect(text).toContain('kube_state_metrics_list_total{resource="*v1.PodDisruptionBudget",result="error"} 1\n');
    expect(text).toContain('kube_state_metrics_list_total{resource="*v1.Pod",result="success"} 1\n');
    expect(text).toContain('kube_state_metrics_list_total{resource="*v1.Pod",result="error"} 0\n');
    expect(text).toContain('kube_state_metrics_total_shards 1\n');
    expect(text).toContain('kube_state_metrics_shard_ordinal{shard_ordinal="0"} 0\n');
  });

  it('stays as it was known while the API server is away, and counts the failures', async () => {
    const { server, pods, state } = await started({}, (fresh) => fresh.put('pods', testPod('web-0')));
    await eventually(pods).toEqual(['web-0']);
    await expect.poll(() => server.watching).toBe(2);
    await server.stop();
    const store = state.stores.find(({ kind }) => kind.resource === 'pods');
    await expect.poll(() => store?.state).toBe('stale');
    expect(await pods()).toEqual(['web-0']);
    const telemetry = new Telemetry(KUBE_STATE_METRICS);
    telemetry.collect((report) => reportKubeState(state, report));
    const { body } = await telemetry.expose();
    expect(body).toContain('vigie_collector_kube_state_up{resource="pods"} 0');
    expect(body).toMatch(/vigie_collector_kube_state_failures_total\{resource="pods"\} [1-9]/);
  });

  it('of more objects than may be kept has those that fit, and counts the others', async () => {
    const names = Array.from({ length: 10 }, (_, i) => `web-${i}`);
    const { server, pods, state } = await started({ maxBytes: 12_000, resources: ['pods'] }, (fresh) => {
      for (const name of names) fresh.put('pods', testPod(name));
    });
    await eventually(pods).not.toBeUndefined();
    const shown = await pods();
    expect(shown.length).toBeGreaterThan(0);
    expect(shown.length).toBeLessThan(10);
    const [store] = state.stores;
    expect(store?.size).toBe(10);
    expect(store?.omitted).toBe(10 - shown.length);
    expect(store?.usedBytes).toBeLessThanOrEqual(12_000);
    // Room is made for what comes next.
    await expect.poll(() => server.watching).toBe(1);
    for (const name of shown) server.remove('pods', 'default', name);
    await eventually(pods).toEqual([]);
    expect(store?.usedBytes).toBe(0);
    server.put('pods', testPod('late'));
    await eventually(pods).toEqual(['late']);
  });

  it('refuses kinds that it does not know', () => {
    const watches = watchesOf(new TestApiServer(), new FakeClock());
    const options = { ...DEFAULT_KUBE_STATE, labels: { pod: ['*'] } };
    expect(() => new KubeState(options, watches)).toThrow('no metrics of pod: expected one of cronjobs, ');
  });
});
