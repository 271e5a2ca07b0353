import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { describe, expect, it } from 'vitest';
import type { CollectorConfig, ScrapeConfig } from '../../src/config/collector-config.ts';
import { loadCollectorConfig } from '../../src/config/load-config.ts';
import { relabel } from '../../src/relabel/relabel.ts';
import { tempFolder } from '../temp-folder.ts';

const inCluster = { KUBERNETES_SERVICE_HOST: '10.96.0.1' };

type Environment = Readonly<Record<string, string>>;

async function load(yaml: string, environment: Environment): Promise<CollectorConfig> {
  const file = join(await tempFolder(), 'collector.yaml');
  await writeFile(file, yaml);
  return (await loadCollectorConfig(file, environment)).config;
}

async function jobsOf(yaml: string, environment: Environment): Promise<readonly ScrapeConfig[]> {
  return (await load(yaml, environment)).scrapes;
}

/** @returns the labels of a target that the job would scrape */
async function targetOf(jobName: string, labels: Readonly<Record<string, string>>) {
  const jobs = await jobsOf('', inCluster);
  const job = jobs.find((each) => each.jobName === jobName);
  const all = LabelSet.of({ job: jobName, __scheme__: 'http', __metrics_path__: job?.metricsPath ?? '', ...labels });
  const kept = relabel(all, job?.relabel ?? []);
  return kept?.filter((name) => !name.startsWith('__meta_')).toJSON();
}

describe('a collector without jobs', () => {
  it('has those of a cluster where it is in one', async () => {
    const jobs = await jobsOf('global: {scrape_interval: 30s}', inCluster);
    expect(jobs.map(({ jobName, metricsPath }) => `${jobName} ${metricsPath}`)).toEqual([
      'kubernetes-pods /metrics',
      'kubernetes-service-endpoints /metrics',
      'kubelet-resource /metrics/resource',
      'kubelet /metrics',
      'kubelet-cadvisor /metrics/cadvisor',
      'kubelet-summary /stats/summary',
      'vigie /metrics',
      'vigie-logs /metrics/logs',
      'node-exporter /metrics/node',
      'kube-state-metrics /metrics',
    ]);
    expect(new Set(jobs.map(({ intervalMs }) => intervalMs))).toEqual(new Set([30_000]));
    expect(jobs.filter(({ honorLabels }) => honorLabels).map(({ jobName }) => jobName)).toEqual([
      'kubelet-resource',
      'kubelet',
      'kubelet-cadvisor',
      'kubelet-summary',
      'vigie-logs',
      'node-exporter',
      'kube-state-metrics',
    ]);
  });

  it('leaves those that are as large as the cluster to the limits of their own', async () => {
    const config = await load('global: {sample_limit: 1000, label_limit: 30}', inCluster);
    expect(config.clusterJobs).toEqual(['kubelet', 'kube-state-metrics']);
    const limits = config.scrapes.map(({ jobName, limits: { samples, labels } }) => [jobName, samples, labels]);
    expect(limits.at(0)).toEqual(['kubernetes-pods', 1000, 30]);
    expect(limits.at(-1)).toEqual(['kube-state-metrics', undefined, 30]);
    expect((await load('scrape_configs: [{job_name: kubelet}]', inCluster)).clusterJobs).toEqual([]);
    expect((await load('{scrape_configs: [], kube_state: {}}', {})).clusterJobs).toEqual(['kube-state-metrics']);
  });

  it('has none elsewhere, nor where it says that it wants none', async () => {
    expect(await jobsOf('', {})).toEqual([]);
    expect(await jobsOf('scrape_configs: []', inCluster)).toEqual([]);
  });
});

describe('annotations', () => {
  const pod = {
    __address__: '10.1.0.1:8080',
    __meta_kubernetes_namespace: 'shop',
    __meta_kubernetes_pod_name: 'web-0',
    __meta_kubernetes_pod_ip: '10.1.0.1',
    __meta_kubernetes_pod_node_name: 'n1',
    __meta_kubernetes_pod_phase: 'Running',
    __meta_kubernetes_pod_label_app: 'web',
    __meta_kubernetes_pod_container_init: 'false',
    __meta_kubernetes_pod_annotation_prometheus_io_scrape: 'true',
  };
  const scraped = { job: 'kubernetes-pods', app: 'web', namespace: 'shop', pod: 'web-0', node: 'n1' };

  it('of a pod say that, and how, it is scraped', async () => {
    expect(await targetOf('kubernetes-pods', pod)).toEqual({
      ...scraped,
      __address__: '10.1.0.1:8080',
      __scheme__: 'http',
      __metrics_path__: '/metrics',
    });
    const annotated = {
      ...pod,
      __meta_kubernetes_pod_annotation_prometheus_io_port: '9102',
      __meta_kubernetes_pod_annotation_prometheus_io_path: '/stats',
      __meta_kubernetes_pod_annotation_prometheus_io_scheme: 'https',
      __meta_kubernetes_pod_annotation_prometheus_io_param_module: 'x',
    };
    expect(await targetOf('kubernetes-pods', annotated)).toEqual({
      ...scraped,
      __address__: '10.1.0.1:9102',
      __scheme__: 'https',
      __metrics_path__: '/stats',
      __param_module: 'x',
    });
    const ipv6 = { ...annotated, __meta_kubernetes_pod_ip: 'fd00::7' };
    expect(await targetOf('kubernetes-pods', ipv6)).toMatchObject({ __address__: '[fd00::7]:9102' });
  });

  it('leave other pods alone, those that have ended, and those that have a job of their own', async () => {
    const { __meta_kubernetes_pod_annotation_prometheus_io_scrape: _, ...plain } = pod;
    expect(await targetOf('kubernetes-pods', plain)).toBeUndefined();
    expect(await targetOf('kubernetes-pods', { ...pod, __meta_kubernetes_pod_phase: 'Succeeded' })).toBeUndefined();
    const ours = { ...pod, __meta_kubernetes_pod_label_app_kubernetes_io_part_of: 'vigie' };
    expect(await targetOf('kubernetes-pods', ours)).toBeUndefined();
  });

  it('of a service are of the pods behind it', async () => {
    const endpoint = {
      __address__: '10.1.0.1:8080',
      __meta_kubernetes_namespace: 'shop',
      __meta_kubernetes_service_name: 'web',
      __meta_kubernetes_pod_name: 'web-0',
      __meta_kubernetes_endpointslice_endpoint_node_name: 'n1',
      __meta_kubernetes_service_annotation_prometheus_io_scrape: 'true',
      __meta_kubernetes_service_annotation_prometheus_io_port: '9102',
    };
    expect(await targetOf('kubernetes-service-endpoints', endpoint)).toEqual({
      job: 'kubernetes-service-endpoints',
      namespace: 'shop',
      service: 'web',
      pod: 'web-0',
      node: 'n1',
      __address__: '10.1.0.1:9102',
      __scheme__: 'http',
      __metrics_path__: '/metrics',
    });
  });
});

it('calls the kubelets, and the node agents that measure the host, as rules and dashboards do', async () => {
  const node = { __address__: '192.168.0.1:10250', instance: 'n1', __meta_kubernetes_node_name: 'n1' };
  expect(await targetOf('kubelet-cadvisor', node)).toMatchObject({
    job: 'kubelet',
    instance: 'n1',
    node: 'n1',
    metrics_path: '/metrics/cadvisor',
  });
  const agent = {
    __address__: '10.1.0.5:9880',
    __meta_kubernetes_pod_node_name: 'n1',
    __meta_kubernetes_pod_container_port_name: 'http',
  };
  expect(await targetOf('node-exporter', agent)).toMatchObject({ job: 'node-exporter', instance: 'n1', node: 'n1' });
  expect(
    await targetOf('node-exporter', { ...agent, __meta_kubernetes_pod_container_port_name: 'otlp' }),
  ).toBeUndefined();
});

it("keeps of the kubelets' summaries what pods take, and how large the disk of images is", async () => {
  const jobs = await jobsOf('', inCluster);
  const rules = jobs.find(({ jobName }) => jobName === 'kubelet-summary')?.metricRelabel ?? [];
  const isKept = (name: string): boolean =>
    relabel(LabelSet.of({ __name__: `kube_summary_${name}` }), rules) !== undefined;
  const names = ['container_logs', 'container_rootfs', 'pod_ephemeral_storage', 'pod_volume_storage'];
  expect(names.filter((name) => !isKept(`${name}_used_bytes`) || isKept(`${name}_capacity_bytes`))).toEqual([]);
  expect(isKept('node_runtime_imagefs_capacity_bytes')).toBe(true);
});

describe('objects of the Prometheus operator', () => {
  async function operatorObjects(yaml: string, environment: Readonly<Record<string, string>>) {
    const file = join(await tempFolder(), 'collector.yaml');
    await writeFile(file, yaml);
    return (await loadCollectorConfig(file, environment)).config.operatorObjects;
  }

  it('are read in a cluster unless they are turned off, and elsewhere where that is asked for', async () => {
    const all = { selector: '', namespaces: [], serviceDiscoveryRole: 'endpoints', fileAccess: false };
    expect(await operatorObjects('scrape_configs: []', inCluster)).toMatchObject(all);
    expect(await operatorObjects('operator_objects: { mode: off }', inCluster)).toBeUndefined();
    expect(await operatorObjects('', {})).toBeUndefined();
    const some = 'operator_objects: { selector: a=b, namespaces: [shop], service_discovery_role: endpointslice }';
    expect(await operatorObjects(some, {})).toMatchObject({
      ...all,
      selector: 'a=b',
      namespaces: ['shop'],
      serviceDiscoveryRole: 'endpointslice',
    });
  });
});
