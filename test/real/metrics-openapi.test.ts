/** The schemas of the metrics APIs within those of a real API server, as kubectl reads them. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ObjectIndex } from '@vigie/collector/adapter/cluster-objects';
import { MetricsApi } from '@vigie/collector/metrics-api/metrics-api';
import { systemClock } from '@vigie/core/clock';
import { createLog } from '@vigie/core/log';
import { KubeClient } from '@vigie/kube/client';
import { loadKubeConfig } from '@vigie/kube/config';
import { Engine } from '@vigie/promql/evaluate/engine';
import { MemoryStorage } from '@vigie/promql/storage/memory-storage';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from './deadline.ts';
import { freePort } from './parts/free-port.ts';
import { type ControlPlane, startControlPlane } from './parts/kubernetes.ts';
import { installKubernetes } from './parts/kubernetes-binary.ts';

const TIMEOUT_MS = 60_000;
const GROUPS = ['metrics.k8s.io', 'custom.metrics.k8s.io', 'external.metrics.k8s.io'] as const;
const SERVICE = { namespace: 'default', name: 'vigie-collector' };

let plane: ControlPlane;
let client: KubeClient;
let api: MetricsApi;

beforeAll(async () => {
  plane = await startControlPlane();
  const config = loadKubeConfig({ kubeconfig: plane.kubeconfig }, { env: {} });
  const deps = { clock: systemClock, env: {}, userAgent: 'vigie/test', reloadFailed: () => undefined };
  client = new KubeClient(config, deps);
  const port = await freePort();
  plane.kubectl(
    ['apply', '-f', '-'],
    JSON.stringify({
      kind: 'Service',
      apiVersion: 'v1',
      metadata: SERVICE,
      // The API server dials this name, without a cluster network.
      spec: { type: 'ExternalName', externalName: 'localhost', ports: [{ port }] },
    }),
  );
  api = new MetricsApi(
    {
      listen: { host: '127.0.0.1', port },
      certificate: {
        kind: 'self_made',
        service: { ...SERVICE, port },
        secret: undefined,
        validityMs: 86_400_000,
        groups: GROUPS,
        takeOver: [],
      },
      auth: 'none',
      trustFrontProxy: false,
      adapter: undefined,
      queryTimeoutMs: 5_000,
      maxAgeMs: 300_000,
    },
    {
      client,
      answerer: { kind: 'embedded', engine: new Engine(), querier: new MemoryStorage() },
      pods: new ObjectIndex(),
      nodes: new ObjectIndex(),
      intervals: { ofJob: () => 15_000, longestMs: 15_000 },
      endpoints: { of: () => undefined },
      delegate: undefined,
      clock: systemClock,
      random: Math.random,
      log: createLog('error'),
      print: () => undefined,
      observe: () => undefined,
      unserved: () => undefined,
    },
  );
  await api.start(new AbortController().signal);
});

afterAll(async () => {
  await api?.close({ graceMs: 0 });
  client?.close();
  await plane?.stop();
});

let caches = 0;

/** With a cache of its own: for six hours kubectl does not ask again which APIs there are. */
function explain(what: string): readonly string[] {
  const cache = `--cache-dir=${join(plane.home, `cache-${caches++}`)}`;
  return ['explain', what, '--api-version=metrics.k8s.io/v1beta1', cache];
}

const run = promisify(execFile);

/** Beside this process, which answers what the API server asks meanwhile. */
async function kubectl(args: readonly string[]): Promise<string> {
  const all = ['kubectl', `--kubeconfig=${plane.kubeconfig}`, ...args];
  return (await run(installKubernetes(), all, { maxBuffer: 64 << 20 })).stdout;
}

/** What kubectl says once it says all of that. */
function untilSaid(what: string, args: () => readonly string[], ...said: readonly string[]): Promise<string> {
  return until(what, TIMEOUT_MS, async () => {
    const text = await kubectl(args());
    return said.every((part) => text.includes(part)) ? text : undefined;
  });
}

describe('the schemas of the metrics APIs', () => {
  test('are what kubectl explains', async () => {
    const explained = await untilSaid('kubectl explain', () => explain('pods'), 'PodMetrics');
    expect(explained).toMatch(/GROUP:\s+metrics\.k8s\.io\nKIND:\s+PodMetrics\nVERSION:\s+v1beta1/);
    expect(explained).toMatch(/containers\s+<\[\]ContainerMetrics> -required-/);
    expect(await kubectl(explain('nodes.usage'))).toContain('memory as the working set');
  });

  test("are merged into the API server's own of version 2, which stay as they are", async () => {
    const kinds = [
      'metrics.v1beta1.PodMetrics',
      'custom_metrics.v1beta2.MetricValue',
      'custom_metrics.v1beta1.MetricValue',
      'external_metrics.v1beta1.ExternalMetricValue',
    ];
    const merged = await untilSaid('the merged document', () => ['get', '--raw', '/openapi/v2'], ...kinds);
    const { definitions, paths } = JSON.parse(merged);
    const names = Object.keys(definitions);
    expect(names).toContain('io.k8s.metrics.pkg.apis.custom_metrics.v1beta2.MetricValue');
    expect(names.filter((name) => name.endsWith('_v2'))).toEqual([]);
    expect(Object.keys(paths)).toContain('/apis/metrics.k8s.io/v1beta1/namespaces/{namespace}/pods/{name}');
    const configMap = { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'c' }, data: { a: 'b' } };
    expect(plane.kubectl(['apply', '--validate=strict', '-f', '-'], JSON.stringify(configMap))).toContain('created');
  });
});
