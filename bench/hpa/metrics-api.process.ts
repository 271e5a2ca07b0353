/** The metrics APIs over an embedded database of 10,000 pods with five metrics each, which goes on being written to as scraping would. */

import { ObjectIndex } from '@vigie/collector/adapter/cluster-objects';
import { MetricsApi } from '@vigie/collector/metrics-api/metrics-api';
import { systemClock } from '@vigie/core/clock';
import { createLog } from '@vigie/core/log';
import { KubeClient } from '@vigie/kube/client';
import { Engine } from '@vigie/promql/evaluate/engine';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { Head } from '@vigie/tsdb/head/head';
import { HeadQuerier } from '@vigie/tsdb/head-querier';
import { APPS, INTERVAL_MS, NAMESPACE, PODS, podName, SERIES } from './workload.ts';

const { KUBE_URL = '', ADAPTER = '' } = process.env;
const clock = systemClock;
const head = new Head({}, clock);
const pods = new ObjectIndex();
const refs: number[][] = [];

for (let pod = 0; pod < PODS; pod++) {
  const name = podName(pod);
  pods.applied(name, {
    namespace: NAMESPACE,
    name,
    labels: { app: `app-${pod % APPS}`, 'pod-template-hash': `h${pod % APPS}` },
    creationTimestamp: '2026-11-21T10:00:00Z',
    startedAtMs: clock.nowMs() - 3_600_000,
  });
  refs.push(
    SERIES.map((series) => {
      const labels = { __name__: series, namespace: NAMESPACE, pod: name, job: 'apps', instance: `10.0.0.1:${pod}` };
      const ref = head.getOrCreate(LabelSet.of(labels));
      if (typeof ref === 'string') throw new Error(ref);
      return ref;
    }),
  );
}

/** Pods are scraped one after another through the interval, each at the same place in it. */
function append(from: number, to: number, atMs: number): void {
  const scraped = refs.slice(from, to).flat();
  head.append({
    count: scraped.length,
    refs: Uint32Array.from(scraped),
    timestampsMs: new Float64Array(scraped.length).fill(atMs),
    values: Float64Array.from(scraped, (_, index) => atMs / 1000 + (index % 97)),
  });
}

const SLICES = 150;
const SLICE_PODS = PODS / SLICES;
const startedAtMs = clock.nowMs();
for (let round = 8; round > 0; round--) append(0, PODS, startedAtMs - round * INTERVAL_MS);
let slice = 0;
setInterval(() => {
  append(Math.floor(slice * SLICE_PODS), Math.floor((slice + 1) * SLICE_PODS), clock.nowMs());
  slice = (slice + 1) % SLICES;
}, INTERVAL_MS / SLICES);

const log = createLog('warn');
const querier = new HeadQuerier(head);
const api = new MetricsApi(
  {
    listen: { host: '127.0.0.1', port: 0 },
    certificate: {
      kind: 'self_made',
      service: { namespace: 'monitoring', name: 'vigie-collector', port: 443 },
      secret: undefined,
      validityMs: 86_400_000,
      groups: ['custom.metrics.k8s.io'],
      takeOver: [],
    },
    auth: 'kubernetes',
    trustFrontProxy: false,
    adapter:
      ADAPTER === 'rules'
        ? {
            rules: [
              {
                seriesQuery: '{namespace!="",pod!=""}',
                seriesFilters: [],
                resources: { template: '<<.Resource>>', overrides: {}, namespaced: true },
                name: { matches: '^(.*)_total$', as: '${1}_per_second' },
                metricsQuery: 'sum(rate(<<.Series>>{<<.LabelMatchers>>}[1m])) by (<<.GroupBy>>)',
              },
            ],
            externalRules: [],
            resourceRules: undefined,
          }
        : undefined,
    queryTimeoutMs: 5000,
    maxAgeMs: 300_000,
  },
  {
    client: new KubeClient(
      { server: new URL(KUBE_URL), tls: {}, credentials: { type: 'none' }, namespace: 'monitoring', origin: 'bench' },
      { clock, env: {}, userAgent: 'vigie/bench', reloadFailed: () => undefined },
    ),
    answerer: { kind: 'embedded', engine: new Engine(), querier },
    pods,
    nodes: new ObjectIndex(),
    intervals: { ofJob: () => INTERVAL_MS, longestMs: INTERVAL_MS },
    endpoints: { of: () => undefined },
    delegate: undefined,
    clock,
    random: Math.random,
    log,
    print: (line) => process.stderr.write(`${line}\n`),
    observe: () => undefined,
    unserved: () => undefined,
  },
);
const ending = new AbortController();
process.once('SIGTERM', () => {
  ending.abort(new Error('the benchmark is over'));
  void api.close({ graceMs: 0 }).then(() => process.exit(0));
});
await api.start(ending.signal);
