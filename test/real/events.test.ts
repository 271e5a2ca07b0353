/** The source kubernetes_events and a real API server: two agents, one Lease, a leader that is killed, and what is remembered of how far
 *  they were. With the rights that deploy/ grants, and no others. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '@vigie/core/clock';
import { KubeClient } from '@vigie/kube/client';
import { loadKubeConfig } from '@vigie/kube/config';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type AgentProcess, startAgentAs, writeConfig } from './agent-process.ts';
import { type AuditLog, auditLog, grantsOf } from './api-audit.ts';
import { putLogTemplate } from './data-stream.ts';
import { until } from './deadline.ts';
import { inForm } from './form.ts';
import { temporaryFolder } from './leash.ts';
import type { RealServer } from './parts/jvm-server.ts';
import { type ControlPlane, startControlPlane } from './parts/kubernetes.ts';
import { startOpenSearch } from './parts/opensearch.ts';
import { progress } from './progress.ts';
import { at, stringAt } from './rest.ts';
import { NumberTally, untilStored, walk } from './walk.ts';

const OVERLAY = fileURLToPath(new URL('../../deploy/overlays/node-agent-events', import.meta.url));
const AGENT_USER = 'system:serviceaccount:vigie:vigie-node-agent';
const STREAM = 'logs-events-default';
const NAMESPACE = 'shop';
const TIMEOUT_MS = 60_000;
const KILLS = inForm(2, 6);
/** About as many as a busy cluster has in a minute. */
const EVENTS_PER_KILL = inForm(1500, 5000);
const never = new AbortController().signal;

let server: RealServer;
let plane: ControlPlane;
let audit: AuditLog;
let admin: KubeClient;
let kubeconfig: string;
const agents = new Map<string, AgentProcess>();

beforeAll(async () => {
  server = await startOpenSearch();
  await putLogTemplate(server, { stream: STREAM });
  audit = auditLog();
  plane = await startControlPlane({ apiServerFlags: audit.flags });
  admin = new KubeClient(loadKubeConfig({ kubeconfig: plane.kubeconfig }, { env: {} }), {
    clock: systemClock,
    env: {},
    userAgent: 'vigie/test',
    reloadFailed: () => undefined,
  });
  plane.kubectl(['apply', '-k', OVERLAY]);
  plane.kubectl(['create', 'namespace', NAMESPACE]);
  kubeconfig = kubeconfigWith(plane.kubectl(['-n', 'vigie', 'create', 'token', 'vigie-node-agent']).trim());
});

afterEach(async () => {
  for (const agent of agents.values()) await agent.kill9();
  agents.clear();
});

afterAll(async () => {
  admin?.close();
  await plane?.stop();
  await server?.stop();
});

/** Of the agents' ServiceAccount. */
function kubeconfigWith(token: string): string {
  const path = join(temporaryFolder('events-kubeconfig'), 'kubeconfig');
  const cluster = { server: plane.url, 'certificate-authority': plane.authority.caFile };
  const content = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster }],
    users: [{ name: 'u', user: { token } }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u', namespace: 'vigie' } }],
    'current-context': 'c',
  };
  writeFileSync(path, JSON.stringify(content));
  return path;
}

/** Starts the agent of a pod, with the data that an earlier one of that name left. */
async function start(pod: string): Promise<AgentProcess> {
  const folder = dataFolders.get(pod) ?? temporaryFolder(pod);
  dataFolders.set(pod, folder);
  const path = writeConfig(folder, {
    data_dir: join(folder, 'data'),
    kubernetes: { kubeconfig },
    sources: { cluster: { type: 'kubernetes_events' } },
    sinks: {
      es: {
        type: 'elasticsearch',
        inputs: ['cluster'],
        endpoints: [server.url],
        data_stream: STREAM,
        id: 'deterministic',
        setup: false,
      },
    },
  });
  const agent = await startAgentAs({ POD_NAME: pod, POD_NAMESPACE: 'vigie' }, path);
  agents.set(pod, agent);
  return agent;
}

const dataFolders = new Map<string, string>();

async function stop(pod: string): Promise<void> {
  const agent = agents.get(pod);
  agents.delete(pod);
  expect(await agent?.terminate(), agent?.logEnd()).toEqual({ code: 0, signal: null });
}

/** So many records it has delivered since it was started, and no more. */
async function expectAccepted(pod: string, records: number): Promise<void> {
  const labels = { source: 'cluster', outcome: 'accepted' };
  const count = async (): Promise<number> =>
    (await agents.get(pod)?.metric('vigie_agent_pushed_records_total', labels)) ?? 0;
  // The server has them before the agent has its answer.
  await until('the count', TIMEOUT_MS, async () => (await count()) >= records || undefined, logEnds);
  expect(await count()).toBe(records);
}

/** The pod that holds the Lease; undefined while nobody does. */
async function leader(): Promise<string | undefined> {
  const path = '/apis/coordination.k8s.io/v1/namespaces/vigie/leases/vigie-events';
  const answer = await admin.request({ method: 'GET', path }, never);
  if (answer.status !== 'ok') return undefined;
  return /^(.+)_cluster$/.exec(String(at(answer.body, 'spec', 'holderIdentity') ?? ''))?.[1];
}

function untilLeads(...pods: readonly string[]): Promise<string> {
  return until(
    'a leader',
    TIMEOUT_MS,
    async () => {
      const name = await leader();
      return name !== undefined && pods.includes(name) ? name : undefined;
    },
    logEnds,
  );
}

function logEnds(): string {
  return [...agents.values()].map((agent) => agent.logEnd()).join('\n');
}

let created = 0;

/** Makes `count` events, numbered on from those before. */
async function createEvents(count: number): Promise<void> {
  for (const end = created + count; created < end; ) await createEvent(created++);
}

/** As createEvents, but that every tenth is counted up at once, which a watch tells and a list does not: a record of the next number. */
async function createStates(count: number): Promise<void> {
  for (const end = created + count; created < end; ) {
    const n = created++;
    await createEvent(n);
    if (n % 10 !== 0 || created === end) continue;
    await call('PATCH', `${EVENTS}/web.${n}`, { message: messageOf(created++), count: 2 });
  }
}

const EVENTS = `/api/v1/namespaces/${NAMESPACE}/events`;

function messageOf(n: number): string {
  return `n=${n} Back-off restarting failed container`;
}

function createEvent(n: number): Promise<void> {
  const involvedObject = { kind: 'Pod', namespace: NAMESPACE, name: `web-${n % 7}`, uid: `uid-${n % 7}` };
  const metadata = { name: `web.${n}`, namespace: NAMESPACE };
  const message = messageOf(n);
  return call('POST', EVENTS, { metadata, involvedObject, message, reason: 'BackOff', type: 'Warning', count: 1 });
}

async function call(method: 'POST' | 'PATCH', path: string, body: object): Promise<void> {
  const contentType = method === 'PATCH' ? { contentType: 'application/merge-patch+json' } : {};
  const answer = await admin.request({ method, path, body, ...contentType }, never);
  if (answer.status !== 'ok') throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`);
}

/** Every number below `created` is in one document, and nothing else is there. */
async function expectAllStored(): Promise<void> {
  await untilStored(server, STREAM, created, logEnds);
  const tally = new NumberTally(created);
  await walk(server, STREAM, (document) => {
    const n = /^n=(\d+) /.exec(stringAt(document, 'message'))?.[1];
    tally.see(n === undefined ? undefined : Number(n));
  });
  const { distinct, foreign } = tally;
  expect({ distinct, foreign, missing: tally.missing(), doubled: tally.doubled() }).toEqual({
    distinct: created,
    foreign: 0,
    missing: [],
    doubled: [],
  });
}

test('one of two agents reads, and another goes on within its Lease where one was killed: every event is stored once', async () => {
  await createEvents(100);
  await Promise.all([start('agent-a'), start('agent-b')]);
  let leading = await untilLeads('agent-a', 'agent-b');
  await untilStored(server, STREAM, created, logEnds);
  await createStates(100);
  await expectAllStored();
  await expectAccepted(leading, created);
  await expectAccepted(leading === 'agent-a' ? 'agent-b' : 'agent-a', 0);
  for (let kill = 1; kill <= KILLS; kill++) {
    const writing = createStates(EVENTS_PER_KILL);
    const before = created;
    await until('some of them', TIMEOUT_MS, () => created > before + EVENTS_PER_KILL / 3 || undefined);
    await agents.get(leading)?.kill9();
    agents.delete(leading);
    const killedAtMs = performance.now();
    const follower = leading === 'agent-a' ? 'agent-b' : 'agent-a';
    const killed = leading;
    leading = await untilLeads(follower);
    progress(`${follower} leads ${((performance.now() - killedAtMs) / 1000).toFixed(1)} s after ${killed} was killed`);
    await start(killed);
    await writing;
    await expectAllStored();
  }
  progress(`${created} states of events, each stored once`);
});

test('an agent that starts again reads what happened meanwhile and nothing else, also where the server has forgotten the changes', async () => {
  await start('agent-a');
  await untilLeads('agent-a');
  await createStates(20);
  await expectAllStored();
  await stop('agent-a');
  await createStates(50);
  await start('agent-b');
  await untilLeads('agent-b');
  await expectAllStored();
  await expectAccepted('agent-b', 50);
  await stop('agent-b');
  await createEvents(9);
  await plane.compact();
  await plane.killApiServer();
  await plane.startApiServer();
  const newer = created;
  await start('agent-a');
  await untilLeads('agent-a');
  await untilStored(server, STREAM, newer, logEnds);
  await createEvents(1);
  await expectAllStored();
  await expectAccepted('agent-a', 10);
  await stop('agent-a');
});

test('the overlay grants what the agents ask of the API server, and nothing else', () => {
  const get = (...args: readonly string[]): unknown => JSON.parse(plane.kubectl(['get', ...args, '-o', 'json']));
  const grants = [get('clusterrole', 'vigie-events'), get('-n', 'vigie', 'role', 'vigie-events')].flatMap(grantsOf);
  const requests = [...audit.requestsOf(AGENT_USER)];
  expect(requests.filter((request) => request.endsWith(' 403'))).toEqual([]);
  const used = new Set(requests.map((request) => request.replace(/ \d+$/, '')));
  expect([...used].sort()).toEqual(grants.toSorted());
});
