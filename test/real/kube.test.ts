/** packages/kube against a real API server: list and watch, an API server that dies, forgotten versions, tokens that rotate,
 *  rights that are missing, and leader election beside client-go's own. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '@vigie/core/clock';
import { FakeClock } from '@vigie/core/fake-clock';
import { createLog, type Log } from '@vigie/core/log';
import { KubeClient } from '@vigie/kube/client';
import type { Collection } from '@vigie/kube/collection';
import { type KubeConfig, loadKubeConfig } from '@vigie/kube/config';
import { LeaseElector } from '@vigie/kube/lease';
import { metadataForm, type ObjectMeta, type Pod, podForm } from '@vigie/kube/objects';
import { Reflector, type ReflectorHandlers } from '@vigie/kube/reflector';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { until } from './deadline.ts';
import { temporaryFolder } from './leash.ts';
import { type ControlPlane, startControlPlane } from './parts/kubernetes.ts';
import { at, stringAt } from './rest.ts';

const TIMEOUT_MS = 60_000;
const NAMESPACE = 'logs';
const never = new AbortController().signal;

let plane: ControlPlane;
let admin: KubeClient;

beforeAll(async () => {
  plane = await startControlPlane();
  admin = clientOf(loadKubeConfig({ kubeconfig: plane.kubeconfig }, { env: {} }));
  await create('/api/v1/namespaces', { metadata: { name: NAMESPACE, labels: { team: 'platform' } } });
  // There is no controller that makes it, and no pod is taken without it.
  await create(`/api/v1/namespaces/${NAMESPACE}/serviceaccounts`, { metadata: { name: 'default' } });
});

afterAll(async () => {
  admin?.close();
  await plane?.stop();
});

function clientOf(config: KubeConfig, clock = systemClock): KubeClient {
  return new KubeClient(config, { clock, env: {}, userAgent: 'vigie/test', reloadFailed: () => undefined });
}

async function call(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: object): Promise<unknown> {
  const contentType = method === 'PATCH' ? { contentType: 'application/merge-patch+json' } : {};
  const answer = await admin.request({ method, path, ...(body === undefined ? {} : { body }), ...contentType }, never);
  if (answer.status !== 'ok') throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`);
  return answer.body;
}

function create(path: string, object: object): Promise<unknown> {
  return call('POST', path, object);
}

/** A ServiceAccount with these rights in the whole cluster, and a way to get tokens for it. */
async function serviceAccount(name: string, rules: readonly object[]): Promise<(bound?: object) => Promise<string>> {
  const rbac = '/apis/rbac.authorization.k8s.io/v1';
  await create(`/api/v1/namespaces/${NAMESPACE}/serviceaccounts`, { metadata: { name } });
  await create(`${rbac}/clusterroles`, { metadata: { name }, rules });
  await create(`${rbac}/clusterrolebindings`, {
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
    subjects: [{ kind: 'ServiceAccount', name, namespace: NAMESPACE }],
  });
  return async (boundObjectRef) => {
    const path = `/api/v1/namespaces/${NAMESPACE}/serviceaccounts/${name}/token`;
    const answer = await create(path, { spec: { expirationSeconds: 3600, ...(boundObjectRef && { boundObjectRef }) } });
    return stringAt(answer, 'status', 'token');
  };
}

const READ_PODS = { apiGroups: [''], resources: ['pods', 'namespaces'], verbs: ['list', 'watch'] };

/** What the kubelet puts into a pod. */
function inCluster(token: string): { config: KubeConfig; tokenFile: string } {
  const folder = temporaryFolder('service-account');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'ca.crt'), plane.authority.ca);
  writeFileSync(join(folder, 'namespace'), NAMESPACE);
  const tokenFile = join(folder, 'token');
  writeFileSync(tokenFile, token);
  const env = { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: String(plane.port) };
  return { config: loadKubeConfig({}, { env, serviceAccountFolder: folder }), tokenFile };
}

function podOf(name: string, nodeName: string): object {
  return {
    metadata: {
      name,
      labels: { app: 'web', number: name },
      annotations: { 'vigie.io/parser': 'nginx' },
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-5d4f', uid: 'rs-uid', controller: true },
      ],
    },
    spec: { nodeName, containers: [{ name: 'web', image: 'registry.example/web:1' }] },
  };
}

function createPod(name: string, nodeName: string): Promise<unknown> {
  return create(`/api/v1/namespaces/${NAMESPACE}/pods`, podOf(name, nodeName));
}

function deletePod(name: string): Promise<unknown> {
  return call('DELETE', `/api/v1/namespaces/${NAMESPACE}/pods/${name}`, { gracePeriodSeconds: 0 });
}

interface Told {
  readonly handlers: ReflectorHandlers<ObjectMeta>;
  readonly lines: string[];
  readonly log: string[];
  readonly deps: { readonly clock: typeof systemClock; readonly random: () => number; readonly log: Log };
}

function told(): Told {
  const lines: string[] = [];
  const log: string[] = [];
  return {
    lines,
    log,
    handlers: {
      replaced: (all) => lines.push(`replaced ${Array.from(all.values(), ({ name }) => name).sort()}`),
      applied: (_key, { name }) => lines.push(`applied ${name}`),
      removed: (_key, { name }) => lines.push(`removed ${name}`),
    },
    deps: { clock: systemClock, random: Math.random, log: createLog('info', { write: (line) => void log.push(line) }) },
  };
}

function podsOfNode(nodeName: string): Collection<Pod> {
  const selectors = { fieldSelector: `spec.nodeName=${nodeName}` };
  return { path: '/api/v1/pods', selectors, form: podForm(), key: ({ uid }) => uid };
}

/** With a token of its own ServiceAccount. */
async function reflectorOfNode(nodeName: string): Promise<Told & { readonly reflector: Reflector<Pod> }> {
  const token = await (await serviceAccount(`reader-of-${nodeName}`, [READ_PODS]))();
  const client = clientOf(inCluster(token).config);
  const listener = told();
  const reflector = new Reflector<Pod>(client, podsOfNode(nodeName), listener.handlers, listener.deps);
  onTestFinished(async () => {
    await reflector.close();
    client.close();
  });
  reflector.start(never);
  return { ...listener, reflector };
}

describe('list and watch', () => {
  test('tell of the pods of one node, as they are made, changed and deleted', async () => {
    await createPod('before', 'node-a');
    await createPod('elsewhere', 'node-x');
    const { reflector, lines } = await reflectorOfNode('node-a');
    await reflector.synced;
    const made = await createPod('after', 'node-a');
    await until('the new pod', TIMEOUT_MS, () => lines.includes('applied after') || undefined);
    const pod = reflector.items.get(stringAt(made, 'metadata', 'uid'));
    expect(pod).toMatchObject({
      name: 'after',
      namespace: NAMESPACE,
      uid: stringAt(made, 'metadata', 'uid'),
      labels: { app: 'web', number: 'after' },
      annotations: { 'vigie.io/parser': 'nginx' },
      owner: { kind: 'ReplicaSet', name: 'web-5d4f', apiVersion: 'apps/v1' },
      nodeName: 'node-a',
      phase: 'Pending',
      podIp: '',
      containers: [{ name: 'web', type: 'app', image: 'registry.example/web:1', restartCount: 0 }],
    });
    await call('PATCH', `/api/v1/namespaces/${NAMESPACE}/pods/after/status`, {
      status: {
        podIP: '10.1.2.3',
        podIPs: [{ ip: '10.1.2.3' }],
        phase: 'Running',
        containerStatuses: [
          {
            name: 'web',
            image: 'w',
            imageID: 'w@sha256:1',
            containerID: 'containerd://c0ffee',
            ready: true,
            restartCount: 2,
          },
        ],
      },
    });
    await until('its address', TIMEOUT_MS, () => {
      const current = reflector.items.get(pod?.uid ?? '');
      return current?.podIp === '10.1.2.3' ? current : undefined;
    }).then((current) => expect(current.containers[0]).toMatchObject({ containerId: 'c0ffee', restartCount: 2 }));
    await deletePod('after');
    await until('its end', TIMEOUT_MS, () => lines.includes('removed after') || undefined);
    expect(lines.filter((line) => line.includes('elsewhere'))).toEqual([]);
    expect(lines[0]).toBe('replaced before');
    expect(reflector.counters).toMatchObject({ lists: 1, watches: 1, failures: 0, undecodable: 0 });
  });

  test('outlive an API server that is killed, and list again when it has forgotten the version reached', async () => {
    const { reflector, lines, log } = await reflectorOfNode('node-b');
    await reflector.synced;
    await createPod('kept', 'node-b');
    await createPod('doomed', 'node-b');
    await until('both', TIMEOUT_MS, () => lines.length === 3 || undefined);
    // The versions go on without this watch: what changes is of other nodes.
    for (let count = 0; count < 20; count++) await createPod(`noise-${count}`, 'node-x');
    await plane.compact();
    await plane.killApiServer();
    await until('stale', TIMEOUT_MS, () => reflector.state === 'stale' || undefined);
    await plane.startApiServer();
    await deletePod('doomed');
    await createPod('late', 'node-b');
    await until('a new list', TIMEOUT_MS, () => reflector.counters.relists === 1 || undefined);
    await until('all', TIMEOUT_MS, () => {
      const names = Array.from(reflector.items.values(), ({ name }) => name).sort();
      return reflector.state === 'synced' && names.join() === 'kept,late' ? true : undefined;
    });
    expect(log.join('')).toMatch(/410 Expired: too old resource version/);
    await createPod('last', 'node-b');
    await until('the watch goes on', TIMEOUT_MS, () => lines.includes('applied last') || undefined);
    expect(reflector.counters.lists).toBe(2);
  });

  test('ask for metadata alone, where that is all that is wanted', async () => {
    const { handlers, deps } = told();
    const namespaces: Collection<ObjectMeta> = {
      path: '/api/v1/namespaces',
      form: metadataForm(),
      key: ({ name }) => name,
      metadataOnly: true,
    };
    const reflector = new Reflector(admin, namespaces, handlers, deps);
    onTestFinished(() => reflector.close());
    reflector.start(never);
    await reflector.synced;
    expect(reflector.items.get(NAMESPACE)?.labels).toMatchObject({ team: 'platform' });
    await call('PATCH', `/api/v1/namespaces/${NAMESPACE}`, { metadata: { labels: { team: 'other' } } });
    await until(
      'the new label',
      TIMEOUT_MS,
      () => reflector.items.get(NAMESPACE)?.labels.team === 'other' || undefined,
    );
    await call('PATCH', `/api/v1/namespaces/${NAMESPACE}`, { metadata: { labels: { team: 'platform' } } });
  });
});

describe('rights', () => {
  test('that are missing are reported in the words of the server, and the reflector heals when they are given', async () => {
    const token = await (await serviceAccount('nobody', []))();
    const client = clientOf(inCluster(token).config);
    const { handlers, deps, log } = told();
    const reflector = new Reflector(client, podsOfNode('node-c'), handlers, deps);
    onTestFinished(async () => {
      await reflector.close();
      client.close();
    });
    reflector.start(never);
    await until('the refusal', TIMEOUT_MS, () => log[0]);
    const refusal =
      '403 Forbidden: pods is forbidden: User "system:serviceaccount:logs:nobody" cannot list resource "pods" in API group "" at the cluster scope';
    expect(JSON.parse(log[0] ?? '')).toMatchObject({ level: 'error', message: 'cannot list', detail: refusal });
    const role = '/apis/rbac.authorization.k8s.io/v1/clusterroles/nobody';
    await call('PATCH', role, { rules: [READ_PODS] });
    await until('the right', TIMEOUT_MS, () => reflector.state === 'synced' || undefined);
  });

  test('of a client certificate are those of its common name', async () => {
    const { certFile, keyFile } = plane.authority.issue('auditor');
    const tls = { ca: { file: plane.authority.caFile }, cert: { file: certFile }, key: { file: keyFile } };
    const client = clientOf({
      server: new URL(plane.url),
      tls,
      credentials: { type: 'none' },
      namespace: 'default',
      origin: 'the test',
    });
    onTestFinished(() => client.close());
    const answer = await client.request({ method: 'GET', path: '/api/v1/pods' }, never);
    expect(answer).toMatchObject({ status: 'refused', httpStatus: 403, reason: 'Forbidden' });
    expect(answer.status === 'refused' && answer.message).toContain('User "auditor" cannot list resource "pods"');
  });
});

test('a token that is taken back is replaced by the one in the file, at once', async () => {
  const tokenFor = await serviceAccount('rotated', [READ_PODS]);
  const secret = await create(`/api/v1/namespaces/${NAMESPACE}/secrets`, { metadata: { name: 'bound' } });
  const reference = { kind: 'Secret', apiVersion: 'v1', name: 'bound', uid: stringAt(secret, 'metadata', 'uid') };
  const { config, tokenFile } = inCluster(await tokenFor(reference));
  // Its clock stands still: it never looks at the file by itself.
  const client = clientOf(config, new FakeClock());
  onTestFinished(() => client.close());
  const list = async (): Promise<number> => {
    const answer = await client.request({ method: 'GET', path: '/api/v1/pods', query: { limit: '1' } }, never);
    return answer.status === 'failed' ? 0 : answer.httpStatus;
  };
  expect(await list()).toBe(200);
  await call('DELETE', `/api/v1/namespaces/${NAMESPACE}/secrets/bound`);
  // The API server remembers a token that was good for up to ten seconds.
  await until('the refusal', TIMEOUT_MS, async () => ((await list()) === 401 ? true : undefined));
  const fresh = await tokenFor();
  writeFileSync(`${tokenFile}.new`, fresh);
  renameSync(`${tokenFile}.new`, tokenFile);
  expect(await list()).toBe(200);
});

describe('a lease', () => {
  const leases = `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases`;
  const durations = { leaseDurationMs: 4000, renewDeadlineMs: 3000, retryPeriodMs: 500 };

  function electorOf(name: string, identity: string): { elector: LeaseElector; lines: string[] } {
    const lines: string[] = [];
    const { deps } = told();
    const elector = new LeaseElector(
      admin,
      { namespace: NAMESPACE, name, identity, ...durations },
      { started: () => void lines.push('started'), stopped: () => void lines.push('stopped') },
      deps,
    );
    onTestFinished(() => elector.close());
    elector.start(never);
    return { elector, lines };
  }

  test('has one leader of two, and the other one when it is given back', async () => {
    const [first, second] = [electorOf('pair', 'pod-a'), electorOf('pair', 'pod-b')];
    const isLeader = ({ elector }: typeof first): boolean => elector.isLeader;
    const leader = await until('a leader', TIMEOUT_MS, () => [first, second].find(isLeader));
    const follower = leader === first ? second : first;
    const renewed = stringAt(await call('GET', `${leases}/pair`), 'spec', 'renewTime');
    await until('a renewal', TIMEOUT_MS, async () => {
      expect(follower.elector.isLeader).toBe(false);
      return stringAt(await call('GET', `${leases}/pair`), 'spec', 'renewTime') !== renewed || undefined;
    });
    await leader.elector.close();
    expect(leader.lines).toEqual(['started', 'stopped']);
    await until('the other leads', TIMEOUT_MS, () => follower.elector.isLeader || undefined);
    expect(at(await call('GET', `${leases}/pair`), 'spec', 'leaseTransitions')).toBe(1);
  });

  test("is one with client-go's: a scheduler waits for it, takes it when given back, and loses it when killed", async () => {
    const ours = electorOf('shared', 'vigie-0');
    await until('we lead', TIMEOUT_MS, () => ours.elector.isLeader || undefined);
    const scheduler = plane.spawn('kube-scheduler', [
      `--kubeconfig=${plane.kubeconfigOf('admin')}`,
      '--secure-port=0',
      '--leader-elect=true',
      '--leader-elect-resource-lock=leases',
      '--leader-elect-resource-name=shared',
      `--leader-elect-resource-namespace=${NAMESPACE}`,
      '--leader-elect-lease-duration=4s',
      '--leader-elect-renew-deadline=3s',
      '--leader-elect-retry-period=500ms',
    ]);
    const holder = async (): Promise<string> =>
      stringAt(await call('GET', `${leases}/shared`), 'spec', 'holderIdentity');
    const schedulerLog = join(plane.home, 'kube-scheduler.log');
    await until('the scheduler wants it', TIMEOUT_MS, () => {
      return readFileSync(schedulerLog, 'utf8').includes('Attempting to acquire leader lease') || undefined;
    });
    const renewals = new Set<string>();
    await until('ten renewals', TIMEOUT_MS, async () => {
      const lease = await call('GET', `${leases}/shared`);
      renewals.add(`${stringAt(lease, 'spec', 'holderIdentity')} ${stringAt(lease, 'spec', 'renewTime')}`);
      return renewals.size > 10 || undefined;
    });
    expect([...renewals].filter((renewal) => !renewal.startsWith('vigie-0 '))).toEqual([]);
    await ours.elector.close();
    const theirs = await until('the scheduler leads', TIMEOUT_MS, async () => {
      const name = await holder();
      return name !== '' && !name.startsWith('vigie-') ? name : undefined;
    });
    const last = electorOf('shared', 'vigie-2');
    await until('it is seen', TIMEOUT_MS, () => last.elector.leader === theirs || undefined);
    scheduler.kill('SIGKILL');
    await until('the lease has run out', TIMEOUT_MS, () => last.elector.isLeader || undefined);
    expect(await holder()).toBe('vigie-2');
  });
});
