/** The metrics APIs behind a real API server, asked by kubectl and by the real HPA controller. Pods are objects whose status the test
 *  writes: there is no kubelet. */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ClusterObjectWatch } from '@vigie/collector/adapter/cluster-object-watch';
import { MetricsApi } from '@vigie/collector/metrics-api/metrics-api';
import { systemClock } from '@vigie/core/clock';
import { createLog } from '@vigie/core/log';
import { KubeClient } from '@vigie/kube/client';
import { loadKubeConfig } from '@vigie/kube/config';
import { Engine } from '@vigie/promql/evaluate/engine';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { MemoryStorage } from '@vigie/promql/storage/memory-storage';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from './deadline.ts';
import { freePort } from './parts/free-port.ts';
import { type ControlPlane, startControlPlane } from './parts/kubernetes.ts';
import { installKubernetes } from './parts/kubernetes-binary.ts';
import { at, stringAt } from './rest.ts';

const TIMEOUT_MS = 120_000;
const INTERVAL_MS = 1000;
const NAMESPACE = 'shop';
const ending = new AbortController();

let plane: ControlPlane;
let client: KubeClient;
let api: MetricsApi;
let pods: ClusterObjectWatch;
let nodes: ClusterObjectWatch;
const lines: string[] = [];
const storage = new MemoryStorage();
/** Of all pods together, per second; undefined: nothing is scraped any more. */
let load: { readonly cores: number; readonly requests: number; readonly queue: number } | undefined = {
  cores: 0.2,
  requests: 10,
  queue: 4,
};
/** Counters by series. */
const counters = new Map<string, number>();
let writing: NodeJS.Timeout;
let writtenAtMs = Date.now();

beforeAll(async () => {
  plane = await startControlPlane({
    controllers: ['deployment-controller', 'replicaset-controller', 'horizontal-pod-autoscaler-controller'],
    controllerManagerFlags: [
      '--horizontal-pod-autoscaler-sync-period=1s',
      '--horizontal-pod-autoscaler-cpu-initialization-period=1s',
    ],
  });
  client = new KubeClient(loadKubeConfig({ kubeconfig: plane.kubeconfig }, { env: {} }), {
    clock: systemClock,
    env: {},
    userAgent: 'vigie/test',
    reloadFailed: () => undefined,
  });
  const port = await freePort();
  apply({ kind: 'Namespace', apiVersion: 'v1', metadata: { name: NAMESPACE } });
  apply({ kind: 'Namespace', apiVersion: 'v1', metadata: { name: 'monitoring' } });
  apply({ kind: 'ServiceAccount', apiVersion: 'v1', metadata: { name: 'default', namespace: NAMESPACE } });
  // There is neither kube-proxy nor DNS: this is how a Service leads to a process beside the cluster.
  apply({
    kind: 'Service',
    apiVersion: 'v1',
    metadata: { name: 'vigie-collector', namespace: 'monitoring' },
    spec: { type: 'ExternalName', externalName: 'localhost', ports: [{ port }] },
  });
  const log = createLog('info', { write: (line) => void lines.push(line) });
  const deps = { clock: systemClock, random: Math.random, log };
  pods = new ClusterObjectWatch('pods', undefined, client, deps);
  nodes = new ClusterObjectWatch('nodes', undefined, client, deps);
  pods.start(ending.signal);
  nodes.start(ending.signal);
  api = new MetricsApi(
    {
      listen: { host: '127.0.0.1', port },
      certificate: {
        kind: 'self_made',
        service: { namespace: 'monitoring', name: 'vigie-collector', port },
        secret: undefined,
        validityMs: 86_400_000,
        groups: ['metrics.k8s.io', 'custom.metrics.k8s.io', 'external.metrics.k8s.io'],
        takeOver: [],
      },
      auth: 'kubernetes',
      trustFrontProxy: false,
      adapter: undefined,
      queryTimeoutMs: 5000,
      maxAgeMs: 60_000,
    },
    {
      ...deps,
      client,
      answerer: { kind: 'embedded', engine: new Engine(), querier: storage },
      pods: pods.objects,
      nodes: nodes.objects,
      intervals: { ofJob: () => 5 * INTERVAL_MS, longestMs: 5 * INTERVAL_MS },
      delegate: undefined,
      print: (line) => void lines.push(line),
      observe: () => undefined,
    },
  );
  await api.start(ending.signal);
  writing = setInterval(write, INTERVAL_MS);
  apply(DEPLOYMENT);
  await untilRunning(2);
  await until(
    'the APIServices',
    TIMEOUT_MS,
    async () => {
      const list = await get('/apis/apiregistration.k8s.io/v1/apiservices');
      const ours = itemsOf(list).filter((item) => stringAt(item, 'metadata', 'name').endsWith('metrics.k8s.io'));
      return ours.length === 4 && ours.every((item) => conditionOf(item, 'Available') === 'True') ? true : undefined;
    },
    () => lines.slice(-5).join('\n'),
  );
});

afterAll(async () => {
  clearInterval(writing);
  await api?.close({ graceMs: 0 });
  ending.abort(new Error('the suite is over'));
  await pods?.close();
  await nodes?.close();
  client?.close();
  await plane?.stop();
});

const DEPLOYMENT = {
  kind: 'Deployment',
  apiVersion: 'apps/v1',
  metadata: { name: 'web', namespace: NAMESPACE },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'app', image: 'none', resources: { requests: { cpu: '200m', memory: '64Mi' } } }] },
    },
  },
};

function apply(object: object): void {
  plane.kubectl(['apply', '-f', '-'], JSON.stringify(object));
}

async function get(path: string): Promise<unknown> {
  const answer = await client.request({ method: 'GET', path }, ending.signal);
  if (answer.status !== 'ok') throw new Error(`GET ${path}: ${JSON.stringify(answer)}`);
  return answer.body;
}

function itemsOf(list: unknown): readonly unknown[] {
  const items = at(list, 'items');
  return Array.isArray(items) ? items : [];
}

function conditionOf(object: unknown, type: string): string | undefined {
  const conditions = at(object, 'status', 'conditions');
  const found = Array.isArray(conditions) ? conditions.find((condition) => at(condition, 'type') === type) : undefined;
  return found === undefined ? undefined : stringAt(found, 'status');
}

/** Lets all pods run that are there, until there are so many. */
async function untilRunning(count: number): Promise<void> {
  await until(`${count} pods`, TIMEOUT_MS, async () => ((await runPending()) === count ? true : undefined));
}

/** @returns how many pods there are; all of them run now */
async function runPending(): Promise<number> {
  const list = itemsOf(await get(`/api/v1/namespaces/${NAMESPACE}/pods`));
  for (const pod of list) if (at(pod, 'status', 'phase') === 'Pending') await run(stringAt(pod, 'metadata', 'name'));
  return list.length;
}

/** As a kubelet would report it, an hour later. */
async function run(name: string): Promise<void> {
  const hourAgo = new Date(Date.now() - 3_600_000).toISOString();
  const status = {
    phase: 'Running',
    startTime: hourAgo,
    conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: hourAgo }],
  };
  const path = `/api/v1/namespaces/${NAMESPACE}/pods/${name}/status`;
  const contentType = 'application/merge-patch+json';
  const answer = await client.request({ method: 'PATCH', path, body: { status }, contentType }, ending.signal);
  if (answer.status !== 'ok') throw new Error(JSON.stringify(answer));
}

/** One scrape of every pod. */
function write(): void {
  if (load === undefined) return;
  const nowMs = Date.now();
  const add = (labels: Readonly<Record<string, string>>, value: number): void => {
    const series = LabelSet.of({ namespace: NAMESPACE, ...labels });
    storage.append(series, [{ timestampMs: nowMs, value, startTimestampMs: 0 }]);
  };
  const count = (labels: Readonly<Record<string, string>>, perSecond: number): void => {
    const key = JSON.stringify(labels);
    // By the clock, and not by how often a timer has fired on a machine that has other things to do.
    const before = counters.get(key) ?? 0;
    counters.set(key, before + (perSecond * (nowMs - writtenAtMs)) / 1000);
    add(labels, counters.get(key) ?? 0);
  };
  const running = pods.objects.list(NAMESPACE, { text: '', requirements: [] });
  for (const { name } of running) {
    const container = { job: 'kubelet', pod: name, container: 'app' };
    count({ __name__: 'container_cpu_usage_seconds_total', ...container }, load.cores / running.length);
    add({ __name__: 'container_memory_working_set_bytes', ...container }, 2 ** 25);
    count({ __name__: 'requests_total', job: 'app', pod: name }, load.requests / running.length);
  }
  add({ __name__: 'queue_depth', job: 'queue', queue: 'mail' }, load.queue);
  writtenAtMs = nowMs;
}

/** Beside this process, which is the one that answers: the plane's own waits for the end of it. */
async function kubectl(...args: readonly string[]): Promise<string> {
  const all = ['kubectl', '--kubeconfig', plane.kubeconfig, ...args];
  return (await promisify(execFile)(installKubernetes(), all, { encoding: 'utf8' })).stdout;
}

async function raw(path: string): Promise<unknown> {
  return JSON.parse(await kubectl('get', '--raw', path));
}

test('kubectl asks for values as a person would', async () => {
  const path = `/apis/custom.metrics.k8s.io/v1beta2/namespaces/${NAMESPACE}/pods/*/requests_per_second?labelSelector=app=web`;
  const list = await until('values of both pods', TIMEOUT_MS, async () => {
    const answer = await raw(path);
    return itemsOf(answer).length === 2 ? answer : undefined;
  });
  for (const item of itemsOf(list)) {
    expect(Number.parseFloat(stringAt(item, 'value')) / (stringAt(item, 'value').endsWith('m') ? 1000 : 1)).toBeCloseTo(
      5,
      0,
    );
  }
  const external = await raw(`/apis/external.metrics.k8s.io/v1beta1/namespaces/${NAMESPACE}/queue_depth`);
  expect(itemsOf(external)).toMatchObject([{ metricName: 'queue_depth', value: '4' }]);
  const top = await until('kubectl top', TIMEOUT_MS, () => kubectl('top', 'pods', '-n', NAMESPACE, '--containers'));
  expect(top.split('\n').filter((line) => /^web-\S+ +app +\d+m +32Mi/.test(line)).length).toBe(2);
});

test('the HPA controller scales on usage, on a metric of pods and on an external one, and not without values', async () => {
  apply({
    kind: 'HorizontalPodAutoscaler',
    apiVersion: 'autoscaling/v2',
    metadata: { name: 'web', namespace: NAMESPACE },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      minReplicas: 1,
      maxReplicas: 6,
      metrics: [
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } },
        {
          type: 'Pods',
          pods: { metric: { name: 'requests_per_second' }, target: { type: 'AverageValue', averageValue: '5' } },
        },
        {
          type: 'External',
          external: { metric: { name: 'queue_depth' }, target: { type: 'AverageValue', averageValue: '2' } },
        },
      ],
    },
  });
  const hpa = () => get(`/apis/autoscaling/v2/namespaces/${NAMESPACE}/horizontalpodautoscalers/web`);
  const detail = (): string => plane.kubectl(['describe', 'hpa', '-n', NAMESPACE]);
  const metrics = await until(
    'all three metrics',
    TIMEOUT_MS,
    async () => {
      const found = at(await hpa(), 'status', 'currentMetrics');
      return Array.isArray(found) && found.length === 3 && found.every((metric) => at(metric, 'type') !== '')
        ? found
        : undefined;
    },
    detail,
  );
  expect(metrics).toMatchObject([
    { type: 'Resource', resource: { name: 'cpu' } },
    { type: 'Pods', pods: { metric: { name: 'requests_per_second' } } },
    { type: 'External', external: { metric: { name: 'queue_depth' } } },
  ]);
  expect(conditionOf(await hpa(), 'ScalingActive')).toBe('True');
  // Half of what is requested, 5 of 5 a second, 4 in the queue for 2 of each: two it is, until there is twice as much to do.
  load = { cores: 0.2, requests: 20, queue: 4 };
  await until(
    'four replicas',
    TIMEOUT_MS,
    async () => {
      await runPending();
      return at(await hpa(), 'status', 'desiredReplicas') === 4 ? true : undefined;
    },
    detail,
  );
  await untilRunning(4);
  load = undefined;
  await until(
    'no metrics',
    TIMEOUT_MS,
    async () => (conditionOf(await hpa(), 'ScalingActive') === 'False' ? true : undefined),
    detail,
  );
  expect(at(await get(`/apis/apps/v1/namespaces/${NAMESPACE}/deployments/web`), 'spec', 'replicas')).toBe(4);
});
