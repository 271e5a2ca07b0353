/** The manifests of deploy/ in a real cluster: the agent as a pod of a DaemonSet on a node whose kubelet rotates, compresses and removes
 *  what real pods write, while they crash, end and are deleted, and while the DaemonSet is rolled. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AuditLog, auditLog, grantsOf } from './api-audit.ts';
import { putLogTemplate } from './data-stream.ts';
import { Impossible, until } from './deadline.ts';
import { inForm } from './form.ts';
import type { RealServer } from './parts/jvm-server.ts';
import { type ControlPlane, startControlPlane } from './parts/kubernetes.ts';
import { type ClusterNetwork, clusterNetwork, type RealNode, startNode } from './parts/kubernetes-node.ts';
import { startOpenSearch } from './parts/opensearch.ts';
import { findPodLines, type PodFindings, type WriterPod, writerPods } from './pod-documents.ts';
import { barePod, cronJob, deployment, job, statefulSet, WRITERS_NAMESPACE } from './pod-writers.ts';
import { progress } from './progress.ts';
import { arrayAt, ask, at, numberAt, stringAt } from './rest.ts';
import { shippedManifests } from './shipped-manifests.ts';
import { untilStored } from './walk.ts';

const DATA_STREAM = 'logs-kubernetes-default';
const AGENT_USER = 'system:serviceaccount:vigie:vigie-node-agent';
const TIMEOUT_MS = 180_000;
/** Between the last line of a pod and what was written before it. */
const SETTLE_MS = 30_000;

/** Lines of each pod, by the label `app`. */
const LINES = {
  web: inForm(5000, 40_000),
  db: inForm(3000, 30_000),
  unsteady: inForm(2000, 10_000),
  migrate: 2000,
  report: 800,
  api: 1500,
  tidy: 500,
};
const WEB_REPLICAS = 3;
/** It is deleted long before. */
const DOOMED_LINES = 900_000;
const ROLLOUTS = inForm(1, 4);

let server: RealServer;
let network: ClusterNetwork;
let audit: AuditLog;
let plane: ControlPlane;
let node: RealNode;
/** Whose lines are all there. */
let delivered: readonly WriterPod[] = [];

beforeAll(async () => {
  network = clusterNetwork();
  audit = auditLog();
  server = await startOpenSearch();
  await putLogTemplate(server, { stream: DATA_STREAM });
  plane = await startControlPlane({
    subjectAltNames: [`IP:${network.apiServer}`],
    apiServerFlags: [`--service-cluster-ip-range=${network.services}`, ...audit.flags],
    controllers: ['*'],
    scheduler: [],
  });
  node = await startNode(plane, network, [portOf(server.url)]);
  apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: WRITERS_NAMESPACE } });
});

afterAll(async () => {
  await node?.stop();
  await plane?.stop();
  await server?.stop();
});

function portOf(url: string): number {
  return Number(new URL(url).port);
}

function get(...args: readonly string[]): unknown {
  return JSON.parse(plane.kubectl(['get', ...args, '-o', 'json']));
}

function apply(...objects: readonly object[]): void {
  plane.kubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
}

function agentPods(): readonly unknown[] {
  return arrayAt(get('pods', '-n', 'vigie'), 'items');
}

function isReady(pod: unknown): boolean {
  return arrayAt(pod, 'status', 'conditions').some((it) => at(it, 'type') === 'Ready' && at(it, 'status') === 'True');
}

/** Waits until the one pod of the DaemonSet is ready, which its probes of /livez and /readyz say. It must not have been restarted.
 *  @param before uid of the pod that it replaces */
async function untilAgentReady(before?: string): Promise<string> {
  return until(
    'the agent to be ready',
    TIMEOUT_MS,
    () => {
      const [pod, ...others] = agentPods();
      if (pod === undefined || others.length > 0 || stringAt(pod, 'metadata', 'uid') === before) return undefined;
      const restarts = at(pod, 'status', 'containerStatuses', 0, 'restartCount') ?? 0;
      if (restarts !== 0)
        throw new Impossible(`the agent was restarted: ${JSON.stringify(at(pod, 'status'))}\n${agentLog()}`);
      return isReady(pod) ? stringAt(pod, 'metadata', 'uid') : undefined;
    },
    () => `${JSON.stringify(agentPods().map((pod) => at(pod, 'status')))}\n${agentLog()}\n${node.explain()}`,
  );
}

/** Files of the pods of a namespace, live and rotated. */
function logFiles(namespace: string): readonly string[] {
  const root = join(node.logFolder, 'pods');
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => name.startsWith(`${namespace}_`) && /\.(?:log|gz)$/.test(name))
    .map((name) => join(root, name));
}

function agentLog(): string {
  return logFiles('vigie')
    .map((file) => `${file}: ${readFileSync(file, 'utf8').slice(-3000)}`)
    .join('\n');
}

async function rollAgent(): Promise<void> {
  const before = await untilAgentReady();
  plane.kubectl(['-n', 'vigie', 'rollout', 'restart', 'daemonset/vigie-node-agent']);
  await untilAgentReady(before);
  progress('the DaemonSet was rolled');
}

function listWriters(selector = ''): unknown {
  return get('pods', '-n', WRITERS_NAMESPACE, '-l', selector);
}

/** The fields of who owns a pod, by what is deployed and the pod's own controller. */
function ownersOf(app: string, controller: string): Readonly<Record<string, string>> {
  switch (app) {
    case 'web':
    case 'api':
      return { deployment: app, replicaset: controller };
    case 'db':
      return { statefulset: app };
    case 'migrate':
    case 'tidy':
      return { job: app };
    case 'report':
      return { cronjob: app, job: controller };
    default:
      return {};
  }
}

function linesOf(app: string): number | undefined {
  return app === 'doomed' ? undefined : Object.entries(LINES).find(([name]) => name === app)?.[1];
}

/** Waits until the last line of each of these pods is there, and then as long as others are missing. */
async function untilDelivered(pods: readonly WriterPod[]): Promise<ReadonlyMap<string, PodFindings>> {
  const names = pods.map(({ name }) => name);
  const isEnd = {
    query: { bool: { must: [{ match: { message: 'end' } }, { terms: { 'kubernetes.pod.name.keyword': names } }] } },
  };
  const state = (): string => `${agentLog()}\n${node.explain()}`;
  let ended = 0;
  while (ended < pods.length) {
    const before = ended;
    ended = await until(
      'the last lines of all pods',
      TIMEOUT_MS,
      async () => {
        const count = numberAt(await ask(server, 'POST', `/${DATA_STREAM}/_count`, isEnd), 'count');
        return count > before ? count : undefined;
      },
      () => `${before} of ${pods.length} are there; ${state()}`,
    );
  }
  let findings: ReadonlyMap<string, PodFindings> = new Map();
  await until(
    'every line once',
    SETTLE_MS,
    async () => {
      findings = await findPodLines(server, DATA_STREAM, pods);
      return faultsOf(findings).length === 0 || undefined;
    },
    () => `${faultsOf(findings).join('\n')}\n${state()}`,
  );
  for (const [pod, { documents, containers }] of findings)
    progress(`${pod}: ${documents} lines of ${containers} containers`);
  return findings;
}

function faultsOf(findings: ReadonlyMap<string, PodFindings>): readonly string[] {
  return Array.from(findings, ([pod, { faults }]) => faults.map((fault) => `${pod}: ${fault}`)).flat();
}

describe('the manifests as shipped', () => {
  test('deliver every line of every pod once, with what the API server knows of the pod', async () => {
    plane.kubectl(['apply', '-k', shippedManifests('node-agent', `http://${network.host}:${portOf(server.url)}`)]);
    await untilAgentReady();
    const labels = { 'app.kubernetes.io/name': 'shop', 'app.kubernetes.io/part-of': 'the.shop', tier: 'front' };
    apply(
      cronJob({ name: 'report' }, LINES.report),
      deployment({ name: 'web', labels }, WEB_REPLICAS, { lines: LINES.web }),
      statefulSet({ name: 'db', labels: { tier: 'back' } }, { lines: LINES.db }),
      barePod({ name: 'unsteady' }, { lines: LINES.unsteady, crashEvery: LINES.unsteady / 4 }),
      barePod({ name: 'doomed', labels: { 'example.com/fate': 'sealed' } }, { lines: DOOMED_LINES }),
      job({ name: 'migrate' }, LINES.migrate),
    );
    const written = LINES.web * (WEB_REPLICAS + 1);
    for (let rollout = 1; rollout <= ROLLOUTS; rollout += 1) {
      await untilStored(server, DATA_STREAM, (written * rollout) / (ROLLOUTS + 1), agentLog);
      await rollAgent();
    }
    expect(logFiles(WRITERS_NAMESPACE).filter((file) => file.endsWith('.gz'))).not.toEqual([]);
    const doomed = listWriters('app=doomed');
    plane.kubectl(['-n', WRITERS_NAMESPACE, 'delete', 'pod', 'doomed', '--wait=false']);
    await until(
      'the end of the doomed pod',
      TIMEOUT_MS,
      () => arrayAt(listWriters('app=doomed'), 'items').length === 0 || undefined,
    );
    await until('a report', TIMEOUT_MS, () => arrayAt(listWriters('app=report'), 'items').length > 0 || undefined);
    plane.kubectl(['-n', WRITERS_NAMESPACE, 'patch', 'cronjob', 'report', '-p', '{"spec":{"suspend":true}}']);
    const pods = [...writerPods(listWriters(), ownersOf, linesOf), ...writerPods(doomed, ownersOf, linesOf)];
    expect(new Set(pods.map(({ labels: { app } }) => app))).toEqual(
      new Set(['web', 'db', 'unsteady', 'doomed', 'migrate', 'report']),
    );
    const findings = await untilDelivered(pods);
    expect(findings.get('unsteady')?.containers).toBe(4);
    expect(findings.get('doomed')?.documents).toBeGreaterThan(100);
    await untilAgentReady();
    delivered = pods;
  });

  test('grant what the agent asks of the API server, and nothing else', () => {
    const used = new Set([...audit.requestsOf(AGENT_USER)].map((request) => request.replace(/ 200$/, '')));
    expect([...used].sort()).toEqual(grantsOf(get('clusterrole', 'vigie-node-agent')).toSorted());
    expect(audit.reviewsOf(AGENT_USER)).toEqual(new Set());
  });
});

describe('the overlay for metadata of the kubelet', () => {
  test('delivers every line once, with what the kubelet knows of the pod', async () => {
    const before = delivered.length > 0 ? await untilAgentReady() : undefined;
    const manifests = shippedManifests('overlays/node-agent-kubelet', `http://${network.host}:${portOf(server.url)}`);
    plane.kubectl(['apply', '-k', manifests]);
    await untilAgentReady(before);
    const labels = { 'app.kubernetes.io/name': 'api' };
    apply(deployment({ name: 'api', labels }, 2, { lines: LINES.api }), job({ name: 'tidy' }, LINES.tidy));
    const selector = 'app in (api, tidy)';
    await until('the pods', TIMEOUT_MS, () => arrayAt(listWriters(selector), 'items').length === 3 || undefined);
    const pods = writerPods(listWriters(selector), ownersOf, linesOf);
    // An agent that starts again, with the same checkpoints, adds nothing to what was there.
    await untilDelivered([...delivered, ...pods]);
    await untilAgentReady();
  });

  test('grants what the kubelet asks about the agent, and nothing else', () => {
    const reviews = [...audit.reviewsOf(AGENT_USER)];
    expect(reviews.sort()).toEqual(grantsOf(get('clusterrole', 'vigie-node-agent')).toSorted());
  });
});
