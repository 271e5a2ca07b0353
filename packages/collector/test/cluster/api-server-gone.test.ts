/** A collector whose API server is gone for five minutes. */
import { FakeClock } from '@vigie/core/fake-clock';
import { createLog } from '@vigie/core/log';
import { seededRandom } from '@vigie/core/random';
import { KubeClient } from '@vigie/kube/client';
import { TestApiServer } from '@vigie/kube/testing/api-server';
import { testPod } from '@vigie/kube/testing/test-pod';
import { Engine } from '@vigie/promql/evaluate/engine';
import { HeadQuerier } from '@vigie/tsdb/head-querier';
import { expect, it, onTestFinished } from 'vitest';
import { clusterObjectView, ObjectIndex } from '../../src/adapter/cluster-objects.ts';
import { MetricsAdapter } from '../../src/adapter/metrics-adapter.ts';
import { DiscoveredResources } from '../../src/adapter/rest-mapper.ts';
import { allOf, SharedWatches } from '../../src/cluster/shared-watches.ts';
import { createDiscoveryCounters } from '../../src/discovery/discovery-counters.ts';
import { KubernetesDiscovery } from '../../src/discovery/kubernetes/kubernetes-discovery.ts';
import { DEFAULT_KUBE_STATE, KubeState } from '../../src/kube-state/kube-state.ts';
import { EVERYTHING, parseLabelSelector } from '../../src/metrics-api/label-selector.ts';
import { AppendRows } from '../../src/scrape/append-rows.ts';
import { MetadataPool } from '../../src/scrape/metadata-pool.ts';
import { ScrapePool } from '../../src/scrape/scrape-pool.ts';
import { valuesByName } from '../adapter/world.ts';
import { scrapeConfig } from '../scrape/configs.ts';
import { recordingStore } from '../scrape/recorded.ts';

const START_MS = Date.UTC(2026, 10, 30);
const POD_NAME = /^http:\/\/127\.0\.0\.1:(\d+)\//;
const LOG = createLog('error', { write: () => undefined });

function pod(name: string, port: number) {
  const made = testPod(name, { namespace: 'shop', labels: { app: 'web' }, containers: [] });
  const containers = [{ name: 'web', image: 'web', ports: [{ containerPort: port, protocol: 'TCP' }] }];
  const spec = { ...(made.spec as object), containers };
  return { ...made, spec, status: { ...(made.status as object), podIP: '127.0.0.1' } };
}

async function world() {
  const kube = await TestApiServer.start();
  const clock = new FakeClock(START_MS);
  const ending = new AbortController();
  const watches = new SharedWatches({
    clock,
    random: seededRandom(11),
    log: LOG,
    env: {},
    userAgent: 'vigie/test',
    configOf: () => kube.config(),
  });
  const store = recordingStore(START_MS, () => clock.nowMs());
  /** What the pods answer, by port. */
  const depths = new Map<string, number | Error>();
  const pool = new ScrapePool(scrapeConfig({ honorLabels: true }), {
    samples: { store, rows: new AppendRows(), metadata: new MetadataPool() },
    http: { clock, env: {}, userAgent: 'vigie/test' },
    observer: { startDelay: () => undefined, duration: () => undefined },
    tracing: undefined,
    clock,
    log: LOG,
    seed: 0n,
    isEager: false,
    pageOf: (url) => async () => {
      const [, port = ''] = POD_NAME.exec(url) ?? [];
      const depth = depths.get(port) ?? new Error('nobody is there');
      if (depth instanceof Error) throw depth;
      return { body: `depth{namespace="shop",pod="web-${port}"} ${depth}\n`, contentType: 'text/plain' };
    },
    shutdown: ending.signal,
  });
  const discovery = new KubernetesDiscovery(
    {
      kind: 'kubernetes',
      role: 'pod',
      server: { kind: 'own' },
      namespaces: { own: false, names: [] },
      selectors: [],
      attach: { node: false, namespace: false, deployment: false, job: false, cronjob: false },
    },
    { clock, log: LOG, counts: createDiscoveryCounters().kubernetes, watches },
  );
  const release = watches.hold();
  const discovering = discovery.run((groups) => {
    pool.update(new Map(groups.map((group) => [group.source, group])));
  }, ending.signal);
  const pods = new ObjectIndex();
  const joined = watches.join(allOf('/api/v1/pods'), clusterObjectView, pods);
  const state = new KubeState({ ...DEFAULT_KUBE_STATE, resources: ['pods'] }, watches);
  state.start();
  release();
  const client = new KubeClient(kube.config(), { clock, env: {}, userAgent: 'test', reloadFailed: () => undefined });
  const adapter = new MetricsAdapter(
    { config: undefined, queryTimeoutMs: 5000, maxAgeMs: 300_000 },
    {
      answerer: {
        kind: 'embedded',
        engine: new Engine({}, { clock, pause: async () => undefined }),
        querier: new HeadQuerier(store.head),
      },
      pods,
      nodes: new ObjectIndex(),
      mapper: new DiscoveredResources(client, { clock, log: LOG }, ending.signal),
      client,
      delegate: undefined,
      intervals: { ofJob: () => 15_000, longestMs: 15_000 },
      endpoints: { of: () => undefined },
      clock,
      log: LOG,
      signal: ending.signal,
    },
  );
  onTestFinished(async () => {
    ending.abort(new Error('the test is over'));
    await Promise.all([discovering, pool.close(), joined.leave(), state.close()]);
    client.close();
    await kube.stop();
  });
  /** As an HPA asks. */
  const depth = async () =>
    valuesByName(
      await adapter.custom.values(
        {
          object: { resource: 'pods', group: '' },
          namespace: 'shop',
          name: '*',
          metric: 'depth',
          objectSelector: parseLabelSelector('app=web') ?? EVERYTHING,
          metricSelector: EVERYTHING,
        },
        ending.signal,
      ),
    );
  /** In steps: what comes over sockets comes when it comes. */
  const pass = async (seconds: number, until: () => boolean = () => false): Promise<void> => {
    for (let second = 0; second < seconds && !until(); second++) {
      await clock.advance(1000);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  };
  return { kube, watches, pool, depths, joined, state, depth, pass };
}

it('scrapes and answers HPAs on, and takes up what has happened without a restart and with one list', async () => {
  const { kube, watches, pool, depths, joined, state, depth, pass } = await world();
  kube.put('pods', pod('web-1001', 1001));
  kube.put('pods', pod('web-1002', 1002));
  depths.set('1001', 7).set('1002', 3);
  await pass(600, () => kube.watching === 1 && pool.targets.length === 2);
  await pass(30);
  expect(await depth()).toEqual({ 'web-1001': 7, 'web-1002': 3 });

  await kube.stop();
  const { scrapes } = pool.counts;
  await pass(270);
  depths.set('1001', 9).set('1002', new Error('it has gone'));
  await pass(30);
  expect(joined.state).toBe('stale');
  expect(pool.counts.scrapes - scrapes).toBeGreaterThanOrEqual(2 * 19);
  // What is not scraped any more is left out, and never repeated.
  expect(await depth()).toEqual({ 'web-1001': 9 });
  expect((await state.expose()).body).toContain('kube_pod_info{namespace="shop",pod="web-1002"');
  // Asked for again ever more seldom, in all three names once.
  expect(watches.failures).toBeGreaterThanOrEqual(5);
  expect(watches.failures).toBeLessThanOrEqual(20);

  kube.remove('pods', 'shop', 'web-1002');
  kube.put('pods', pod('web-1003', 1003));
  depths.set('1003', 5);
  kube.compact();
  const lists = kube.count('list');
  await kube.listen();
  await pass(120, () => pool.targets.some(({ url }) => url.includes(':1003/')));
  await pass(20);
  expect(kube.count('list') - lists).toBe(1);
  expect([joined.state, watches.size, kube.watching]).toEqual(['synced', 1, 1]);
  expect(await depth()).toEqual({ 'web-1001': 9, 'web-1003': 5 });
  expect((await state.expose()).body).not.toContain('web-1002');
});
