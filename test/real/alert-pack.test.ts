/** Alerting, the collector and the node agent as shipped, in real pods, and what the shipped rules tell of made true: each alert of the cluster
 *  arrives at the receiver that the shipped alertmanager.yml has for it. hurried-manifests.ts says what is not as shipped. What remains to the
 *  unit tests of the rules: that a machine has no memory left, and most of what can go wrong with Vigie itself. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from './deadline.ts';
import { DISKS, diskFiller, mountPointOf, SEEN_DISK_SERIES, SEEN_DISKS, watchedDisks } from './filling-disks.ts';
import { agentManifests, alertingManifests, collectorManifests } from './hurried-manifests.ts';
import { kubectlApply } from './kubectl-apply.ts';
import { type ControlPlane, startControlPlane } from './parts/kubernetes.ts';
import {
  type ClusterNetwork,
  clusterNetwork,
  NODE_NAME,
  type NodeSettings,
  type RealNode,
  startNode,
} from './parts/kubernetes-node.ts';
import { progress } from './progress.ts';
import { type RecordingServer, startRecordingServer } from './recording-server.ts';
import { arrayAt, at, stringAt } from './rest.ts';
import { nodeConditions, nodeWithoutMachine, troubledWorkloads } from './troubled-workloads.ts';
import {
  API_SERVER_JOB,
  CERTIFICATES_JOB,
  certificateKinds,
  PROBES,
  startTlsServer,
  type TlsServer,
  watchedCertificates,
} from './watched-certificates.ts';

const NAMESPACE = 'shop';
const TIMEOUT_MS = 300_000;
const TOKEN = 'of-the-suite';
const NODE: NodeSettings = {
  kubelet: {
    // So that a pod is seen in CrashLoopBackOff: the kubelet says that it is when it looks at it again before the pause is over.
    crashLoopBackOff: { maxContainerRestartPeriod: '20s' },
    syncFrequency: '5s',
    volumeStatsAggPeriod: '2s',
  },
  hasNamedContainers: true,
  isCertified: true,
  disks: DISKS,
};
/** Of a server's certificate, in days: less than three weeks, and more than the three days of those of the cluster. */
const SOON = 10;
/** Nothing of this happens here, however busy the machine is. */
const NOT_SO = [
  'VigieSeesNothing',
  'VigieLogsLost',
  'VigieCheckpointFailing',
  'VigieRemoteWriteDropping',
  'VigieDatabaseLogFailing',
  'VigieAlertsRefused',
  'VigieAlertingStateIncomplete',
  'VigieAlertingStateDamaged',
  'VigieAlertHistoryDropped',
  'VigieConfigRefused',
  'VigieCertificateProblem',
  'VigieWebhookFailing',
];

/** One alert in one notification. */
interface Arrival {
  readonly receiver: string;
  readonly status: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: unknown;
}

let network: ClusterNetwork;
let hook: RecordingServer;
let server: TlsServer;
let plane: ControlPlane;
let node: RealNode;
let collector: string;
/** While it is, whoever is told at the receiver `chat` refuses. */
let isChatDown = true;

beforeAll(async () => {
  network = clusterNetwork();
  hook = await startRecordingServer({}, ({ path }) => ({
    status: isChatDown && path === '/chat' ? 400 : 200,
    body: {},
  }));
  plane = await startControlPlane({
    subjectAltNames: [`IP:${network.apiServer}`],
    apiServerFlags: [`--service-cluster-ip-range=${network.services}`, '--enable-aggregator-routing=true'],
    controllers: ['*'],
    controllerManagerFlags: [
      '--horizontal-pod-autoscaler-sync-period=2s',
      '--horizontal-pod-autoscaler-initial-readiness-delay=1s',
      '--horizontal-pod-autoscaler-cpu-initialization-period=1s',
    ],
    scheduler: [],
  });
  server = await startTlsServer(SOON);
  node = await startNode(plane, network, [portOf(hook), server.port], NODE);
  for (const namespace of [NAMESPACE, 'vigie-collector', 'vigie-alerting', 'vigie'])
    plane.kubectl(['create', 'namespace', namespace]);
  for (const [namespace, secret] of [
    ['vigie-collector', 'vigie-collector-api'],
    ['vigie-alerting', 'vigie-collector-token'],
    ['vigie-alerting', 'vigie-alerting-api'],
  ] as const)
    plane.kubectl(['-n', namespace, 'create', 'secret', 'generic', secret, `--from-literal=token=${TOKEN}`]);
  // What the API server tells of its clients, everybody may read here.
  const reader = ['--clusterrole=system:monitoring', '--user=system:anonymous'];
  plane.kubectl(['create', 'clusterrolebinding', 'anonymous-monitoring', ...reader]);
  for (const kind of certificateKinds()) await kubectlApply(plane, NAMESPACE, kind);
  plane.kubectl(['apply', '-k', collectorManifests(PROBES)]);
  plane.kubectl(['apply', '-k', agentManifests(`http://${network.host}:9`)]);
  for (const object of [...troubledWorkloads(), ...watchedDisks()]) await kubectlApply(plane, NAMESPACE, object);
  for (const name of ['gone', 'pressed']) await kubectlApply(plane, NAMESPACE, nodeWithoutMachine(name));
  collector = `http://${await addressOf('vigie-collector')}:9090`;
  progress(`the collector is at ${collector}`);
  for (const object of watchedCertificates(network, server.port)) await kubectlApply(plane, NAMESPACE, object);
  plane.kubectl(['apply', '-k', alertingManifests(collector, `http://${network.host}:${portOf(hook)}`)]);
  await until(
    'the collector to have seen all disks',
    TIMEOUT_MS,
    async () => (await seriesOf(SEEN_DISKS)).length === SEEN_DISK_SERIES || undefined,
    explain,
  );
  await kubectlApply(plane, NAMESPACE, diskFiller());
  await addressOf('vigie-alerting');
  progress('alerting is ready');
});

afterAll(async () => {
  await node?.stop();
  await plane?.stop();
  server?.close();
  await hook?.close();
});

function portOf({ url }: RecordingServer): number {
  return Number(new URL(url).port);
}

/** What the collector answers to a query of now. */
async function seriesOf(query: string): Promise<readonly unknown[]> {
  const url = `${collector}/api/v1/query?${new URLSearchParams({ query })}`;
  const response = await fetch(url, { headers: { authorization: `Bearer ${TOKEN}` } });
  return arrayAt(await response.json(), 'data', 'result');
}

/** Of the one pod of a part, when it is ready. */
async function addressOf(part: string): Promise<string> {
  return until(
    `a ready pod of ${part}`,
    TIMEOUT_MS,
    () => {
      const selector = ['-l', `app.kubernetes.io/name=${part}`];
      const pods = arrayAt(JSON.parse(plane.kubectl(['-n', part, 'get', 'pods', ...selector, '-o', 'json'])), 'items');
      const ready = pods.find((pod) => {
        const conditions = at(pod, 'status', 'conditions');
        return (
          Array.isArray(conditions) &&
          conditions.some((it) => at(it, 'type') === 'Ready' && at(it, 'status') === 'True')
        );
      });
      return ready === undefined ? undefined : stringAt(ready, 'status', 'podIP');
    },
    explain,
  );
}

function arrivals(): readonly Arrival[] {
  return hook.requests.flatMap(({ path, body }) =>
    arrayAt(body, 'alerts').map((alert) => ({
      receiver: path.slice(1),
      status: stringAt(alert, 'status'),
      labels: Object(at(alert, 'labels')),
      annotations: at(alert, 'annotations'),
    })),
  );
}

/** What is known when something does not come. */
function explain(): string {
  const shown = [
    ['get', 'pods', '-A', '-o', 'wide'],
    ['get', 'nodes'],
    ['-n', 'vigie-alerting', 'logs', 'deployment/vigie-alerting', '--tail=30'],
    ['-n', 'vigie-alerting', 'describe', 'pods'],
    ['-n', NAMESPACE, 'get', 'hpa,jobs,pvc'],
    ['-n', 'vigie-collector', 'logs', 'deployment/vigie-collector', '--tail=20'],
  ];
  const texts = shown.map((args) => {
    try {
      return plane.kubectl(args);
    } catch (error) {
      return String(error);
    }
  });
  const names = new Set(arrivals().map(({ receiver, labels }) => `${receiver}: ${labels.alertname}`));
  return `${texts.join('\n').slice(-12_000)}\narrived: ${[...names].join(', ')}\n${node.explain()}`;
}

function arrival(receiver: string, labels: Readonly<Record<string, string>>, status = 'firing'): Promise<Arrival> {
  return until(
    `${JSON.stringify(labels)} at ${receiver}, ${status}`,
    TIMEOUT_MS,
    () =>
      arrivals().find(
        (one) =>
          one.receiver === receiver &&
          one.status === status &&
          Object.entries(labels).every(([name, value]) => one.labels[name] === value),
      ),
    explain,
  );
}

describe('a receiver that refuses', () => {
  test('has its fallback told in its place, and somebody else told of it', async () => {
    await arrival('mail', { severity: 'warning' });
    await arrival('on-call', { alertname: 'VigieNotificationsFailing', receiver: 'chat' });
    await arrival('mail', { alertname: 'VigieNotificationsFailing', receiver: 'chat' });
    isChatDown = false;
  });
});

describe('with the cluster', () => {
  test.each([
    ['chat', { alertname: 'PodCrashLooping', namespace: NAMESPACE, pod: 'looping', container: 'app' }],
    ['chat', { alertname: 'ContainerCPUThrottled', namespace: NAMESPACE, container: 'app' }],
    ['chat', { alertname: 'ContainerOOMKilled', namespace: NAMESPACE, pod: 'forgetful', container: 'app' }],
    ['chat', { alertname: 'PodPending', namespace: NAMESPACE, pod: 'huge' }],
    ['chat', { alertname: 'PodNotReady', namespace: NAMESPACE, pod: 'unready-set-0' }],
    ['chat', { alertname: 'DeploymentNotRolledOut', namespace: NAMESPACE, deployment: 'unready' }],
    ['chat', { alertname: 'StatefulSetNotRolledOut', namespace: NAMESPACE, statefulset: 'unready-set' }],
    ['chat', { alertname: 'DaemonSetNotRolledOut', namespace: NAMESPACE, daemonset: 'unready-daemons' }],
    ['chat', { alertname: 'JobFailed', namespace: NAMESPACE, job_name: 'hopeless' }],
    ['chat', { alertname: 'HPAAtMaximum', namespace: NAMESPACE, horizontalpodautoscaler: 'burner' }],
    ['chat', { alertname: 'HPAWithoutMetrics', namespace: NAMESPACE, horizontalpodautoscaler: 'unmeasured' }],
    ['chat', { alertname: 'TargetDown', namespace: NAMESPACE, pod: 'silent', node: NODE_NAME }],
    ['chat', { alertname: 'LogErrorsHigh', namespace: NAMESPACE, container: 'app' }],
    ['on-call', { alertname: 'NodeNotReady', node: 'gone' }],
    ['chat', { alertname: 'NodeDiskFillingUp', instance: NODE_NAME, mountpoint: mountPointOf('filling') }],
    ['on-call', { alertname: 'NodeDiskFillingUp', instance: NODE_NAME, mountpoint: mountPointOf('narrow') }],
    ['chat', { alertname: 'NodeDiskAlmostFull', instance: NODE_NAME, mountpoint: mountPointOf('narrow') }],
    ['on-call', { alertname: 'NodeDiskAlmostFull', instance: NODE_NAME, mountpoint: mountPointOf('full') }],
    ['chat', { alertname: 'NodeDiskAlmostOutOfInodes', instance: NODE_NAME, mountpoint: mountPointOf('crowded') }],
    ['chat', { alertname: 'VolumeFillingUp', namespace: NAMESPACE, persistentvolumeclaim: 'narrow' }],
    ['on-call', { alertname: 'VolumeAlmostFull', namespace: NAMESPACE, persistentvolumeclaim: 'full' }],
    ['chat', { alertname: 'VolumeAlmostOutOfInodes', namespace: NAMESPACE, persistentvolumeclaim: 'crowded' }],
    ['chat', { alertname: 'CertificateExpiring', job: CERTIFICATES_JOB, severity: 'warning' }],
    ['on-call', { alertname: 'CertificateExpiring', job: CERTIFICATES_JOB, severity: 'critical' }],
    ['on-call', { alertname: 'KubeletCertificateExpiring', node: NODE_NAME }],
    ['on-call', { alertname: 'APIClientCertificateExpiring', job: API_SERVER_JOB }],
    ['on-call', { alertname: 'VigieSinkDown', namespace: 'vigie', sink: 'es' }],
    ['heartbeat', { alertname: 'Watchdog', cluster: 'kubernetes' }],
  ] as const)('%s is told of %o', async (receiver, labels) => {
    const { annotations, labels: all } = await arrival(receiver, labels);
    expect(all.cluster).toBe('kubernetes');
    expect(at(annotations, 'summary')).not.toMatch(/<no value>|<error|^$/);
    expect(at(annotations, 'runbook_url')).toMatch(/\/docs\/runbooks\/[\w-]+\.md$/);
  });

  test('chat is told of a node under pressure, as its status says it', async () => {
    // Nobody renews what a kubelet would: it is Unknown again within a minute.
    const patch = nodeConditions({ Ready: 'True', MemoryPressure: 'True' });
    plane.kubectl(['patch', 'node', 'pressed', '--subresource=status', '--type=strategic', '-p', patch]);
    await arrival('chat', { alertname: 'NodePressure', node: 'pressed', condition: 'MemoryPressure' });
  });

  test('the worse covers the lesser: a job without a target that answers is told of once, to who is on call', async () => {
    plane.kubectl(['-n', NAMESPACE, 'delete', 'pod', 'answering', '--wait=false']);
    await arrival('on-call', { alertname: 'AllTargetsDown', job: 'kubernetes-pods' });
  });

  test('and of its end, when there is nothing wrong any more', async () => {
    plane.kubectl(['-n', NAMESPACE, 'delete', 'pod/huge', 'job/hopeless', '--wait=false']);
    await arrival('chat', { alertname: 'PodPending', pod: 'huge' }, 'resolved');
    await arrival('chat', { alertname: 'JobFailed', job_name: 'hopeless' }, 'resolved');
  });

  test('a container crashes again and again by what its kubelet says, and by the number of its starts', async () => {
    const [said, starts] = ['kube_pod_container_status_waiting_reason', 'kube_pod_container_status_restarts_total'];
    await until(
      'more than three starts',
      TIMEOUT_MS,
      async () => (await seriesOf(`increase(${starts}{pod="looping"}[10m]) > 3`)).length === 1 || undefined,
      explain,
    );
    expect(await seriesOf(`max_over_time(${said}{reason="CrashLoopBackOff", pod="looping"}[10m])`)).toHaveLength(1);
  });

  test('of Vigie itself nobody is told what is not so', () => {
    const told = new Set(arrivals().map(({ labels }) => labels.alertname));
    // Others may be so: on a machine that has too much to do, scrapes and evaluations are missed.
    expect(NOT_SO.filter((name) => told.has(name))).toEqual([]);
  });
});
