/** Two pods of `vigie alerting` on a real node share their work by Leases and ConfigMaps of a real API server: while pods are killed, while the API
 *  server is gone, and with the rights that the reference names and no others. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AuditLog, auditLog, grantsOf } from './api-audit.ts';
import { until } from './deadline.ts';
import { HA_SERVICE_ACCOUNT, haRights } from './ha-rights.ts';
import { type ControlPlane, startControlPlane } from './parts/kubernetes.ts';
import { type ClusterNetwork, clusterNetwork, type RealNode, startNode } from './parts/kubernetes-node.ts';
import { progress } from './progress.ts';
import { arrayAt, at, stringAt } from './rest.ts';

const NAMESPACE = 'vigie-alerting';
const USER = `system:serviceaccount:${NAMESPACE}:${HA_SERVICE_ACCOUNT}`;
const PODS = ['alerting-0', 'alerting-1'];
const SHARDS = 8;
const TIMEOUT_MS = 180_000;
const PROMISE_MS = 10_000;
const GROUP_WAIT_MS = 1000;
const TOKEN = 'of-the-suite';
const AUTHORIZATION = { authorization: `Bearer ${TOKEN}` };
const HEADERS = { ...AUTHORIZATION, 'content-type': 'application/json' };

let network: ClusterNetwork;
let audit: AuditLog;
let plane: ControlPlane;
let node: RealNode;
const told: { readonly name: string; readonly status: string; readonly atMs: number }[] = [];
const hook = createServer((request, response) => {
  let text = '';
  request.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  request.on('end', () => {
    const body: unknown = JSON.parse(text);
    for (const alert of arrayAt(body, 'alerts'))
      told.push({
        name: stringAt(alert, 'labels', 'alertname'),
        status: stringAt(alert, 'status'),
        atMs: performance.now(),
      });
    response.end();
  });
});

beforeAll(async () => {
  network = clusterNetwork();
  audit = auditLog();
  await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve));
  const { port } = hook.address() as AddressInfo;
  plane = await startControlPlane({
    subjectAltNames: [`IP:${network.apiServer}`],
    apiServerFlags: [`--service-cluster-ip-range=${network.services}`, ...audit.flags],
    controllers: ['*'],
    scheduler: [],
  });
  node = await startNode(plane, network, [port]);
  apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
  apply(...haRights(NAMESPACE), configMap(`http://${network.host}:${port}/`));
  await until(
    'the ServiceAccount',
    TIMEOUT_MS,
    () =>
      plane.kubectl(['-n', NAMESPACE, 'get', 'serviceaccounts', '-o', 'name']).includes('vigie-alerting') || undefined,
  );
  apply(...PODS.map(pod));
  await untilShared();
});

afterAll(async () => {
  await node?.stop();
  await plane?.stop();
  hook.close();
  hook.closeAllConnections();
});

function configMap(url: string): object {
  const alertmanager = {
    route: { receiver: 'hook', group_by: ['alertname'], group_wait: `${GROUP_WAIT_MS}ms`, group_interval: '5s' },
    receivers: [{ name: 'hook', webhook_configs: [{ url }] }],
  };
  const alerting = {
    listen: { address: ':9093', auth: { type: 'bearer', token_file: '/etc/vigie/token' } },
    data_dir: '/data',
    alertmanager_config: 'alertmanager.yml',
    ha: { type: 'kubernetes', shards: SHARDS },
    // They take rights of their own.
    operator_objects: { mode: 'off' },
  };
  const data = {
    'alerting.yaml': JSON.stringify(alerting),
    'alertmanager.yml': JSON.stringify(alertmanager),
    token: TOKEN,
  };
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'alerting', namespace: NAMESPACE }, data };
}

function pod(name: string): object {
  const fieldOf = (field: string, path: string) => ({ name: field, valueFrom: { fieldRef: { fieldPath: path } } });
  const mounts = [
    { name: 'config', mountPath: '/etc/vigie' },
    { name: 'data', mountPath: '/data' },
  ];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: NAMESPACE },
    spec: {
      serviceAccountName: HA_SERVICE_ACCOUNT,
      restartPolicy: 'Always',
      securityContext: { fsGroup: 65534 },
      containers: [
        {
          name: 'alerting',
          image: 'vigie/vigie:0.1.0',
          imagePullPolicy: 'IfNotPresent',
          command: ['vigie', 'alerting', '--config', '/etc/vigie/alerting.yaml'],
          env: [
            fieldOf('POD_NAME', 'metadata.name'),
            fieldOf('POD_NAMESPACE', 'metadata.namespace'),
            fieldOf('POD_IP', 'status.podIP'),
          ],
          volumeMounts: mounts,
        },
      ],
      volumes: [
        { name: 'config', configMap: { name: 'alerting' } },
        { name: 'data', emptyDir: {} },
      ],
    },
  };
}

function apply(...objects: readonly object[]): void {
  plane.kubectl(
    ['apply', '--validate=false', '-f', '-'],
    JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }),
  );
}

function get(...args: readonly string[]): unknown {
  return JSON.parse(plane.kubectl(['-n', NAMESPACE, 'get', ...args, '-o', 'json']));
}

function explain(): string {
  const shown = [['get', 'pods', '-o', 'wide'], ['get', 'leases'], ...PODS.map((name) => ['logs', name, '--tail=20'])];
  return shown
    .map((args) => {
      try {
        return plane.kubectl(['-n', NAMESPACE, ...args]);
      } catch (error) {
        return String(error);
      }
    })
    .join('\n');
}

function urlOf(name: string): string | undefined {
  const ip = at(get('pod', name), 'status', 'podIP');
  return typeof ip === 'string' ? `http://${ip}:9093` : undefined;
}

async function answerOf(url: string): Promise<unknown> {
  return (await fetch(url, { headers: AUTHORIZATION })).json();
}

/** By pod, shards that it owns. */
function owned(): ReadonlyMap<string, number> {
  const counts = new Map(PODS.map((name) => [name, 0]));
  for (const lease of arrayAt(get('leases', '-l', 'vigie.io/shard'), 'items')) {
    const holder = String(at(lease, 'spec', 'holderIdentity') ?? '');
    counts.set(holder, (counts.get(holder) ?? 0) + 1);
  }
  return counts;
}

async function untilShared(): Promise<void> {
  /** What each of them says of the others, by pod. */
  const looks = new Map<string, string>();
  await until(
    'the pods to share the work',
    TIMEOUT_MS,
    async () => {
      for (const name of PODS) {
        const url = urlOf(name);
        if (url === undefined) return undefined;
        const exposed = await (await fetch(`${url}/metrics`, { headers: AUTHORIZATION })).text();
        looks.set(name, `${name}\n${exposed.match(/^vigie_alerting_ha_.*$/gm)?.join('\n')}`);
        const status: unknown = await answerOf(`${url}/api/v2/status`);
        const peers = arrayAt(at(status, 'cluster'), 'peers').map((peer) => stringAt(peer, 'name'));
        if (JSON.stringify(peers) !== JSON.stringify(PODS)) return undefined;
      }
      const counts = [...owned().values()];
      return counts.every((count) => count === SHARDS / PODS.length) ? true : undefined;
    },
    () => `${explain()}\n${[...looks.values()].join('\n')}`,
  );
}

/** To each that is there, as Prometheus does.
 *  @returns how many have taken it */
async function post(names: readonly string[], urls: readonly (string | undefined)[], endsAt?: string): Promise<number> {
  const body = JSON.stringify(
    names.map((alertname) => ({ labels: { alertname }, ...(endsAt === undefined ? {} : { endsAt }) })),
  );
  const answers = await Promise.allSettled(
    urls.flatMap((url) =>
      url === undefined
        ? []
        : [
            fetch(`${url}/api/v2/alerts`, {
              method: 'POST',
              headers: HEADERS,
              body,
              signal: AbortSignal.timeout(5000),
            }),
          ],
    ),
  );
  return answers.filter((answer) => answer.status === 'fulfilled' && answer.value.status === 200).length;
}

function untilTold(names: readonly string[], status = 'firing'): Promise<true> {
  const isTold = (name: string): boolean => told.some((one) => one.name === name && one.status === status);
  return until('all to be told', TIMEOUT_MS, () => names.every(isTold) || undefined, explain);
}

const namesOf = (prefix: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`);

function timesOf(name: string): number {
  return told.filter((one) => one.name === name).length;
}

test('two pods tell of each group once, whichever of them is told of it, and silences hold at both', async () => {
  const [first, second] = PODS.map(urlOf);
  const silence = {
    matchers: [{ name: 'alertname', value: 'Quiet.*', isRegex: true }],
    startsAt: new Date().toISOString(),
    endsAt: new Date(Date.now() + 3_600_000).toISOString(),
    createdBy: 'the suite',
    comment: 'of one',
  };
  await fetch(`${first}/api/v2/silences`, { method: 'POST', headers: HEADERS, body: JSON.stringify(silence) });
  const hasSilence = async (): Promise<true | undefined> => {
    const answer: unknown = await answerOf(`${second}/api/v2/silences`);
    return (Array.isArray(answer) && answer.length === 1) || undefined;
  };
  await until('the silence', TIMEOUT_MS, hasSilence, explain);
  const [names, quiet] = [namesOf('One', 20), namesOf('Quiet', 20)];
  expect(await post([...names, ...quiet], [second])).toBe(1);
  await untilTold(names);
  expect(await post(names, [first], new Date().toISOString())).toBe(1);
  await untilTold(names, 'resolved');
  expect(names.map(timesOf)).toEqual(names.map(() => 2));
  expect(quiet.map(timesOf)).toEqual(quiet.map(() => 0));
});

test('a pod that is killed has its groups told by the other in time, and takes its part again', async () => {
  for (const killed of PODS) {
    const names = namesOf(`Killed-${killed}-`, 20);
    const survivor = PODS.find((name) => name !== killed)!;
    const url = urlOf(survivor);
    expect(await post(names, PODS.map(urlOf))).toBe(2);
    const postedAtMs = performance.now();
    plane.kubectl(['-n', NAMESPACE, 'delete', 'pod', killed, '--grace-period=0', '--force']);
    await untilTold(names);
    const lastMs = Math.max(...names.map((name) => told.find((one) => one.name === name)!.atMs)) - postedAtMs;
    progress(`${killed} killed: the last of ${names.length} groups told after ${lastMs.toFixed(0)} ms`);
    expect(lastMs).toBeLessThan(GROUP_WAIT_MS + PROMISE_MS + 2000);
    expect(await (await fetch(`${url}/readyz`)).status).toBe(200);
    apply(pod(killed));
    await untilShared();
  }
});

test('while the API server is gone both tell, and when it is back they share again what each was told meanwhile', async () => {
  const urls = PODS.map(urlOf);
  await plane.killApiServer();
  await new Promise((resolve) => setTimeout(resolve, PROMISE_MS));
  const names = namesOf('Gone', 10);
  expect(await post(names, urls)).toBe(2);
  await until('both to tell', TIMEOUT_MS, () => names.every((name) => timesOf(name) >= 2) || undefined);
  expect(await post(['Only'], urls.slice(0, 1))).toBe(1);
  await plane.startApiServer();
  await untilShared();
  const has = async (): Promise<true | undefined> => {
    const answer: unknown = await answerOf(`${urls[1]}/api/v2/alerts?filter=alertname%3DOnly`);
    return (Array.isArray(answer) && answer.length === 1) || undefined;
  };
  await until('what the other was told', TIMEOUT_MS, has, explain);
  await untilTold(['Only']);
  const later = namesOf('Back', 10);
  expect(await post(later, urls)).toBe(2);
  await untilTold(later);
  await new Promise((resolve) => setTimeout(resolve, 3 * GROUP_WAIT_MS));
  expect(later.map(timesOf)).toEqual(later.map(() => 1));
});

test('the rights of the reference are what the pods ask for, and nothing else', () => {
  const grants = grantsOf(get('role', 'vigie-alerting-ha'));
  const requests = [...audit.requestsOf(USER)];
  // An API server that has just started refuses what it has not read the roles for, and takes it a moment later.
  const isGranted = (one: string): boolean => requests.some((request) => request.startsWith(`${one} 2`));
  const refused = requests.filter((request) => request.endsWith(' 403')).map((request) => request.replace(/ \d+$/, ''));
  expect(refused.filter((one) => !isGranted(one))).toEqual([]);
  const used = new Set(requests.map((request) => request.replace(/ \d+$/, '')));
  expect([...used].filter((one) => !grants.includes(one))).toEqual([]);
  // Objects of the dead are removed ten minutes later, and of those that grow.
  const rare = ['delete configmaps', 'update configmaps', 'delete leases'];
  expect(grants.filter((one) => !used.has(one) && !rare.includes(one))).toEqual([]);
});
