import { expect, it } from 'vitest';
import { readSummary } from '../../src/kubelet/stats-summary.ts';

const SUMMARY_URL = 'https://10.0.0.7:10250/stats/summary';
const DISK = { time: '2026-11-30T00:00:00Z', availableBytes: 60, capacityBytes: 100, usedBytes: 7, inodes: 10 };
const SUMMARY = {
  node: { nodeName: 'n1', cpu: {}, runtime: { imageFs: { ...DISK, usedBytes: 30, inodesUsed: 3, inodesFree: 7 } } },
  pods: [
    {
      podRef: { name: 'web-0', namespace: 'shop', uid: 'u-1' },
      containers: [
        { name: 'app', memory: {}, rootfs: { usedBytes: 1 }, logs: { usedBytes: 2 } },
        { name: 'proxy', logs: { usedBytes: 3 } },
      ],
      volume: [
        { name: 'cache', usedBytes: 4 },
        { name: 'data', usedBytes: 5, pvcRef: { name: 'data-web-0', namespace: 'shop' } },
      ],
      'ephemeral-storage': { usedBytes: 9 },
    },
    { podRef: { name: 'new', namespace: 'shop', uid: 'u-2' } },
  ],
};

function read(body: string, url = SUMMARY_URL, contentType = 'application/json'): string {
  return readSummary(url, { body: Buffer.from(body), contentType }).body.toString();
}

it("makes text of a kubelet's summary, by the names of kube-summary-exporter", () => {
  const fetched = { body: Buffer.from(JSON.stringify(SUMMARY)), contentType: 'application/json' };
  const { body, contentType } = readSummary(SUMMARY_URL, fetched);
  expect(contentType).toBe('text/plain; version=0.0.4');
  const samples = body
    .toString()
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  const pod = 'node="n1",pod="web-0",uid="u-1",namespace="shop"';
  expect(samples).toEqual([
    'kube_summary_node_runtime_imagefs_available_bytes{node="n1"} 60',
    'kube_summary_node_runtime_imagefs_capacity_bytes{node="n1"} 100',
    'kube_summary_node_runtime_imagefs_used_bytes{node="n1"} 30',
    'kube_summary_node_runtime_imagefs_inodes_free{node="n1"} 7',
    'kube_summary_node_runtime_imagefs_inodes{node="n1"} 10',
    'kube_summary_node_runtime_imagefs_inodes_used{node="n1"} 3',
    `kube_summary_pod_ephemeral_storage_used_bytes{${pod}} 9`,
    `kube_summary_container_rootfs_used_bytes{${pod},name="app"} 1`,
    `kube_summary_container_logs_used_bytes{${pod},name="app"} 2`,
    `kube_summary_container_logs_used_bytes{${pod},name="proxy"} 3`,
    `kube_summary_pod_volume_storage_used_bytes{${pod},name="cache"} 4`,
    `kube_summary_pod_volume_storage_used_bytes{${pod},name="data",persistentvolumeclaim="data-web-0",pvc_namespace="shop"} 5`,
  ]);
  expect(body.toString()).toContain(
    '# HELP kube_summary_container_logs_used_bytes Bytes that are taken: logs of a container.\n# TYPE kube_summary_container_logs_used_bytes gauge\n',
  );
});

it('is of a kubelet that has nothing to tell yet too', () => {
  expect(read('{"node":{"nodeName":"n1"},"pods":null}')).toBe('');
});

it.each([
  ['another path', 'https://10.0.0.7:10250/metrics', 'application/json'],
  ['another type', SUMMARY_URL, 'text/plain'],
])('leaves alone what is of %s', (_what, url, contentType) => {
  expect(read('reads 1\n', url, contentType)).toBe('reads 1\n');
});

it('reads it with a query, and behind the API server', () => {
  const empty = '{"node":{"nodeName":"n1"}}';
  expect(read(empty, `${SUMMARY_URL}?only_cpu_and_memory=true`)).toBe('');
  expect(read(empty, 'https://10.96.0.1/api/v1/nodes/n1/proxy/stats/summary')).toBe('');
});

it.each([
  ['{', 'the summary of the kubelet is no JSON'],
  ['{"pods":[]}', 'no summary of a kubelet: node: '],
  ['{"node":{"nodeName":"n1"},"pods":[{"podRef":{"name":7}}]}', 'no summary of a kubelet: pods.0.podRef.name: '],
])('fails the scrape of %s', (body, message) => {
  expect(() => read(body)).toThrow(message);
});
