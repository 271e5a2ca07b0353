/** The series of a cluster, as cAdvisor, kube-state-metrics, the node exporter and instrumented applications name them; and
 *  how their values move. The same on every machine. */
import { seededRandom } from '@vigie/core/random';

/** How a value moves from scrape to scrape. */
type Motion =
  | { readonly kind: 'constant'; readonly value: number }
  /** Grows by up to `most`, whole or not. */
  | { readonly kind: 'counter'; readonly most: number; readonly isWhole: boolean }
  | { readonly kind: 'gauge'; readonly around: number }
  /** A bucket of a histogram that observes up to `most`, of which the share `within` is at or below its bound. */
  | { readonly kind: 'bucket'; readonly histogram: number; readonly most: number; readonly within: number };

export interface ClusterSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly motion: Motion;
  /** Targets are scraped at moments of their own within an interval. */
  readonly target: number;
}

const PODS_PER_NODE = 30;
const PODS_PER_NAMESPACE = 40;
const CPUS = 8;
const BUCKETS = ['0.005', '0.01', '0.025', '0.05', '0.1', '0.25', '0.5', '1', '2.5', '5', '10', '+Inf'];

/** @param count of series, about */
export function clusterSeries(count: number): readonly ClusterSeries[] {
  const series: ClusterSeries[] = [];
  for (let pod = 0; series.length < count; pod++) {
    if (pod % PODS_PER_NODE === 0) addNode(series, Math.floor(pod / PODS_PER_NODE));
    addPod(series, pod);
  }
  return series;
}

function addNode(series: ClusterSeries[], node: number): void {
  const instance = `10.0.${node >> 8}.${node & 255}:9100`;
  const add = (name: string, labels: Readonly<Record<string, string>>, motion: Motion): void => {
    const own = {
      __name__: name,
      job: 'node-exporter',
      instance,
      namespace: 'monitoring',
      pod: `node-exporter-${node}`,
    };
    series.push({ labels: { ...own, ...labels }, motion, target: 3 * node });
  };
  for (let cpu = 0; cpu < CPUS; cpu++) {
    for (const [mode, most] of Object.entries(CPU_MODES)) {
      add('node_cpu_seconds_total', { cpu: String(cpu), mode }, { kind: 'counter', most, isWhole: false });
    }
  }
  for (const name of ['MemTotal', 'MemAvailable', 'MemFree', 'Buffers', 'Cached', 'Slab']) {
    const motion: Motion =
      name === 'MemTotal' ? { kind: 'constant', value: 64 * 2 ** 30 } : { kind: 'gauge', around: 2 ** 34 };
    add(`node_memory_${name}_bytes`, {}, motion);
  }
  for (const name of ['node_load1', 'node_load5', 'node_load15']) add(name, {}, { kind: 'gauge', around: 4 });
  for (const device of ['vda1', 'vdb1', 'vdc1']) {
    const disk = { device, fstype: 'ext4', mountpoint: `/var/lib/${device}` };
    add('node_filesystem_size_bytes', disk, { kind: 'constant', value: 2 ** 38 });
    add('node_filesystem_avail_bytes', disk, { kind: 'gauge', around: 2 ** 35 });
    add('node_filesystem_files', disk, { kind: 'constant', value: 1e7 });
    add('node_filesystem_files_free', disk, { kind: 'gauge', around: 5e6 });
    add('node_filesystem_readonly', disk, { kind: 'constant', value: 0 });
    add('node_disk_io_time_weighted_seconds_total', { device }, { kind: 'counter', most: 20, isWhole: false });
  }
  for (const device of ['lo', 'eth0', 'eth1', ...Array.from({ length: 8 }, (_, index) => `veth${node}x${index}`)]) {
    for (const direction of ['receive', 'transmit']) {
      for (const [what, most] of Object.entries(NETWORK)) {
        add(`node_network_${direction}_${what}_total`, { device }, { kind: 'counter', most, isWhole: true });
      }
    }
  }
}

const CPU_MODES = { idle: 12, iowait: 0.2, irq: 0, nice: 0, softirq: 0.1, steal: 0.05, system: 1, user: 3 };
const NETWORK = { bytes: 1e7, packets: 1e4, errs: 1.1, drop: 1.05 };

function addPod(series: ClusterSeries[], index: number): void {
  const node = Math.floor(index / PODS_PER_NODE);
  const namespace = `team-${Math.floor(index / PODS_PER_NAMESPACE)}`;
  const app = `app-${index % 12}`;
  const hash = ((index * 2_654_435_761) >>> 0).toString(36);
  const pod = `${app}-${hash}-${((index * 40_503) >>> 0).toString(36)}`;
  const uid = `${hash.padStart(8, '0')}-0000-4000-8000-${String(index).padStart(12, '0')}`;
  addContainers(series, { node, namespace, pod, uid, app });
  addPodState(series, { node, namespace, pod, uid, app });
  addApplication(series, { node, namespace, pod, uid, app }, index);
}

interface Pod {
  readonly node: number;
  readonly namespace: string;
  readonly pod: string;
  readonly uid: string;
  readonly app: string;
}

function addContainers(series: ClusterSeries[], { node, namespace, pod, uid, app }: Pod): void {
  const kubelet = {
    job: 'kubelet',
    metrics_path: '/metrics/cadvisor',
    instance: `10.0.${node >> 8}.${node & 255}:10250`,
    node: `node-${node}`,
    namespace,
    pod,
  };
  const slice = `/kubepods.slice/kubepods-burstable.slice/kubepods-pod${uid}.slice`;
  const add = (labels: Readonly<Record<string, string>>, motion: Motion): void => {
    series.push({ labels: { ...kubelet, ...labels }, motion, target: 3 * node + 1 });
  };
  for (const container of [app, 'proxy']) {
    const own = {
      container,
      id: `${slice}/cri-${container}-${uid}.scope`,
      image: `registry.example/${container}:1.42.0`,
      name: `${uid}-${container}`,
    };
    add(
      { __name__: 'container_cpu_usage_seconds_total', cpu: 'total', ...own },
      { kind: 'counter', most: 5, isWhole: false },
    );
    for (const name of CONTAINER_COUNTERS)
      add({ __name__: name, ...own }, { kind: 'counter', most: 150, isWhole: true });
    for (const name of CONTAINER_GAUGES) add({ __name__: name, ...own }, { kind: 'gauge', around: 2 ** 28 });
    add({ __name__: 'container_spec_memory_limit_bytes', ...own }, { kind: 'constant', value: 2 ** 29 });
  }
  for (const name of POD_NETWORK) {
    add({ __name__: name, interface: 'eth0', id: slice }, { kind: 'counter', most: 1e6, isWhole: true });
  }
}

const CONTAINER_COUNTERS = [
  'container_cpu_cfs_periods_total',
  'container_cpu_cfs_throttled_periods_total',
  'container_fs_reads_bytes_total',
  'container_fs_writes_bytes_total',
];
const CONTAINER_GAUGES = [
  'container_memory_working_set_bytes',
  'container_memory_rss',
  'container_memory_cache',
  'container_memory_usage_bytes',
];
const POD_NETWORK = ['receive', 'transmit'].flatMap((direction) =>
  ['bytes', 'packets', 'packets_dropped'].map((what) => `container_network_${direction}_${what}_total`),
);

function addPodState(series: ClusterSeries[], { node, namespace, pod, uid, app }: Pod): void {
  const state = { job: 'kube-state-metrics', instance: '10.1.0.7:8080', namespace, pod, uid };
  const add = (name: string, labels: Readonly<Record<string, string>>, motion: Motion): void => {
    series.push({ labels: { __name__: name, ...state, ...labels }, motion, target: 2 });
  };
  const one = (value: number): Motion => ({ kind: 'constant', value });
  add(
    'kube_pod_info',
    {
      node: `node-${node}`,
      host_ip: `10.0.0.${node & 255}`,
      pod_ip: `10.2.${node & 255}.9`,
      created_by_kind: 'ReplicaSet',
      created_by_name: app,
    },
    one(1),
  );
  add('kube_pod_owner', { owner_kind: 'ReplicaSet', owner_name: `${app}-rs`, owner_is_controller: 'true' }, one(1));
  for (const phase of ['Pending', 'Running', 'Succeeded', 'Failed', 'Unknown']) {
    add('kube_pod_status_phase', { phase }, one(phase === 'Running' ? 1 : 0));
  }
  for (const condition of ['true', 'false', 'unknown']) {
    add('kube_pod_status_ready', { condition }, one(condition === 'true' ? 1 : 0));
  }
  for (const container of [app, 'proxy']) {
    for (const [resource, unit, value] of [
      ['cpu', 'core', 0.5],
      ['memory', 'byte', 2 ** 29],
    ] as const) {
      add('kube_pod_container_resource_requests', { container, resource, unit, node: `node-${node}` }, one(value));
      add('kube_pod_container_resource_limits', { container, resource, unit, node: `node-${node}` }, one(2 * value));
    }
    add('kube_pod_container_status_restarts_total', { container }, { kind: 'counter', most: 1.01, isWhole: true });
    add('kube_pod_container_status_waiting_reason', { container, reason: 'CrashLoopBackOff' }, one(0));
  }
}

function addApplication(series: ClusterSeries[], { node, namespace, pod, app }: Pod, index: number): void {
  const own = { job: `${namespace}/${app}`, instance: `10.2.${node & 255}.${index & 255}:8080`, namespace, pod };
  const add = (name: string, labels: Readonly<Record<string, string>>, motion: Motion): void => {
    series.push({ labels: { __name__: name, ...own, ...labels }, motion, target: 1_000 + index });
  };
  add('up', {}, { kind: 'constant', value: 1 });
  for (const code of ['200', '404', '500']) {
    add(
      'http_requests_total',
      { code, handler: '/api' },
      { kind: 'counter', most: code === '200' ? 500 : 5, isWhole: true },
    );
  }
  for (const handler of ['/api', '/checkout']) {
    const histogram = 2 * index + (handler === '/api' ? 0 : 1);
    for (const [position, le] of BUCKETS.entries()) {
      const within = (position + 1) / BUCKETS.length;
      add('http_request_duration_seconds_bucket', { handler, le }, { kind: 'bucket', histogram, most: 200, within });
    }
    add('http_request_duration_seconds_count', { handler }, { kind: 'bucket', histogram, most: 200, within: 1 });
    add('http_request_duration_seconds_sum', { handler }, { kind: 'counter', most: 20, isWhole: false });
  }
}

const SEED = 20_261_129;

/** Values of all series at one scrape after the other. */
export class ClusterValues {
  readonly values: Float64Array;
  readonly #series: readonly ClusterSeries[];
  readonly #random = seededRandom(SEED);
  #scrape = 0;

  constructor(series: readonly ClusterSeries[]) {
    this.#series = series;
    this.values = Float64Array.from(series, ({ motion }) => {
      if (motion.kind === 'constant') return motion.value;
      return motion.kind === 'gauge' ? motion.around : 0;
    });
  }

  /** The values of the next scrape, in an array that is used again. */
  advance(): Float64Array {
    const { values } = this;
    this.#scrape += 1;
    for (let index = 0; index < values.length; index++) {
      const { motion } = this.#series[index]!;
      switch (motion.kind) {
        case 'constant':
          break;
        case 'counter': {
          // Exporters divide whole ticks by what a second has of them: no error of sums adds up.
          const parts = motion.isWhole ? 1 : 1000;
          values[index] = Math.round(values[index]! * parts + Math.floor(this.#random() * motion.most * parts)) / parts;
          break;
        }
        case 'gauge':
          // A gauge is read more often than it changes.
          if (this.#random() < 0.6)
            values[index] = Math.round(values[index]! * (0.98 + 0.04 * this.#random()) * 100) / 100;
          break;
        case 'bucket': {
          const observations = (((motion.histogram * 2_654_435_761 + this.#scrape * 40_503) >>> 0) % motion.most) | 0;
          values[index]! += Math.floor(observations * motion.within);
        }
      }
    }
    return values;
  }
}
