/** Alerting, the collector and the node agent as shipped, in real pods, and what the shipped rules tell of made true: each alert arrives at the
 *  receiver that the shipped alertmanager.yml has for it. hurried-manifests.ts says what is not as shipped, fired-alerts.ts which alerts come.
 *  What goes wrong with Vigie itself does with other parts of it (troubled-vigie.ts): those that are shipped go on. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from './deadline.ts';
import { WEBHOOK_NAMESPACE } from './failing-webhook.ts';
import { DISKS, diskFiller, SEEN_DISK_SERIES, SEEN_DISKS, watchedDisks } from './filling-disks.ts';
import {
  NAMESPACE,
  NO_TARGET_LEFT,
  NODE_UNDER_PRESSURE,
  OF_CLUSTER,
  OF_VIGIE,
  RECEIVER_REFUSES,
  type Receiver,
} from './fired-alerts.ts';
import { applyTroubled, harmTroubled, SEEN_TROUBLED, SEEN_TROUBLED_SERIES } from './harmed-vigie.ts';
import { agentManifests, alertingManifests, collectorManifests } from './hurried-manifests.ts';
import { kubectlApply } from './kubectl-apply.ts';
import { type ControlPlane, startControlPlane } from './parts/kubernetes.ts';
import {
  type ClusterNetwork,
  clusterNetwork,
  type NodeSettings,
  type RealNode,
  startNode,
} from './parts/kubernetes-node.ts';
import { type SmallMachine, startSmallMachine } from './parts/small-machine.ts';
import { progress } from './progress.ts';
import { type RecordingServer, startRecordingServer } from './recording-server.ts';
import { arrayAt, at, stringAt } from './rest.ts';
import { BLIND, SPENT_DISK, TROUBLED } from './troubled-vigie.ts';
import { nodeConditions, nodeWithoutMachine, troubledWorkloads } from './troubled-workloads.ts';
import { startUnwillingServer, type UnwillingServer } from './unwilling-server.ts';
import {
  certificateKinds,
  PROBES,
  startTlsServer,
  type TlsServer,
  watchedCertificates,
} from './watched-certificates.ts';

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
  disks: [...DISKS, SPENT_DISK],
};
/** Of a server's certificate, in days: less than three weeks, and more than the three days of those of the cluster. */
const SOON = 10;
/** Nothing of this happens to the parts that are shipped, however busy the machine is. */
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
let unwilling: UnwillingServer;
let machine: SmallMachine;
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
  machine = startSmallMachine();
  server = await startTlsServer(SOON);
  unwilling = await startUnwillingServer();
  node = await startNode(plane, network, [portOf(hook), server.port, unwilling.port], NODE);
  await machine.full();
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
  const hookUrl = `http://${network.host}:${portOf(hook)}`;
  plane.kubectl(['apply', '-k', alertingManifests(collector, hookUrl)]);
  const around = { host: network.host, unwilling: unwilling.port, hook: hookUrl, machine: machine.procFolder };
  await applyTroubled(plane, around, explain);
  await until(
    'the collector to have seen all disks',
    TIMEOUT_MS,
    async () => (await seriesOf(SEEN_DISKS)).length === SEEN_DISK_SERIES || undefined,
    explain,
  );
  await kubectlApply(plane, NAMESPACE, diskFiller());
  await addressOf('vigie-alerting');
  progress('alerting is ready');
  let seen: readonly unknown[] = [];
  await until(
    'the collector to have seen all parts in trouble',
    TIMEOUT_MS,
    async () => {
      seen = await seriesOf(SEEN_TROUBLED);
      return seen.length === SEEN_TROUBLED_SERIES || undefined;
    },
    () => `seen: ${JSON.stringify(seen)}\n${explain()}`,
  );
  await harmTroubled(plane, explain);
  progress('what is in trouble has been harmed');
});

afterAll(async () => {
  await node?.stop();
  await plane?.stop();
  server?.close();
  await unwilling?.close();
  await machine?.stop();
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
    ...['agent', 'collector', 'alerting'].map((pod) => ['-n', TROUBLED, 'logs', pod, '-c', 'vigie', '--tail=10']),
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

function arrival(receiver: Receiver, labels: Readonly<Record<string, string>>, status = 'firing'): Promise<Arrival> {
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
    await arrival(...RECEIVER_REFUSES);
    await arrival('mail', { alertname: 'VigieNotificationsFailing', receiver: 'chat' });
    isChatDown = false;
  });
});

describe('with the cluster', () => {
  test.each([...OF_CLUSTER, ...OF_VIGIE])('%s is told of %o', async (receiver, labels) => {
    const { annotations, labels: all } = await arrival(receiver, labels);
    expect(all.cluster).toBe(labels.cluster ?? 'kubernetes');
    expect(at(annotations, 'summary')).not.toMatch(/<no value>|<error|^$/);
    expect(at(annotations, 'runbook_url')).toMatch(/\/docs\/runbooks\/[\w-]+\.md$/);
  });

  test('chat is told of a node under pressure, as its status says it', async () => {
    // Nobody renews what a kubelet would: it is Unknown again within a minute.
    const patch = nodeConditions({ Ready: 'True', MemoryPressure: 'True' });
    plane.kubectl(['patch', 'node', 'pressed', '--subresource=status', '--type=strategic', '-p', patch]);
    await arrival(...NODE_UNDER_PRESSURE);
  });

  test('the worse covers the lesser: a job without a target that answers is told of once, to who is on call', async () => {
    plane.kubectl(['-n', NAMESPACE, 'delete', 'pod', 'answering', '--wait=false']);
    await arrival(...NO_TARGET_LEFT);
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

  test('of the Vigie that is shipped nobody is told what is not so', () => {
    const others = [TROUBLED, WEBHOOK_NAMESPACE];
    const ofShipped = arrivals().filter(
      ({ labels }) => labels.cluster !== BLIND && !others.includes(labels.namespace ?? ''),
    );
    const told = new Set(ofShipped.map(({ labels }) => labels.alertname));
    // Others may be so: on a machine that has too much to do, scrapes and evaluations are missed.
    expect(NOT_SO.filter((name) => told.has(name))).toEqual([]);
  });
});
