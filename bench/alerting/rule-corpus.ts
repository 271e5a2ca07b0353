/** Rules over bench/promql's cluster, as its teams would have them: five for each application of each namespace, five for each node, and a few
 *  over all. All but the last find nothing, as most rules do most of the time. */

const NAMESPACES = 30;
const APPS = 12;
const NODES = 39;

/** 2,000 rules, of which two find something: one alert, and one for each namespace. */
export function ruleFile(): string {
  const groups = [
    ...Array.from({ length: NAMESPACES }, (_, namespace) => ({
      name: `team-${namespace}`,
      rules: Array.from({ length: APPS }, (_, app) => appRules(`team-${namespace}`, `app-${app}`)).flat(),
    })),
    ...Array.from({ length: 3 }, (_, part) => ({
      name: `nodes-${part}`,
      rules: Array.from({ length: NODES / 3 }, (_, index) => nodeRules((part * NODES) / 3 + index)).flat(),
    })),
    { name: 'cluster', rules: CLUSTER_RULES },
  ];
  // Every JSON is YAML.
  return JSON.stringify({ groups: groups.map((group) => ({ ...group, interval: '15s' })) });
}

interface WrittenRule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

function rule(alert: string, expr: string, hold: string, team: string, summary: string): WrittenRule {
  return {
    alert,
    expr,
    ...(hold === '' ? {} : { for: hold }),
    labels: { severity: 'warning', team },
    annotations: { summary, runbook_url: `https://runbooks.example/${alert.toLowerCase()}` },
  };
}

function appRules(namespace: string, app: string): readonly WrittenRule[] {
  const job = `job="${namespace}/${app}"`;
  const container = `namespace="${namespace}",container="${app}"`;
  const on = (alert: string, expr: string, hold: string, summary: string): WrittenRule =>
    rule(`${alert}`, expr, hold, `${namespace}-${app}`, summary);
  return [
    on(
      'HighErrorRatio',
      `sum by (namespace, job) (rate(http_requests_total{${job},code=~"5.."}[5m])) / sum by (namespace, job) (rate(http_requests_total{${job}}[5m])) > 0.5`,
      '5m',
      '{{ $value | humanizePercentage }} of the requests to {{ $labels.job }} fail.',
    ),
    on(
      'HighLatency',
      `histogram_quantile(0.99, sum by (le, handler) (rate(http_request_duration_seconds_bucket{${job}}[5m]))) > 10`,
      '10m',
      '99 % of {{ $labels.handler }} take up to {{ $value | humanizeDuration }}.',
    ),
    on('TargetDown', `up{${job}} == 0`, '3m', '{{ $labels.instance }} is down.'),
    on(
      'MemoryNearLimit',
      `max by (namespace, pod, container) (container_memory_working_set_bytes{${container}}) / on (namespace, pod, container) max by (namespace, pod, container) (container_spec_memory_limit_bytes{${container}}) > 10`,
      '15m',
      '{{ $labels.pod }} uses {{ $value | humanizePercentage }} of its memory.',
    ),
    on(
      'ContainerRestarts',
      `increase(kube_pod_container_status_restarts_total{${container}}[10m]) > 100`,
      '',
      '{{ $labels.pod }} has restarted {{ $value }} times.',
    ),
  ];
}

function nodeRules(node: number): readonly WrittenRule[] {
  const instance = `instance="10.0.${node >> 8}.${node & 255}:9100"`;
  const on = (alert: string, expr: string, hold: string, summary: string): WrittenRule =>
    rule(alert, expr, hold, `node-${node}`, summary);
  return [
    on(
      'NodeCpuHigh',
      `sum by (instance) (rate(node_cpu_seconds_total{${instance},mode!="idle"}[5m])) / count by (instance) (node_cpu_seconds_total{${instance},mode="idle"}) > 10`,
      '15m',
      'The CPUs of {{ $labels.instance }} are busy.',
    ),
    on(
      'NodeMemoryLow',
      `node_memory_MemAvailable_bytes{${instance}} / node_memory_MemTotal_bytes{${instance}} < 0.000001`,
      '15m',
      '{{ $labels.instance }} has {{ $value | humanizePercentage }} of its memory left.',
    ),
    on(
      'NodeDiskFills',
      `predict_linear(node_filesystem_avail_bytes{${instance}}[5m], 60) < 0 and node_filesystem_readonly{${instance}} == 0`,
      '1h',
      '{{ $labels.mountpoint }} of {{ $labels.instance }} will be full.',
    ),
    on(
      'NodeNetworkErrors',
      `rate(node_network_receive_errs_total{${instance}}[2m]) / rate(node_network_receive_packets_total{${instance}}[2m]) > 10`,
      '1h',
      '{{ $labels.device }} of {{ $labels.instance }} has errors.',
    ),
    on('NodeLoadHigh', `node_load5{${instance}} > 1e6`, '30m', 'The load of {{ $labels.instance }} is {{ $value }}.'),
  ];
}

const CLUSTER_RULES: readonly WrittenRule[] = [
  rule('Watchdog', 'vector(1)', '', 'platform', 'Alerting works.'),
  rule(
    'NamespaceHasPods',
    'count by (namespace) (kube_pod_info) > 0',
    '',
    'platform',
    '{{ $labels.namespace }} has {{ $value }} pods.',
  ),
  rule(
    'NamespaceCpuHigh',
    'sum by (namespace) (rate(container_cpu_usage_seconds_total[5m])) > 1e6',
    '10m',
    'platform',
    '{{ $labels.namespace }} uses {{ $value }} CPUs.',
  ),
  rule(
    'PodsNotReady',
    'sum by (namespace) (kube_pod_status_phase{phase=~"Pending|Unknown|Failed"}) > 0',
    '15m',
    'platform',
    '{{ $value }} pods of {{ $labels.namespace }} are not ready.',
  ),
  rule(
    'Overcommitted',
    'sum(kube_pod_container_resource_requests{resource="memory"}) / sum(node_memory_MemTotal_bytes) > 1e6',
    '10m',
    'platform',
    'More memory is requested than there is.',
  ),
];
