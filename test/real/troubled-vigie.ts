/** Parts of Vigie with which something is wrong, in pods that the shipped jobs find: each as the alert of vigie.yaml says. Sinks, receivers and
 *  targets of theirs are away, refuse or never answer; of the cluster they may ask nothing; and what they write to is a disk of a few MiB,
 *  which is used up while they run. */
import { OPERATOR_GROUP } from '@vigie/collector/operator/object-kinds';
import { HA_SERVICE_ACCOUNT } from './ha-rights.ts';
import { hurriedRules } from './hurried-manifests.ts';
import { NODE_NAME } from './parts/kubernetes-node.ts';
import type { Disk } from './parts/node-disks.ts';
import { shellContainer } from './shell-container.ts';
import { VIGIE_IMAGE } from './troubled-workloads.ts';

export const TROUBLED = 'troubled';
/** Of the node agent's metrics of the machine whose memory is full. */
export const SMALL_MACHINE = 'small-machine';
/** Cluster of the alerts that the alerting in trouble tells of. */
export const BLIND = 'blind';

/** Outside of what the shipped node agent looks at. */
export const SPENT_DISK: Disk = { path: '/var/lib/spent', sizeMiB: 8, inodes: 256 };

export interface Surroundings {
  /** The test's machine, as pods see it; nothing listens at its port 9. */
  readonly host: string;
  /** Port there of an unwilling server. */
  readonly unwilling: number;
  /** URL of the web hook. */
  readonly hook: string;
  /** A folder of the node. */
  readonly machine: string;
}

interface Mount {
  readonly name: keyof typeof VOLUMES;
  readonly mountPath: string;
  readonly subPath?: string;
}

interface Part {
  readonly script: string;
  /** By path. */
  readonly files: Readonly<Record<string, object>>;
  readonly mounts: readonly Mount[];
  readonly port?: number;
}

const VOLUMES = {
  spent: { hostPath: { path: SPENT_DISK.path, type: 'Directory' } },
  logs: { emptyDir: {} },
  data: { emptyDir: {} },
} as const;
export const CUT_LOG = '/logs/cut/shop_cut_0f/app/0.log';
export const COLLECTOR_FILE = '/collector.yaml';

/** A node agent: its sinks are away, refuse what it sends, or refuse itself, and its checkpoints are on the disk that is used up. */
export function troubledAgent({ host, unwilling, machine }: Surroundings): object {
  const ofPods = { type: 'kubernetes_logs', metadata: 'none', reconcile_interval: '1s' };
  const away = { type: 'http', inputs: ['late'], url: `http://${host}:9/`, batch: { max_bytes: '16KiB' } };
  const config = {
    data_dir: '/data',
    listen: ':9880',
    host_metrics: { procfs: '/machine', collectors: ['meminfo'] },
    sources: {
      late: { ...ofPods, paths: ['/logs/late/*/*/*.log'] },
      // It is read more slowly than it was written.
      cut: {
        ...ofPods,
        paths: ['/logs/cut/*/*/*.log'],
        read_bytes: '16KiB',
        limits: { per_pod: { bytes_per_second: '4KiB' } },
      },
      app: { type: 'file', paths: ['/logs/app.log'] },
    },
    sinks: {
      away,
      buffered: { ...away, buffer: { type: 'disk', max_size: '512KiB' } },
      held: { type: 'http', inputs: ['app'], url: `http://${host}:${unwilling}/401` },
      refusing: { type: 'http', inputs: ['app'], url: `http://${host}:${unwilling}/400` },
      kept: { type: 'file', inputs: ['cut'], path: '/data/kept.ndjson' },
    },
  };
  const logs: Mount = { name: 'logs', mountPath: '/logs' };
  const agent = partContainer('vigie', {
    script: 'exec vigie node-agent --config /agent.yaml',
    files: { '/agent.yaml': config },
    mounts: [
      logs,
      { name: 'data', mountPath: '/data' },
      { name: 'spent', mountPath: '/data/checkpoints', subPath: 'agent' },
    ],
    port: 9880,
  });
  const machineMount = { name: 'machine', mountPath: '/machine', readOnly: true };
  const containers = [
    { ...agent, volumeMounts: [...agent.volumeMounts, machineMount] },
    shellContainer(WRITER, { volumeMounts: [logs] }),
  ];
  const backlog = { ...shellContainer(BACKLOG, { volumeMounts: [logs] }), name: 'backlog' };
  return pod('agent', { initContainers: [backlog], containers }, [
    { name: 'machine', hostPath: { path: machine, type: 'Directory' } },
  ]);
}

/** What was there before the agent: logs of an hour ago. One of them is to be cut off before it is read. */
const BACKLOG = `
before() {
  busybox mkdir -p "$(busybox dirname "$1")"
  busybox yes "$then stdout F written an hour ago, and read by nobody since" | busybox head -n 20000 >"$1"
}
then=$(busybox date -u -d @$(($(busybox date +%s) - 3600)) +%Y-%m-%dT%H:%M:%S.000000000Z)
before /logs/late/shop_late_0f/app/0.log
before ${CUT_LOG}`;
const WRITER = 'while :; do echo a line that nobody takes >>/logs/app.log; sleep 1; done';

/** A collector: it may keep eight series, a target of it never answers, receivers of remote write are away or refuse, and of its cluster it may
 *  ask nothing. */
export function troubledCollector({ host, unwilling }: Surroundings): object {
  const config = {
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    listen: ':9090',
    storage: { path: '/metrics', series: { max: 8 } },
    scrape_configs: [
      { job_name: 'hanging', metrics_path: '/never', static_configs: [{ targets: [`${host}:${unwilling}`] }] },
      { job_name: 'own', static_configs: [{ targets: ['127.0.0.1:9090'] }] },
      { job_name: 'pods', kubernetes_sd_configs: [{ role: 'pod' }] },
    ],
    rule_files: ['/rules.yaml'],
    remote_write: [
      { name: 'away', url: `http://${host}:9/` },
      { name: 'refusing', url: `http://${host}:${unwilling}/400` },
    ],
    kube_state: {},
    operator_objects: { mode: 'off' },
    metrics_api: { self_signed: { service: 'collector', secret: 'collector-tls' } },
  };
  // More than there is room for.
  const rules = Array.from({ length: 10 }, (_, index) => ({ record: `recorded_${index}`, expr: 'vector(1)' }));
  const collector = partContainer('vigie', {
    script: `exec vigie collector --config ${COLLECTOR_FILE}`,
    files: { [COLLECTOR_FILE]: config, '/rules.yaml': { groups: [{ name: 'many', rules }] } },
    mounts: [{ name: 'spent', mountPath: '/metrics', subPath: 'collector' }],
    port: 9090,
  });
  return pod('collector', { containers: [collector] });
}

/** Alerting: it asks a collector that has nothing to scrape, and a log store that never answers; it has alerts that are too large, a receiver
 *  that may be told once an hour, and somebody who refuses what its rules write. A record of its state was damaged before. */
export function troubledAlerting({ host, unwilling, hook }: Surroundings): object {
  const server = `http://${host}:${unwilling}`;
  const config = {
    listen: ':9093',
    data_dir: '/state',
    external_labels: { cluster: BLIND },
    evaluation_interval: '1s',
    rule_files: ['/rules.yaml', '/watchdog.yaml'],
    log_rule_files: ['/log-rules.yaml'],
    datasources: {
      metrics: { url: 'http://127.0.0.1:9090' },
      logs: { type: 'loki', url: `${server}/never`, timeout: '3s' },
    },
    remote_write: { url: `${server}/400` },
    alertmanager_config: '/alertmanager.yml',
    limits: { alert_size: '1KiB' },
    receivers: { patient: { rate_limit: { notifications: 1, per: '1h' } } },
  };
  const alertmanager = {
    route: {
      receiver: 'patient',
      group_by: ['at'],
      group_wait: '0s',
      group_interval: '1s',
      routes: [{ matchers: ['alertname="VigieSeesNothing"'], receiver: 'on-call' }],
    },
    receivers: ['patient', 'on-call'].map((name) => ({ name, webhook_configs: [{ url: `${hook}/${name}` }] })),
  };
  // Another one each second.
  const changing = { expr: 'vector(time())', labels: { at: '{{ $value }}' } };
  const storm = [
    { alert: 'Another', ...changing },
    { alert: 'Verbose', ...changing, annotations: { story: 'and so on '.repeat(200) } },
  ];
  const hung = [{ alert: 'NeverKnown', pattern: { query: { namespace: 'shop' } } }];
  const part: Part = {
    script: 'exec vigie alerting --config /alerting.yaml',
    files: {
      '/alerting.yaml': config,
      '/alertmanager.yml': alertmanager,
      '/rules.yaml': { groups: [{ name: 'storm', rules: storm }] },
      '/watchdog.yaml': hurriedRules('vigie.yaml', 'vigie-watchdog'),
      '/log-rules.yaml': { groups: [{ name: 'hung', interval: '1s', rules: hung }] },
    },
    mounts: [{ name: 'spent', mountPath: '/state', subPath: 'alerting' }],
  };
  const blind = partContainer('blind', {
    script: 'exec vigie collector --config /collector.yaml',
    files: {
      '/collector.yaml': { storage: { path: '/metrics' }, scrape_configs: [], operator_objects: { mode: 'off' } },
    },
    mounts: [],
  });
  return pod('alerting', {
    initContainers: [partContainer('before', { ...part, script: DAMAGED })],
    containers: [blind, partContainer('vigie', { ...part, port: 9093 })],
  });
}

/** It runs, is killed, and its disk loses a byte in the middle. */
const DAMAGED = `
vigie alerting --config /alerting.yaml &
until [ "$(busybox cat /state/alerting/*.log | busybox wc -l)" -ge 5 ]; do sleep 1; done
kill -9 $!
busybox sed -i '3s/^./!/' /state/alerting/*.log`;

/** Two replicas of alerting, whose rule files lie at different paths: one was not rolled out. */
export function differingReplicas({ host }: Surroundings): readonly object[] {
  const fieldOf = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } });
  const place = [
    fieldOf('POD_NAME', 'metadata.name'),
    fieldOf('POD_NAMESPACE', 'metadata.namespace'),
    fieldOf('POD_IP', 'status.podIP'),
  ];
  return ['replica-0', 'replica-1'].map((name) => {
    const rules = `/${name}.yaml`;
    const config = {
      listen: ':9093',
      data_dir: '/state',
      // Nobody waits for their alerts.
      evaluation_interval: '1h',
      rule_files: [rules],
      datasources: { metrics: { url: `http://${host}:9` } },
      alertmanager_config: '/alertmanager.yml',
      ha: { type: 'kubernetes' },
      operator_objects: { mode: 'off' },
    };
    const container = partContainer('vigie', {
      script: 'exec vigie alerting --config /alerting.yaml',
      files: {
        '/alerting.yaml': config,
        '/alertmanager.yml': { route: { receiver: 'nobody' }, receivers: [{ name: 'nobody' }] },
        [rules]: { groups: [{ name: 'shop', rules: [{ alert: 'Down', expr: 'up == 0' }] }] },
      },
      mounts: [{ name: 'data', mountPath: '/state' }],
      port: 9093,
    });
    const containers = [{ ...container, env: [...container.env, ...place] }];
    return pod(name, { serviceAccountName: HA_SERVICE_ACCOUNT, containers });
  });
}

/** A pod that uses the disk up, and what becomes free on it. */
export function spender(): object {
  const mount = { name: 'spent', mountPath: '/spent' } as const;
  const script = 'while :; do cat /dev/zero >>/spent/all; sleep 1; done';
  return pod('spender', { containers: [shellContainer(script, { volumeMounts: [mount] })] });
}

/** The machine whose memory is full, as the agent at this address tells of it. */
export function smallMachineScrape(agent: string): object {
  return {
    apiVersion: `${OPERATOR_GROUP}/v1alpha1`,
    kind: 'ScrapeConfig',
    metadata: { name: SMALL_MACHINE },
    spec: {
      metricsPath: '/metrics/node',
      staticConfigs: [{ targets: [`${agent}:9880`] }],
      relabelings: [{ targetLabel: 'instance', replacement: SMALL_MACHINE }],
    },
  };
}

function partContainer(name: string, { script, files, mounts, port }: Part) {
  const paths = Object.keys(files);
  const lines = paths.map((path, index) => `echo "$FILE_${index}" >${path}`);
  return {
    name,
    image: VIGIE_IMAGE,
    imagePullPolicy: 'IfNotPresent',
    command: ['sh', '-c', [...lines, script].join('\n')],
    env: Object.values(files).map((file, index) => ({ name: `FILE_${index}`, value: JSON.stringify(file) })),
    ports: port === undefined ? [] : [{ name: 'http', containerPort: port }],
    volumeMounts: mounts,
  };
}

interface Containers {
  readonly serviceAccountName?: string;
  readonly initContainers?: readonly object[];
  readonly containers: readonly object[];
}

/** On the node that has the disk, as root, who may write to it. */
function pod(name: string, containers: Containers, volumes: readonly object[] = []): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { 'app.kubernetes.io/name': name, 'app.kubernetes.io/part-of': 'vigie' } },
    spec: {
      nodeName: NODE_NAME,
      terminationGracePeriodSeconds: 1,
      securityContext: { runAsUser: 0 },
      ...containers,
      volumes: [...Object.entries(VOLUMES).map(([volume, source]) => ({ name: volume, ...source })), ...volumes],
    },
  };
}
