/** Alerting, the collector and the node agent as shipped, in real pods, and what the shipped rules tell of made true: each alert arrives at the
 *  receiver that the shipped alertmanager.yml has for it. Three things are not as shipped: receivers are web hooks of the test, times are short
 *  (`for`, intervals, windows), and addresses are those of pods, for the cluster has neither DNS nor kube-proxy. What it cannot show (its
 *  cadvisor does not know containers by name, its kubelet renews no certificate, it has no volumes) the unit tests of the rules have. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { until } from './deadline.ts';
import { kubectlApply } from './kubectl-apply.ts';
import { type ControlPlane, startControlPlane } from './parts/kubernetes.ts';
import { type ClusterNetwork, clusterNetwork, NODE_NAME, type RealNode, startNode } from './parts/kubernetes-node.ts';
import { progress } from './progress.ts';
import { type RecordingServer, startRecordingServer } from './recording-server.ts';
import { arrayAt, at, stringAt } from './rest.ts';
import { overlayOf, shippedFile } from './shipped-manifests.ts';
import { nodeConditions, nodeWithoutMachine, troubledWorkloads } from './troubled-workloads.ts';

const ALERTING = fileURLToPath(new URL('../../deploy/alerting', import.meta.url));
const NAMESPACE = 'shop';
const TIMEOUT_MS = 300_000;
const INTERVAL = '5s';
const TOKEN = 'of-the-suite';
const LISTEN = /^listen: .*$/m;
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
let plane: ControlPlane;
let node: RealNode;
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
  node = await startNode(plane, network, [Number(new URL(hook.url).port)]);
  for (const namespace of [NAMESPACE, 'vigie-collector', 'vigie-alerting', 'vigie'])
    plane.kubectl(['create', 'namespace', namespace]);
  for (const [namespace, secret] of [
    ['vigie-collector', 'vigie-collector-api'],
    ['vigie-alerting', 'vigie-collector-token'],
    ['vigie-alerting', 'vigie-alerting-api'],
  ] as const)
    plane.kubectl(['-n', namespace, 'create', 'secret', 'generic', secret, `--from-literal=token=${TOKEN}`]);
  plane.kubectl(['apply', '-k', collectorManifests()]);
  plane.kubectl(['apply', '-k', agentManifests()]);
  for (const object of troubledWorkloads()) await kubectlApply(plane, NAMESPACE, object);
  for (const name of ['gone', 'pressed']) await kubectlApply(plane, NAMESPACE, nodeWithoutMachine(name));
  const collector = `http://${await addressOf('vigie-collector')}:9090`;
  progress(`the collector is at ${collector}`);
  plane.kubectl(['apply', '-k', alertingManifests(collector)]);
  await addressOf('vigie-alerting');
  progress('alerting is ready');
});

afterAll(async () => {
  await node?.stop();
  await plane?.stop();
  await hook?.close();
});

function changedConfigMap(name: string, key: string, text: string): object {
  const metadata = { name, namespace: name === 'vigie-node-agent' ? 'vigie' : name };
  return { patch: JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { [key]: text } }) };
}

function collectorManifests(): string {
  const shipped = stringAt(shippedFile('overlays/collector-queries/config-map.yaml'), 'data', 'collector.yaml');
  const text = shipped.replace('scrape_interval: 15s', `scrape_interval: ${INTERVAL}`);
  expect(text).not.toBe(shipped);
  return overlayOf('overlays/collector-queries', {
    // Without kube-proxy there is nothing that would share requests between two.
    replicas: [{ name: 'vigie-collector', count: 1 }],
    patches: [changedConfigMap('vigie-collector', 'collector.yaml', text)],
  });
}

/** Its sink is an address where nobody listens. */
function agentManifests(): string {
  const shipped = stringAt(shippedFile('overlays/node-agent-log-metrics/config-map.yaml'), 'data', 'agent.yaml');
  const text = shipped.replace('http://elasticsearch.logging.svc:9200', `http://${network.host}:9`);
  expect(text).not.toBe(shipped);
  return overlayOf('overlays/node-agent-log-metrics', {
    patches: [changedConfigMap('vigie-node-agent', 'agent.yaml', text)],
  });
}

function alertingManifests(collector: string): string {
  const rules = readdirSync(join(ALERTING, 'rules'));
  const generated = (name: string, files: readonly string[]): object => ({
    name,
    namespace: 'vigie-alerting',
    behavior: 'merge',
    files,
  });
  const env = [{ name: 'COLLECTOR_URL', value: collector }];
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'vigie-alerting', namespace: 'vigie-alerting' },
    spec: { template: { spec: { containers: [{ name: 'alerting', env }] } } },
  };
  const folder = overlayOf('alerting', {
    configMapGenerator: [
      generated('vigie-alerting', ['alerting.yaml', 'alertmanager.yml']),
      generated('vigie-alerting-rules', rules),
    ],
    patches: [{ patch: JSON.stringify(deployment) }],
  });
  const text = (name: string): string => readFileSync(join(ALERTING, name), 'utf8');
  for (const name of rules) writeFileSync(join(folder, name), hurried(text(`rules/${name}`)));
  const listen = `listen: { address: ":9093", auth: { type: bearer, token_file: /etc/vigie-api/token }, metrics: open }`;
  const changed = text('alerting.yaml').replace('evaluation_interval: 30s', `evaluation_interval: ${INTERVAL}`);
  writeFileSync(join(folder, 'alerting.yaml'), changed.replace(LISTEN, listen));
  writeFileSync(join(folder, 'alertmanager.yml'), JSON.stringify(withHooks(parse(text('alertmanager.yml')))));
  return folder;
}

/** Minutes become seconds where a rule waits for something not to change. */
function hurried(rules: string): string {
  return rules
    .replace(/^( +for:) .*$/gm, '$1 4s')
    .replace(/(changes\(\w+)\[10m\]/g, '$1[30s]')
    .replace(/(rate\([^[]*)\[5m\]/g, '$1[30s]');
}

/** Routes, inhibition and names of receivers are the shipped ones. */
function withHooks(written: unknown): object {
  const url = `http://${network.host}:${new URL(hook.url).port}`;
  const receivers = arrayAt(written, 'receivers').map((receiver) => {
    const name = stringAt(receiver, 'name');
    return { name, webhook_configs: [{ url: `${url}/${name}` }] };
  });
  const routes = arrayAt(written, 'route', 'routes').map((route) => ({ ...Object(route), mute_time_intervals: [] }));
  const route = { ...Object(at(written, 'route')), group_wait: '0s', group_interval: '1s', routes };
  return { ...Object(written), global: {}, route, receivers };
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
    ['-n', NAMESPACE, 'get', 'hpa,jobs'],
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

  test('of Vigie itself nobody is told what is not so', () => {
    const told = new Set(arrivals().map(({ labels }) => labels.alertname));
    // Others may be so: on a machine that has too much to do, scrapes and evaluations are missed.
    expect(NOT_SO.filter((name) => told.has(name))).toEqual([]);
  });
});
