/** Queries of dashboards and rules as clusters run them: those of the node exporter's, kubelet's and kube-state-metrics' mixins,
 *  and of instrumented applications. */
export interface BenchQuery {
  readonly name: string;
  readonly query: string;
  /** As a panel shows it, over a range; else at the newest sample, as rules and tables ask. */
  readonly isRange: boolean;
}

const instant = (name: string, query: string): BenchQuery => ({ name, query, isRange: false });
const range = (name: string, query: string): BenchQuery => ({ name, query, isRange: true });

const NODE = 'job="node-exporter"';
const STATE = 'job="kube-state-metrics"';
const CADVISOR = 'job="kubelet", metrics_path="/metrics/cadvisor"';
const NODE_OF_POD =
  'topk by (cluster, namespace, pod) (1, max by (cluster, namespace, pod, node) (kube_pod_info{node!=""}))';
const BUSY = `1 - avg without (cpu) (sum without (mode) (rate(node_cpu_seconds_total{${NODE}, mode=~"idle|iowait|steal"}[5m])))`;
const DISK = `${NODE}, fstype!="", mountpoint!=""`;
const WITHOUT = 'without (id, metrics_path, name, image, endpoint, job, node)';
const P99 = 'histogram_quantile(0.99, sum by (le, namespace) (rate(http_request_duration_seconds_bucket[5m])))';

export const QUERIES: readonly BenchQuery[] = [
  instant('node CPU, rule', BUSY),
  range('node CPU, panel', BUSY),
  instant(
    'node CPU high, alert',
    `sum without (mode) (avg without (cpu) (rate(node_cpu_seconds_total{${NODE}, mode!~"idle|iowait"}[2m]))) * 100 > 90`,
  ),
  instant(
    'load per CPU',
    `node_load1{${NODE}} / count without (cpu, mode) (node_cpu_seconds_total{${NODE}, mode="idle"})`,
  ),
  range(
    'node memory, panel',
    `100 - (node_memory_MemAvailable_bytes{${NODE}} / node_memory_MemTotal_bytes{${NODE}} * 100)`,
  ),
  instant(
    'disk fills, alert',
    `node_filesystem_avail_bytes{${DISK}} / node_filesystem_size_bytes{${DISK}} * 100 < 15 and predict_linear(node_filesystem_avail_bytes{${DISK}}[1h], 24 * 60 * 60) < 0 and node_filesystem_readonly{${DISK}} == 0`,
  ),
  range(
    'node network, panel',
    `sum without (device) (rate(node_network_receive_bytes_total{${NODE}, device!~"lo|veth.+"}[5m]))`,
  ),
  instant(
    'network errors, alert',
    `rate(node_network_receive_errs_total{${NODE}}[2m]) / rate(node_network_receive_packets_total{${NODE}}[2m]) > 0.01`,
  ),
  instant(
    'disk saturation, alert',
    `rate(node_disk_io_time_weighted_seconds_total{${NODE}, device=~"(/dev/)?(mmcblk.p.+|nvme.+|sd.+|vd.+|xvd.+|dm-.+)"}[5m]) > 10`,
  ),
  instant(
    'container CPU with node, rule',
    `sum by (cluster, namespace, pod, container) (rate(container_cpu_usage_seconds_total{${CADVISOR}, image!=""}[5m])) * on (cluster, namespace, pod) group_left(node) ${NODE_OF_POD}`,
  ),
  instant(
    'container memory with node, rule',
    `container_memory_working_set_bytes{${CADVISOR}, image!=""} * on (cluster, namespace, pod) group_left(node) ${NODE_OF_POD}`,
  ),
  instant(
    'memory requests of namespaces, rule',
    `sum by (namespace, cluster) (sum by (namespace, pod, cluster) (max by (namespace, pod, container, cluster) (kube_pod_container_resource_requests{resource="memory", ${STATE}}) * on (namespace, pod, cluster) group_left() max by (namespace, pod, cluster) (kube_pod_status_phase{phase=~"Pending|Running"} == 1)))`,
  ),
  range('CPU of namespaces, panel', 'sum by (namespace) (rate(container_cpu_usage_seconds_total{image!=""}[5m]))'),
  range('memory of namespaces, panel', 'sum by (namespace) (container_memory_rss{container!=""})'),
  range(
    'CPU of pods of one namespace, panel',
    'sum by (pod) (rate(container_cpu_usage_seconds_total{namespace="team-2"}[5m]))',
  ),
  instant('CPU limits of namespaces', 'sum by (namespace) (kube_pod_container_resource_limits{resource="cpu"})'),
  instant(
    'throttling, alert',
    `sum(increase(container_cpu_cfs_throttled_periods_total{container!="", ${CADVISOR}}[5m])) ${WITHOUT} / sum(increase(container_cpu_cfs_periods_total{${CADVISOR}}[5m])) ${WITHOUT} > (25 / 100)`,
  ),
  instant(
    'pods not ready, alert',
    `sum by (namespace, pod, job, cluster) (max by (namespace, pod, job, cluster) (kube_pod_status_phase{${STATE}, phase=~"Pending|Unknown"} or (kube_pod_status_phase{${STATE}, phase="Running"} == 1 and on (namespace, pod, cluster) kube_pod_status_ready{${STATE}, condition="true"} == 0)) * on (namespace, pod, cluster) group_left(owner_kind) topk by (namespace, pod, cluster) (1, max by (namespace, pod, owner_kind, cluster) (kube_pod_owner{owner_kind!="Job"}))) > 0`,
  ),
  instant(
    'crash loops, alert',
    `max_over_time(kube_pod_container_status_waiting_reason{reason="CrashLoopBackOff", ${STATE}}[5m]) >= 1`,
  ),
  range('pod network of namespaces, panel', 'sum by (namespace) (irate(container_network_receive_bytes_total[5m]))'),
  instant('p99 of namespaces, rule', P99),
  range('p99 of namespaces, panel', P99),
  range(
    'p95 of one namespace, panel',
    'histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket{namespace="team-1"}[1m])))',
  ),
  instant('requests of namespaces, rule', 'sum by (namespace) (rate(http_requests_total[1m]))'),
  range(
    'errors of namespaces, panel',
    'sum by (namespace) (rate(http_requests_total{code=~"5.."}[5m])) / sum by (namespace) (rate(http_requests_total[5m]))',
  ),
  instant('largest pods', 'topk(10, sum by (namespace, pod) (container_memory_working_set_bytes{container!=""}))'),
  range('pods by phase, panel', 'sum by (phase) (kube_pod_status_phase)'),
  instant(
    'memory of limits',
    `quantile by (namespace) (0.9, container_memory_working_set_bytes{${CADVISOR}} / on (namespace, pod, container) kube_pod_container_resource_limits{resource="memory", ${STATE}})`,
  ),
  instant(
    'restarts of namespaces',
    `sum by (namespace) (increase(kube_pod_container_status_restarts_total{${STATE}}[1h]))`,
  ),
  range('raw series of one namespace', 'container_cpu_usage_seconds_total{namespace="team-0"}'),
];
