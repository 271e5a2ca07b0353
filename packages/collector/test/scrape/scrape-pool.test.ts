import { FakeClock } from '@vigie/core/fake-clock';
import { createLog } from '@vigie/core/log';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { ScrapeConfig } from '../../src/config/collector-config.ts';
import type { TargetGroup } from '../../src/discovery/target-group.ts';
import { AppendRows } from '../../src/scrape/append-rows.ts';
import type { Page } from '../../src/scrape/fetch-exposition.ts';
import { MetadataPool } from '../../src/scrape/metadata-pool.ts';
import { ScrapePool } from '../../src/scrape/scrape-pool.ts';
import { shardOf } from '../../src/sharding/shard.ts';
import { rule } from '../relabel/rules.ts';
import { serve, type TestServer, text } from '../server.ts';
import { settledIo } from '../settled-io.ts';
import { scrapeConfig } from './configs.ts';
import { type RecordingStore, recordingStore } from './recorded.ts';

const START_MS = 1_700_000_000_000;

let clock: FakeClock;
let store: RecordingStore;
let logged: Record<string, unknown>[];
let server: TestServer;
let body: string;
let page: Page | undefined;
beforeEach(async () => {
  clock = new FakeClock(START_MS);
  store = recordingStore(START_MS, () => clock.nowMs());
  logged = [];
  body = 'reads 1\n';
  server = await serve(text(() => body));
});

function pool(config: Partial<ScrapeConfig> = {}, isEager = false, owns?: (hash: bigint) => boolean): ScrapePool {
  const shutdown = new AbortController();
  const made = new ScrapePool(scrapeConfig(config), {
    samples: { store, rows: new AppendRows(), metadata: new MetadataPool() },
    http: { clock, env: {}, userAgent: 'vigie/1.2.3' },
    observer: { startDelay: () => undefined, duration: () => undefined },
    tracing: undefined,
    clock,
    log: createLog('info', { write: (line) => logged.push(JSON.parse(line)) }),
    seed: 0n,
    isEager,
    owns,
    pageOf: (url) => (url === 'http://page/metrics' ? page : undefined),
    shutdown: shutdown.signal,
  });
  onTestFinished(async () => {
    shutdown.abort(new Error('the end'));
    await made.close();
  });
  return made;
}

function groups(...written: readonly TargetGroup[]): ReadonlyMap<string, TargetGroup> {
  return new Map(written.map((group) => [group.source, group]));
}

const group = (source: string, addresses: readonly string[], labels: Record<string, string> = {}): TargetGroup => ({
  source,
  labels,
  targets: addresses.map((address) => ({ __address__: address })),
});

/** Moves time on until it holds, never past what is on its way: answers come over the network. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) {
    await clock.advance(100);
    await settledIo();
  }
}

const urls = (of: ScrapePool): readonly string[] => of.targets.map(({ url }) => url);

describe('ScrapePool', () => {
  it('scrapes what discovery finds, over the whole interval', async () => {
    const many = pool();
    many.update(
      groups(
        group(
          'a',
          Array.from({ length: 40 }, (_, at) => `127.0.0.${at + 1}:1`),
        ),
      ),
    );
    const starts = many.targets.map(({ lastScrape }) => lastScrape);
    expect(starts.every((last) => last === undefined)).toBe(true);
    await until(() => many.targets.every(({ lastScrape }) => lastScrape !== undefined));
    const offsets = many.targets.map(({ lastScrape }) => ((lastScrape?.startedMs ?? 0) - START_MS) / 5000);
    expect([...new Set(offsets.map(Math.floor))].sort()).toEqual([0, 1, 2]);
  });

  it('stops what is gone, keeps what stays, and sees what comes later within a second', async () => {
    const changing = pool();
    changing.update(groups(group('a', [server.address, '127.0.0.1:1']), group('b', [server.address])));
    await until(() => changing.targets.every(({ health }) => health !== 'unknown'));
    const [kept] = changing.targets.filter(({ health }) => health === 'up');
    changing.update(groups(group('a', [])));
    expect(changing.targets).toEqual([kept]);
    const other = await serve(text(() => 'writes 1\n'));
    const comesMs = clock.nowMs();
    changing.update(groups(group('c', [other.address])));
    await until(() => changing.targets.every(({ health }) => health === 'up'));
    const late = changing.targets.find(({ url }) => url.includes(other.address));
    expect((late?.lastScrape?.startedMs ?? 0) - comesMs).toBeLessThan(1000);
    expect(changing.counts.syncs).toBe(3);
  });

  it('scrapes each target at one of three shards, also one that is in two groups, and takes over what moves', () => {
    const shards = [0, 1, 2].map((shard) => pool({}, false, (hash) => shardOf(hash, 3) === shard));
    const addresses = Array.from({ length: 60 }, (_, at) => `127.0.0.1:${at + 1}`);
    const found = groups(group('a', addresses), group('b', addresses.slice(0, 10)));
    for (const shard of shards) shard.update(found);
    expect(shards.flatMap(urls).sort()).toEqual(addresses.map((address) => `http://${address}/metrics`).sort());
    for (const { targetCount, elsewhereCount } of shards) {
      expect(targetCount).toBeGreaterThan(8);
      expect(elsewhereCount).toBeGreaterThan(0);
    }
    for (const shard of shards) shard.update(groups(group('a', []), group('b', [])));
    expect(shards.flatMap(({ targetCount, elsewhereCount }) => [targetCount, elsewhereCount])).toEqual([
      0, 0, 0, 0, 0, 0,
    ]);
  });

  it('asks a pod again that has become ready, where it did not answer before', async () => {
    let answers = false;
    const starting = await serve((incoming, outgoing) => {
      if (answers) text(() => 'reads 1\n')(incoming, outgoing);
      else outgoing.destroy();
    });
    const pod = (ready: string): TargetGroup => ({
      source: 'pod/shop/web-0',
      labels: { __meta_kubernetes_pod_ready: ready },
      targets: [{ __address__: starting.address }],
    });
    const rolled = pool();
    rolled.update(groups(pod('false')));
    await until(() => rolled.targets[0]?.health === 'down');
    answers = true;
    const readyMs = clock.nowMs();
    rolled.update(groups(pod('true')));
    await until(() => rolled.targets[0]?.health === 'up');
    // Within a second, or at its place in the interval where that is as near.
    expect((rolled.targets[0]?.lastScrape?.startedMs ?? 0) - readyMs).toBeLessThanOrEqual(2000);
  });

  it('counts what relabeling drops and keeps some of it to show, and says what cannot be scraped', () => {
    const drop = rule({ action: 'drop', sourceLabels: ['zone'], regex: 'far' });
    const made = pool({ relabel: [drop], keepDroppedTargets: 1 });
    made.update(groups(group('far', ['a:1', 'b:1'], { zone: 'far' }), group('bad', ['http://c/metrics', ''])));
    expect(made.targets).toEqual([]);
    expect(made.droppedCount).toBe(2);
    expect(made.dropped).toMatchObject([{ target: { __address__: 'a:1' }, group: { zone: 'far' } }]);
    expect(made.counts.invalidTargets).toBe(2);
    expect(logged.map(({ reason }) => reason)).toEqual([
      'instance 0 in group bad: "http://c/metrics" is not a valid hostname',
      'instance 1 in group bad: no address',
    ]);
  });

  it('makes no targets of a group that relabeling drops whole, and counts them', () => {
    const keep = rule({ action: 'keep', sourceLabels: ['__meta_scrape'], regex: 'true' });
    let isMade = false;
    const silent = (scrape: string, targetCount = 3): TargetGroup => ({
      source: 'pod/shop/web-0',
      labels: { __meta_scrape: scrape },
      get targets() {
        isMade = true;
        return [{ __address__: 'a:1' }];
      },
      outline: () => ({
        labels: { __meta_scrape: scrape },
        targetCount,
        isOfGroup: (name) => name === '__meta_scrape',
      }),
    });
    const made = pool({ relabel: [keep] });
    made.update(groups(silent('false')));
    expect([isMade, made.targets.length, made.droppedCount]).toEqual([false, 0, 3]);
    made.update(groups(silent('true')));
    expect([isMade, made.targets.length, made.droppedCount]).toEqual([true, 1, 0]);
    made.update(groups(silent('false', 0)));
    expect([made.targets.length, made.droppedCount]).toEqual([0, 0]);
  });

  it('takes what this process tells under a URL of its own without asking anybody', async () => {
    page = async () => ({ body: 'reads 7\n', contentType: 'text/plain; version=0.0.4' });
    const own = pool();
    own.update(groups(group('own', ['page'])));
    await until(() => own.targets[0]?.health === 'up');
    expect(Object.values(await store.recorded('reads'))[0]).toMatch(/=7$/);
    page = () => Promise.reject(new Error('not yet listed: pods'));
    await until(() => own.targets[0]?.health === 'down');
    expect(own.targets[0]?.lastScrape?.error).toBe('not yet listed: pods');
  });

  it('takes what a kubelet tells as JSON', async () => {
    const summary = { node: { nodeName: 'n1', runtime: { imageFs: { usedBytes: 7 } } } };
    const kubelet = await serve(text(() => JSON.stringify(summary), 'application/json'));
    const kubelets = pool({ metricsPath: '/stats/summary' });
    kubelets.update(groups(group('n1', [kubelet.address])));
    await until(() => kubelets.targets[0]?.health === 'up');
    const recorded = await store.recorded('kube_summary_node_runtime_imagefs_used_bytes');
    expect(Object.entries(recorded)).toEqual([[expect.stringContaining('"node":"n1"'), expect.stringMatching(/=7$/)]]);
  });

  it('takes the histograms of a target as its labels say, which relabeling may have given it', async () => {
    body = '# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="+Inf"} 2\nh_sum 3\nh_count 2\n';
    const labelled = pool({
      relabel: [
        rule({
          sourceLabels: ['native'],
          regex: 'yes',
          targetLabel: '__convert_classic_histograms_to_nhcb__',
          replacement: 'true',
        }),
      ],
    });
    labelled.update(
      groups(group('a', [server.address], { native: 'yes' }), group('b', [server.address], { native: 'no' })),
    );
    await until(() => labelled.targets.every(({ health }) => health === 'up'));
    const native = async (name: string) =>
      Object.keys(await store.recorded(name)).map((labels) => JSON.parse(labels).native);
    expect(await native('h')).toEqual(['yes']);
    expect(await native('h_count')).toEqual(['no']);
  });

  it('scrapes nothing while there are more targets than may be', async () => {
    const limited = pool({ limits: { ...scrapeConfig().limits, targets: 1 } });
    limited.update(groups(group('a', [server.address]), group('b', ['b:1'])));
    await until(() => limited.targets.every(({ health }) => health === 'down'));
    expect(limited.targets[0]?.lastScrape?.error).toBe('target_limit exceeded (number of targets: 2, limit: 1)');
    limited.update(groups(group('b', [])));
    await until(() => limited.targets.every(({ health }) => health === 'up'));
  });

  it('goes on with the series of its targets after a reload that does not change them', async () => {
    const reloaded = pool();
    reloaded.update(groups(group('a', [server.address])));
    await until(() => reloaded.targets[0]?.health === 'up');
    await reloaded.reload(scrapeConfig({ enableCompression: false }));
    expect(reloaded.targets[0]).toMatchObject({ health: 'up' });
    await until(async () => Object.values(await store.recorded('scrape_series_added'))[0]?.split(' ').length === 2);
    expect(Object.values(await store.recorded('scrape_series_added'))[0]).toMatch(/=1 .*=0$/);
    expect(Object.values(await store.recorded('reads'))[0]).not.toContain('stale');
  });

  it('ends the series that a reload takes the labels of', async () => {
    const reloaded = pool();
    reloaded.update(groups(group('a', [server.address])));
    await until(() => reloaded.targets[0]?.health === 'up');
    body = 'writes 1\n';
    await reloaded.reload(scrapeConfig({ honorLabels: true }));
    await until(async () => Object.keys(await store.recorded('writes')).length === 1);
    await until(async () => /stale$/.test(Object.values(await store.recorded('reads'))[0] ?? ''));
    expect(Object.values(await store.recorded('up'))[0]).not.toContain('stale');
  });

  it('leaves no gap in the series of a pod that a reload scrapes in another way', async () => {
    const reloaded = pool();
    reloaded.update(groups(group('a', [server.address], { __meta_kubernetes_pod_uid: 'u' })));
    await until(() => reloaded.targets[0]?.health === 'up');
    body = 'reads 2\nwrites 1\n';
    await reloaded.reload(scrapeConfig({ limits: { ...scrapeConfig().limits, samples: 10 } }));
    await until(async () => Object.values(await store.recorded('writes'))[0]?.split(' ').length === 4);
    for (const name of ['reads', 'writes', 'up'])
      expect(Object.values(await store.recorded(name))[0]).not.toContain('stale');
  });

  it.each<[string, (found: ScrapePool, pod: TargetGroup) => Promise<void> | void]>([
    ['of another interval', (found) => found.reload(scrapeConfig({ intervalMs: 5_000, timeoutMs: 5_000 }))],
    [
      'at another path',
      (found, pod) => found.update(groups({ ...pod, labels: { ...pod.labels, __metrics_path__: '/other' } })),
    ],
  ])('leaves no gap in the series of a pod that is another target %s', async (_what, change) => {
    const pod = group('a', [server.address], { __meta_kubernetes_pod_uid: 'u' });
    const changed = pool();
    changed.update(groups(pod));
    await until(() => changed.targets[0]?.health === 'up');
    const before = changed.targets[0];
    body = 'reads 2\nwrites 1\n';
    await change(changed, pod);
    expect(changed.targets[0]?.key).not.toBe(before?.key);
    await until(async () => Object.values(await store.recorded('writes'))[0]?.split(' ').length === 8);
    for (const name of ['reads', 'writes', 'up'])
      expect(Object.values(await store.recorded(name))[0]).not.toContain('stale');
  });

  it('scrapes eager targets at once, and again soon', async () => {
    const eager = pool({}, true);
    eager.update(groups(group('a', [server.address])));
    const first = eager.firstScrapes();
    await until(() => eager.targets[0]?.health === 'up');
    await first;
    expect(eager.targets[0]?.lastScrape?.startedMs).toBe(START_MS);
    await until(() => eager.counts.scrapes === 2);
    expect(eager.targets[0]?.lastScrape?.startedMs).toBe(START_MS + 2_000);
  });

  it('ends everything of a job that is no more', async () => {
    const retired = pool();
    retired.update(groups(group('a', [server.address], { __meta_kubernetes_pod_uid: 'u' })));
    await until(() => retired.targets[0]?.health === 'up');
    expect(urls(retired)).toEqual([`${server.url}/metrics`]);
    retired.retire();
    await until(async () => Object.values(await store.recorded('reads'))[0]?.endsWith('stale') === true);
    expect(urls(retired)).toEqual([]);
  });
});
