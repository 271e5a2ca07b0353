/** The collector's metrics of a cluster's objects beside those of the real kube-state-metrics, both of one API server. */
import { fileURLToPath } from 'node:url';
import { SharedWatches } from '@vigie/collector/cluster/shared-watches';
import { KINDS } from '@vigie/collector/kube-state/kinds';
import { KubeState } from '@vigie/collector/kube-state/kube-state';
import { systemClock } from '@vigie/core/clock';
import { loadConfig } from '@vigie/core/config/load';
import { createLog } from '@vigie/core/log';
import { seededRandom } from '@vigie/core/random';
import { KubeClient } from '@vigie/kube/client';
import { loadKubeConfig } from '@vigie/kube/config';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from './deadline.ts';
import { type RealKubeStateMetrics, startKubeStateMetrics } from './parts/kube-state-metrics.ts';
import { type ControlPlane, startControlPlane } from './parts/kubernetes.ts';
import { at } from './rest.ts';

const TIMEOUT_MS = 60_000;
/** Docs/reference/kube-state.md says so. */
const NOT_OURS = ['kube_endpointslice_endpoints_hints', 'kube_ingress_metadata_resource_version'];
/** What has come since 2.15, the newest that can be built from its module. */
const NEWER = [
  'kube_horizontalpodautoscaler_created',
  'kube_job_status_ready',
  'kube_limitrange_annotations',
  'kube_limitrange_labels',
];
const NEWER_LABELS: Readonly<Record<string, RegExp>> = {
  kube_deployment_status_condition: /^reason=/,
  kube_endpointslice_endpoints: /^terminating=/,
  kube_horizontalpodautoscaler_spec_target_metric: /^container=/,
  kube_horizontalpodautoscaler_status_target_metric: /^container=/,
  kube_ingress_path: /^path_type=/,
  kube_persistentvolume_info: /^reclaim_policy=/,
};
const OBJECTS_FILE = fileURLToPath(
  new URL('../../packages/collector/testdata/kube-state/objects.yaml', import.meta.url),
);

interface Metric {
  readonly type: string;
  readonly help: string;
  /** Values by labels, sorted and without empty ones. */
  readonly samples: ReadonlyMap<string, number>;
}

const never = new AbortController().signal;
let plane: ControlPlane;
let client: KubeClient;
let real: RealKubeStateMetrics;
let state: KubeState;
let pages: { readonly ours: Map<string, Metric>; readonly theirs: Map<string, Metric> };

beforeAll(async () => {
  plane = await startControlPlane({
    apiServerFlags: ['--disable-admission-plugins=ServiceAccount,ResourceQuota,LimitRanger'],
  });
  const config = loadKubeConfig({ kubeconfig: plane.kubeconfig }, { env: {} });
  client = new KubeClient(config, {
    clock: systemClock,
    env: {},
    userAgent: 'vigie/test',
    reloadFailed: () => undefined,
  });
  await createObjects();
  const resources = KINDS.map(({ resource }) => resource);
  const allowed = '=[*]';
  real = await startKubeStateMetrics(plane.kubeconfig, resources, [
    `--metric-labels-allowlist=${resources.map((resource) => `${resource}${allowed}`).join(',')}`,
    `--metric-annotations-allowlist=${resources.map((resource) => `${resource}${allowed}`).join(',')}`,
  ]);
  const all = Object.fromEntries(resources.map((resource) => [resource, ['*']]));
  const watches = new SharedWatches({
    clock: systemClock,
    random: seededRandom(1),
    log: createLog('error'),
    env: {},
    userAgent: 'vigie/test',
    configOf: () => config,
  });
  state = new KubeState({ resources, labels: all, annotations: all, maxBytes: 16 << 20 }, watches);
  state.start();
  pages = await until('both to know all objects', TIMEOUT_MS, async () => {
    const theirs = metricsOf(await (await fetch(real.url)).text());
    const ours = metricsOf((await state.expose()).body);
    const isWhole = [ours, theirs].every((page) =>
      KINDS.every(({ prefix }) => [...page.keys()].some((name) => name.startsWith(`${prefix}_`))),
    );
    return isWhole ? { ours, theirs } : undefined;
  });
});

afterAll(async () => {
  await state?.close();
  client?.close();
  await real?.stop();
  await plane?.stop();
});

/** Namespaces first: the others are in them. */
async function createObjects(): Promise<void> {
  const { value: objects } = await loadConfig(OBJECTS_FILE, v.record(v.string(), v.array(v.unknown())), {});
  const first = KINDS.filter(({ resource }) => resource === 'namespaces');
  for (const { resource, path } of [...first, ...KINDS.filter((kind) => !first.includes(kind))]) {
    for (const object of objects[resource] ?? []) {
      const [name, namespace] = [String(at(object, 'metadata', 'name')), at(object, 'metadata', 'namespace')];
      const folder =
        namespace === undefined ? path : path.replace(`/${resource}`, `/namespaces/${namespace}/${resource}`);
      const { creationTimestamp: _, deletionTimestamp: __, ...metadata } = Object(at(object, 'metadata'));
      const { status, ...rest } = Object(object);
      await call('POST', folder, { ...rest, metadata: { ...metadata, uid: undefined, resourceVersion: undefined } });
      if (status !== undefined) await call('PATCH', `${folder}/${name}/status`, { status });
    }
  }
}

async function call(method: 'POST' | 'PATCH', path: string, body: object): Promise<void> {
  const contentType = method === 'PATCH' ? { contentType: 'application/merge-patch+json' } : {};
  const answer = await client.request({ method, path, body, ...contentType }, never);
  if (answer.status !== 'ok') throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`);
}

function metricsOf(page: string): Map<string, Metric> {
  const metrics = new Map<string, Metric>();
  for (const [, name = '', help = '', type = '', lines = ''] of page.matchAll(
    /^# HELP (\S+) (.*)\n# TYPE \S+ (\S+)\n((?:[^#].*\n)*)/gm,
  )) {
    const samples = Array.from(lines.matchAll(/^\S+?\{(.*)\} (\S+)$/gm), ([, labels = '', value]) => {
      const present = labels.match(/[a-z_A-Z0-9]+="(?:[^"\\]|\\.)+"/g) ?? [];
      const known = present.filter((label) => NEWER_LABELS[name]?.test(label) !== true);
      return [known.sort().join(','), Number(value)] as const;
    });
    if (samples.length > 0) metrics.set(name, { type, help, samples: new Map(samples) });
  }
  return metrics;
}

function shown(page: Map<string, Metric>, name: string) {
  const metric = page.get(name);
  // The stability of a metric stands before its help text.
  const help = metric?.help.replace(/^\[[A-Z]+\] /, '');
  return { name, type: metric?.type, help, samples: Object.fromEntries([...(metric?.samples ?? [])].sort()) };
}

describe('beside kube-state-metrics', () => {
  test.each(KINDS)('$resource have the same metrics, labels and values', ({ prefix, families }) => {
    const all = [...families.map(({ name }) => name), `${prefix}_labels`, `${prefix}_annotations`];
    const names = all.filter((name) => !NEWER.includes(name) && (pages.ours.has(name) || pages.theirs.has(name)));
    expect(names.length).toBeGreaterThan(1);
    expect(names.map((name) => shown(pages.ours, name))).toEqual(names.map((name) => shown(pages.theirs, name)));
  });

  test('nothing of theirs is missing but what the reference says', () => {
    const missing = [...pages.theirs.keys()].filter((name) => name.startsWith('kube_') && !pages.ours.has(name));
    expect(missing.filter((name) => !NOT_OURS.includes(name))).toEqual([]);
  });
});
