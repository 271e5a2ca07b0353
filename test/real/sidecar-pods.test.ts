/** The sidecar and its webhook in a real cluster: the webhook as pods of its Deployment behind its Service, which the API server
 *  reaches by the Service's endpoints; pods that get their sidecar and run it on a real kubelet, at Pod Security's level
 *  restricted; what `kubectl logs` shows of it, and what the node agent's DaemonSet ships of it. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AdmissionServer, startAdmissionServer } from './admission-server.ts';
import { type AuditLog, auditLog, grantsOf } from './api-audit.ts';
import { until } from './deadline.ts';
import {
  fileWriter,
  LOG_FILE,
  linesOf,
  type PodTemplate,
  RESTRICTED,
  shippedDocuments,
  shippedOf,
  shownLabels,
} from './file-writers.ts';
import { inForm } from './form.ts';
import { type Applied, kubectlApply } from './kubectl-apply.ts';
import { type ControlPlane, startControlPlane } from './parts/kubernetes.ts';
import {
  BUSYBOX_IMAGE,
  type ClusterNetwork,
  clusterNetwork,
  NODE_NAME,
  type RealNode,
  startNode,
} from './parts/kubernetes-node.ts';
import { progress } from './progress.ts';
import { bulkAccepted, type RecordingServer, startRecordingServer } from './recording-server.ts';
import { arrayAt, at, rest, stringAt } from './rest.ts';
import { overlayOf, shippedFile, shippedManifests } from './shipped-manifests.ts';
import { fingerprintAt } from './webhook-process.ts';

const WEBHOOK_USER = 'system:serviceaccount:vigie-sidecar:vigie-sidecar-webhook';
const SIDECAR = 'vigie-sidecar';
/** The shortest there is: renewed while the suite runs, and all else is as shipped. */
const VALIDITY = '1m';
const TIMEOUT_MS = 180_000;
/** All of a pod stay below the 64 KiB at which the kubelet rotates: `kubectl logs` reads the live file. */
const LINES = 400;
/** At 100 bytes a line with what the runtime adds, the kubelet rotates each few seconds. */
const BUSY_LINES = inForm(6000, 30_000);
const BUSY_PACE = { linesPerSecond: 500, linesPerFile: 500 };

/** Of those who push to the agent. */
const TOKEN = 'of-the-suite';

let network: ClusterNetwork;
let audit: AuditLog;
let sink: RecordingServer;
let plane: ControlPlane;
let node: RealNode;

beforeAll(async () => {
  network = clusterNetwork();
  audit = auditLog();
  sink = await startRecordingServer({}, ({ path, body }) => (path.endsWith('/_bulk') ? bulkAccepted(body) : undefined));
  plane = await startControlPlane({
    subjectAltNames: [`IP:${network.apiServer}`],
    apiServerFlags: [
      `--service-cluster-ip-range=${network.services}`,
      // There is no kube-proxy: it dials the ready endpoints of the Service, and not its cluster address.
      '--enable-aggregator-routing=true',
      ...audit.flags,
    ],
    controllers: ['*'],
    scheduler: [],
  });
  const sinkPort = Number(new URL(sink.url).port);
  node = await startNode(plane, network, [sinkPort]);
  plane.kubectl(['create', 'namespace', 'vigie']);
  plane.kubectl([
    '-n',
    'vigie',
    'create',
    'secret',
    'generic',
    'vigie-node-agent-push',
    `--from-literal=token=${TOKEN}`,
  ]);
  const agent = shippedManifests('overlays/node-agent-otlp', `http://${network.host}:${sinkPort}`);
  plane.kubectl(['apply', '-k', agent]);
  plane.kubectl(['apply', '-k', webhookManifests()]);
  for (const [namespace, ...labels] of [
    ['shop', 'vigie.io/injection=enabled', 'pod-security.kubernetes.io/enforce=restricted'],
    ['elsewhere', 'pod-security.kubernetes.io/enforce=restricted'],
  ] as const) {
    plane.kubectl(['create', 'namespace', namespace]);
    plane.kubectl(['label', 'namespace', namespace, ...labels]);
  }
  await untilWebhookServes();
});

afterAll(async () => {
  await node?.stop();
  await plane?.stop();
  await sink?.close();
});

function webhookManifests(): string {
  const webhookYaml = stringAt(shippedFile('sidecar-webhook/config-map.yaml'), 'data', 'webhook.yaml');
  const changed = webhookYaml.replace('self_signed:\n', `self_signed:\n    validity: ${VALIDITY}\n`);
  expect(changed).not.toBe(webhookYaml);
  const patch = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'vigie-sidecar-webhook', namespace: 'vigie-sidecar' },
    data: { 'webhook.yaml': changed },
  };
  return overlayOf('sidecar-webhook', { patches: [{ patch: JSON.stringify(patch) }] });
}

function get(...args: readonly string[]): unknown {
  return JSON.parse(plane.kubectl(['get', ...args, '-o', 'json']));
}

function podsOf(namespace: string, selector: string): readonly unknown[] {
  return arrayAt(get('pods', '-n', namespace, '-l', selector), 'items');
}

function apply(object: object, namespace = 'shop', ...args: readonly string[]): Promise<Applied> {
  return kubectlApply(plane, namespace, object, ...args);
}

function barePod(name: string, { metadata, spec }: PodTemplate): object {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, ...metadata }, spec };
}

function deployment(name: string, template: PodTemplate): object {
  const spec = { selector: { matchLabels: { app: name } }, template };
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name }, spec };
}

function containersOf(pod: unknown, list: 'initContainers' | 'containers'): readonly unknown[] {
  const containers = at(pod, 'spec', list);
  return Array.isArray(containers) ? containers.map((container) => at(container, 'name')) : [];
}

function isInjected(pod: unknown): boolean {
  return containersOf(pod, 'initContainers').includes(SIDECAR);
}

function webhookPods(): readonly unknown[] {
  return podsOf('vigie-sidecar', 'app.kubernetes.io/name=vigie-sidecar-webhook');
}

function isReady(pod: unknown): boolean {
  const conditions = at(pod, 'status', 'conditions');
  return (
    Array.isArray(conditions) && conditions.some((it) => at(it, 'type') === 'Ready' && at(it, 'status') === 'True')
  );
}

/** What is known of the pods of a namespace when something does not come. */
function explain(namespace: string): () => string {
  return () => {
    const pods = arrayAt(get('pods', '-n', namespace), 'items');
    const events = plane.kubectl(['-n', namespace, 'get', 'events', '--sort-by=.lastTimestamp']).slice(-3000);
    return `${JSON.stringify(pods.map((pod) => at(pod, 'status')))}\n${events}\n${node.explain()}`;
  };
}

async function untilWebhookServes(): Promise<void> {
  await until(
    'both webhook pods to be ready',
    TIMEOUT_MS,
    () => {
      const pods = webhookPods();
      return (pods.length === 2 && pods.every(isReady)) || undefined;
    },
    explain('vigie-sidecar'),
  );
  // The API server hears of endpoints and of the changed configuration by its watches.
  await until('an injection', TIMEOUT_MS, async () => isInjected(await dryRun('probe')) || undefined, explain('shop'));
}

async function dryRun(name: string): Promise<unknown> {
  const pod = barePod(name, fileWriter({ name, lines: 1, stays: false }));
  return (await apply(pod, 'shop', '--dry-run=server')).object;
}

/** The one pod of a workload, when it has come so far. */
function untilPod(namespace: string, selector: string, what: string, holds: (pod: unknown) => boolean) {
  return until(
    what,
    TIMEOUT_MS,
    () => {
      const [pod, ...others] = podsOf(namespace, selector);
      return pod !== undefined && others.length === 0 && holds(pod) ? pod : undefined;
    },
    explain(namespace),
  );
}

/** All that the sidecar says of itself, on stderr: that and stdout are one to `kubectl logs`. */
const OWN_LINE = 'listening on http://[::]:9881 (http)';

/** By the API server's log endpoint, until there are as many. */
function logLines(namespace: string, pod: unknown, container: string, count: number): Promise<readonly string[]> {
  const name = stringAt(pod, 'metadata', 'name');
  const read = (): readonly string[] =>
    plane
      .kubectl(['-n', namespace, 'logs', name, '-c', container])
      .split('\n')
      .slice(0, -1)
      .filter((line) => line !== OWN_LINE);
  return until(
    `${count} lines of ${name}`,
    TIMEOUT_MS,
    () => {
      const lines = read();
      return lines.length >= count ? lines : undefined;
    },
    () => read().slice(-20).join('\n'),
  );
}

/** Waits until the node agent has shipped as many lines of a container, and holds them against what they should be. */
async function expectShipped(pod: unknown, container: string, expected: readonly string[]): Promise<void> {
  const uid = stringAt(pod, 'metadata', 'uid');
  const shipped = await until(
    'the lines at the sink',
    TIMEOUT_MS,
    () => {
      const found = shippedOf(sink.requests, uid, container);
      return found.messages.length >= expected.length ? found : undefined;
    },
    () => `${shippedOf(sink.requests, uid, container).messages.length} of ${expected.length}\n${explain('vigie')()}`,
  );
  // Requests go out side by side: which comes first is nobody's promise.
  expect(shipped.messages.toSorted()).toEqual(expected.toSorted());
  expect([...shipped.labels]).toEqual([shownLabels(at(pod, 'metadata', 'labels') as object)]);
  expect([...shipped.pods]).toEqual([`${at(pod, 'metadata', 'namespace')}/${at(pod, 'metadata', 'name')}`]);
}

/** Of both webhook pods together. */
async function reviewsCounted(labels: string): Promise<number> {
  let sum = 0;
  for (const pod of webhookPods()) {
    const { body } = await rest({ url: `http://${stringAt(pod, 'status', 'podIP')}:9881` }, 'GET', '/metrics');
    const series = `vigie_webhook_reviews_total{${labels}} `;
    const line = String(body)
      .split('\n')
      .find((one) => one.startsWith(series));
    sum += Number(line?.slice(series.length) ?? 0);
  }
  return sum;
}

function terminated(pod: unknown, list: 'initContainerStatuses' | 'containerStatuses', container: string): unknown {
  const status = arrayAt(pod, 'status', list).find((one) => at(one, 'name') === container);
  return [at(status, 'state', 'terminated', 'exitCode'), at(status, 'restartCount')];
}

describe('an annotated workload', () => {
  test('a Deployment: its pod is admitted at the level restricted, and its lines are in kubectl logs and at the sink, each once', async () => {
    const applied = await apply(deployment('web', fileWriter({ name: 'web', lines: LINES, stays: true })));
    expect(applied.stderr).toBe('');
    const pod = await untilPod('shop', 'app=web', 'the pod to be ready', isReady);
    expect(containersOf(pod, 'initContainers')).toEqual([SIDECAR]);
    expect(at(pod, 'spec', 'initContainers', 0, 'restartPolicy')).toBe('Always');
    const expected = linesOf(stringAt(pod, 'metadata', 'name'), LINES);
    expect(await logLines('shop', pod, SIDECAR, LINES)).toEqual(expected);
    await expectShipped(pod, SIDECAR, expected);
  });

  test('that writes much: every line is at the sink once, through renames of its own files and rotations of the kubelet', async () => {
    await apply(deployment('busy', fileWriter({ name: 'busy', lines: BUSY_LINES, stays: true, ...BUSY_PACE })));
    const pod = await untilPod('shop', 'app=busy', 'the pod to be ready', isReady);
    const name = stringAt(pod, 'metadata', 'name');
    await expectShipped(pod, SIDECAR, linesOf(name, BUSY_LINES));
    const logs = join(node.logFolder, 'pods', `shop_${name}_${stringAt(pod, 'metadata', 'uid')}`, SIDECAR);
    expect(readdirSync(logs).length).toBeGreaterThan(1);
    plane.kubectl(['-n', 'shop', 'delete', 'deployment/busy', '--wait=false']);
  });

  test('a Job: it completes, and the sidecar has ended with 0 after it has emitted everything', async () => {
    const template = fileWriter({ name: 'migrate', lines: LINES, stays: false });
    const spec = { backoffLimit: 0, template };
    await apply({ apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'migrate' }, spec });
    await until(
      'the Job to be complete',
      TIMEOUT_MS,
      () => {
        const conditions = at(get('job', 'migrate', '-n', 'shop'), 'status', 'conditions');
        const isComplete = (it: unknown) => at(it, 'type') === 'Complete' && at(it, 'status') === 'True';
        return (Array.isArray(conditions) && conditions.some(isComplete)) || undefined;
      },
      explain('shop'),
    );
    const pod = await untilPod('shop', 'app=migrate', 'the end of the pod', (one) => {
      return at(one, 'status', 'phase') === 'Succeeded';
    });
    expect(terminated(pod, 'initContainerStatuses', SIDECAR)).toEqual([0, 0]);
    const expected = linesOf(stringAt(pod, 'metadata', 'name'), LINES);
    expect(await logLines('shop', pod, SIDECAR, LINES)).toEqual(expected);
    await expectShipped(pod, SIDECAR, expected);
  });

  test('that cannot have its sidecar is created without, and kubectl shows why', async () => {
    const annotations = { 'vigie.io/paths': 'apache=/var/log/apache2/*.log' };
    const template = fileWriter({ name: 'refused', lines: 1, stays: true, annotations });
    const message = 'no log sidecar: vigie.io/paths: the pod has no container apache; it has app';
    const asPod = await apply(barePod('refused', template));
    expect(asPod.stderr).toContain(`Warning: vigie: ${message}`);
    expect(isInjected(asPod.object)).toBe(false);
    const asDeployment = await apply(deployment('refused', template));
    expect(asDeployment.stderr).toContain(message);
    expect(await reviewsCounted('result="refused",reason="unknown_container"')).toBeGreaterThan(0);
    plane.kubectl(['-n', 'shop', 'delete', 'deployment/refused', 'pod/refused', '--wait=false']);
  });

  test('gets none where its namespace does not opt in', async () => {
    const template = fileWriter({ name: 'web', lines: 1, stays: true });
    expect(isInjected((await apply(barePod('web', template), 'elsewhere', '--dry-run=server')).object)).toBe(false);
  });
});

describe('beside another webhook, that the API server asks after it', () => {
  let other: AdmissionServer;

  beforeAll(async () => {
    const late = {
      name: 'late',
      image: BUSYBOX_IMAGE,
      command: ['sh', '-c', `echo late >>${LOG_FILE}; sleep 1000`],
      securityContext: RESTRICTED,
    };
    other = await startAdmissionServer(plane.authority, () => [{ op: 'add', path: '/spec/containers/-', value: late }]);
    const [hook] = arrayAt(get('mutatingwebhookconfiguration', 'vigie-sidecar-webhook'), 'webhooks');
    plane.kubectl(
      ['apply', '-f', '-'],
      JSON.stringify({
        apiVersion: 'admissionregistration.k8s.io/v1',
        kind: 'MutatingWebhookConfiguration',
        // They are called in the order of their names.
        metadata: { name: 'zz-other' },
        webhooks: [
          {
            name: 'other.example.com',
            admissionReviewVersions: ['v1'],
            sideEffects: 'None',
            clientConfig: other.clientConfig,
            rules: at(hook, 'rules'),
            objectSelector: { matchLabels: { app: 'joined' } },
          },
        ],
      }),
    );
    const isAsked = async (): Promise<true | undefined> => {
      await dryRun('joined');
      return other.reviews.length > 0 || undefined;
    };
    await until('the other webhook to be asked', TIMEOUT_MS, isAsked);
  });

  afterAll(() => other?.close());

  async function joined(paths: string): Promise<unknown> {
    const template = fileWriter({ name: 'joined', lines: 1, stays: false, annotations: { 'vigie.io/paths': paths } });
    return (await apply(barePod('joined', template), 'shop', '--dry-run=server')).object;
  }

  test('a pod that it has changed comes again and has one sidecar still', async () => {
    const labels = 'result="unchanged",reason="already_injected"';
    const before = await reviewsCounted(labels);
    const pod = await joined('app=/var/log/app/*.log');
    expect(containersOf(pod, 'containers')).toEqual(['app', 'late']);
    expect(containersOf(pod, 'initContainers')).toEqual([SIDECAR]);
    expect(await reviewsCounted(labels)).toBe(before + 1);
  });

  test('a container that it adds has its logs read', async () => {
    const pod = await joined('late=/var/log/late/*.log');
    expect(containersOf(pod, 'initContainers')).toEqual([SIDECAR]);
    expect(arrayAt(pod, 'spec', 'containers', 1, 'volumeMounts')).toContainEqual({
      name: 'vigie-logs-0',
      mountPath: '/var/log/late',
    });
  });
});

describe('the sidecars by hand of deploy/sidecar-stream', () => {
  const APP = 'app.kubernetes.io/name';

  beforeAll(() => {
    const [newName, newTag] = BUSYBOX_IMAGE.split(':');
    plane.kubectl(['apply', '-k', overlayOf('sidecar-stream', { images: [{ name: 'busybox', newName, newTag }] })]);
  });

  test('the Deployment: lines are in kubectl logs and at the sink as they are written, and the last ones after the end of the application', async () => {
    const pod = await untilPod('vigie-example', `${APP}=files`, 'the pod to be ready', isReady);
    const first = await logLines('vigie-example', pod, 'logs', 20);
    expect(first.slice(0, 20)).toEqual(Array.from({ length: 20 }, (_, n) => `request ${n + 1}`));
    plane.kubectl(['-n', 'vigie-example', 'scale', 'deployment/files', '--replicas=0']);
    const uid = stringAt(pod, 'metadata', 'uid');
    const messages = await until(
      'the last line at the sink',
      TIMEOUT_MS,
      () => {
        const shipped = shippedOf(sink.requests, uid, 'logs').messages;
        return shipped.some((message) => message.startsWith('the end')) ? shipped : undefined;
      },
      explain('vigie-example'),
    );
    const requests = messages.length - 1;
    await expectShipped(pod, 'logs', [
      ...Array.from({ length: requests }, (_, n) => `request ${n + 1}`),
      `the end after ${requests} requests`,
    ]);
  });

  test('the Job: it completes, both containers having ended with 0', async () => {
    const pod = await untilPod('vigie-example', `${APP}=files-once`, 'the end of the pod', (one) => {
      return at(one, 'status', 'phase') === 'Succeeded';
    });
    for (const container of ['app', 'logs']) expect(terminated(pod, 'containerStatuses', container)).toEqual([0, 0]);
    const steps = Array.from({ length: 1000 }, (_, n) => `step ${n + 1}`);
    expect(await logLines('vigie-example', pod, 'logs', steps.length)).toEqual(steps);
    await expectShipped(pod, 'logs', steps);
  });
});

describe('the shipping sidecar of deploy/sidecar-ship', () => {
  const NAMESPACE = 'vigie-sidecar-example';
  const ROUNDS = 12;

  /** Numbers in the messages of its pod, ascending. */
  function numbersIn(uid: string, pattern: RegExp): readonly number[] {
    return shippedDocuments(sink.requests)
      .filter((document) => at(document, 'kubernetes', 'pod', 'uid') === uid)
      .flatMap((document) => pattern.exec(stringAt(document, 'message'))?.slice(1, 2) ?? [])
      .map(Number)
      .sort((a, b) => a - b);
  }

  test('the Deployment: what it writes and what it pushes is at the sink once, and counted at /metrics/logs', async () => {
    const [newName, newTag] = BUSYBOX_IMAGE.split(':');
    const endpoint = `http://${network.host}:${new URL(sink.url).port}`;
    const images = [{ name: 'busybox', newName, newTag }];
    plane.kubectl(['apply', '-k', shippedManifests('sidecar-ship', endpoint, { images })]);
    const selector = 'app.kubernetes.io/name=shop';
    const pod = await untilPod(NAMESPACE, selector, 'the pod to be ready', isReady);
    const uid = stringAt(pod, 'metadata', 'uid');
    const written = (): readonly number[] => numbersIn(uid, /^\{"message":"GET \/cart\/(\d+)"/);
    const pushed = (): readonly number[] => numbersIn(uid, /^order (\d+)$/);
    await until(
      'the first lines and pushes at the sink',
      TIMEOUT_MS,
      () => (written().length >= ROUNDS && pushed().length >= ROUNDS) || undefined,
      () => `${JSON.stringify(shippedDocuments(sink.requests).slice(-2))}\n${explain(NAMESPACE)()}`,
    );
    const { body } = await rest({ url: `http://${stringAt(pod, 'status', 'podIP')}:9881` }, 'GET', '/metrics/logs');
    const name = stringAt(pod, 'metadata', 'name');
    // Every tenth request fails.
    expect(String(body)).toMatch(
      new RegExp(`^shop_failed_requests_total\\{namespace="${NAMESPACE}",pod="${name}",container="shop"\\} [1-9]`, 'm'),
    );
    plane.kubectl(['-n', NAMESPACE, 'scale', 'deployment/shop', '--replicas=0']);
    await until('the end of the pod', TIMEOUT_MS, () => podsOf(NAMESPACE, selector).length === 0 || undefined);
    expect(written()).toEqual(written().map((_, index) => index + 1));
    expect(pushed()).toEqual(pushed().map((_, index) => index + 1));
    // It may have ended between the two.
    expect(written().length - pushed().length).toBeLessThanOrEqual(1);
    const document = shippedDocuments(sink.requests).find((one) => {
      return at(one, 'kubernetes', 'pod', 'uid') === uid && at(one, 'message') === 'order 1';
    });
    expect(at(document, 'kubernetes')).toMatchObject({
      namespace: NAMESPACE,
      pod: { name },
      container: { name: 'shop' },
      node: { name: NODE_NAME },
      labels: { 'app_kubernetes_io/name': 'shop' },
    });
  });
});

describe('an application that pushes its logs to the agent', () => {
  const PATH = '/v1/logs';
  const urlOf = (pod: unknown): string => `http://${stringAt(pod, 'status', 'podIP')}:4318`;
  const agentPod = (): Promise<unknown> =>
    untilPod('vigie', 'app.kubernetes.io/name=vigie-node-agent', 'the agent to be ready', isReady);

  /** What an SDK would send, with what the downward API tells of the pod. */
  function pushingJob(url: string): object {
    const attribute = (key: string, variable: string) => ({ key, value: { stringValue: `$(${variable})` } });
    const resource = {
      attributes: [
        attribute('k8s.namespace.name', 'POD_NAMESPACE'),
        attribute('k8s.pod.name', 'POD_NAME'),
        attribute('k8s.pod.uid', 'POD_UID'),
      ],
    };
    const record = { timeUnixNano: '1764400000000000001', severityText: 'WARN', body: { stringValue: 'pushed' } };
    const body = { resourceLogs: [{ resource, scopeLogs: [{ logRecords: [record] }] }] };
    const fields = { POD_NAMESPACE: 'metadata.namespace', POD_NAME: 'metadata.name', POD_UID: 'metadata.uid' };
    const push = {
      name: 'push',
      image: BUSYBOX_IMAGE,
      securityContext: RESTRICTED,
      env: [
        ...Object.entries(fields).map(([name, fieldPath]) => ({ name, valueFrom: { fieldRef: { fieldPath } } })),
        { name: 'BODY', value: JSON.stringify(body) },
      ],
      command: [
        ...['wget', '-O', '-', '--header', 'content-type: application/json'],
        ...['--header', `authorization: Bearer ${TOKEN}`, '--post-data', '$(BODY)', `${url}${PATH}`],
      ],
    };
    const template = { metadata: { labels: { app: 'push' } }, spec: { restartPolicy: 'Never', containers: [push] } };
    return { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'push' }, spec: { backoffLimit: 0, template } };
  }

  test('is answered when the sink has its records, which say whose they are', async () => {
    await apply(pushingJob(urlOf(await agentPod())));
    const ended = ['Succeeded', 'Failed'];
    const pod = await untilPod('shop', 'app=push', 'the end of the push', (one) =>
      ended.includes(String(at(one, 'status', 'phase'))),
    );
    expect(terminated(pod, 'containerStatuses', 'push')).toEqual([0, 0]);
    const pushed = shippedDocuments(sink.requests).filter((document) => at(document, 'message') === 'pushed');
    expect(pushed.map((document) => at(document, 'kubernetes'))).toEqual([
      {
        namespace: 'shop',
        // The agent's own: it is on the node of those who push.
        node: { name: NODE_NAME },
        pod: { name: stringAt(pod, 'metadata', 'name'), uid: stringAt(pod, 'metadata', 'uid') },
      },
    ]);
  });

  test('is sent away without the token', async () => {
    const { status } = await rest({ url: urlOf(await agentPod()) }, 'POST', PATH, { resourceLogs: [] });
    expect(status).toBe(401);
  });
});

describe('the webhook', () => {
  test('renews its certificate while pods come, and none of them misses its sidecar', async () => {
    const fingerprints = (): Promise<readonly string[]> =>
      Promise.all(webhookPods().map((pod) => fingerprintAt(stringAt(pod, 'status', 'podIP'), 8443)));
    const before = new Set(await fingerprints());
    let asked = 0;
    const missed: number[] = [];
    await until('both replicas to serve a renewed certificate', TIMEOUT_MS, async () => {
      asked++;
      if (!isInjected(await dryRun(`pod-${asked}`))) missed.push(asked);
      const now = new Set(await fingerprints());
      return (now.size === 1 && [...now].every((fingerprint) => !before.has(fingerprint))) || undefined;
    });
    for (const last = asked + 20; asked < last; asked++) {
      if (!isInjected(await dryRun(`pod-${asked}`))) missed.push(asked);
    }
    progress(`${asked} pods while the certificate was renewed`);
    expect(missed).toEqual([]);
    for (const pod of webhookPods()) expect(at(pod, 'status', 'containerStatuses', 0, 'restartCount')).toBe(0);
  });

  test('asks of the API server what its roles grant, and nothing else', () => {
    const roles = [
      get('role', 'vigie-sidecar-webhook', '-n', 'vigie-sidecar'),
      get('clusterrole', 'vigie-sidecar-webhook'),
    ];
    const asked = [...audit.requestsOf(WEBHOOK_USER)];
    const used = new Set(asked.map((line) => line.split(' ').slice(0, 2).join(' ')));
    expect([...used].sort()).toEqual(roles.flatMap(grantsOf).sort());
    for (const line of asked) expect(line).toMatch(/ (200|409)$/);
  });

  test('that is away lets pods start without their sidecars, and injects again when it is back', async () => {
    const scale = (replicas: number): void =>
      void plane.kubectl([
        '-n',
        'vigie-sidecar',
        'scale',
        'deployment/vigie-sidecar-webhook',
        `--replicas=${replicas}`,
      ]);
    scale(0);
    await until('the end of the webhook pods', TIMEOUT_MS, () => webhookPods().length === 0 || undefined);
    const template = fileWriter({ name: 'alone', lines: 1, stays: true });
    expect(isInjected((await apply(barePod('alone', template))).object)).toBe(false);
    await untilPod('shop', 'app=alone', 'the pod without a sidecar to be ready', isReady);
    scale(2);
    await untilWebhookServes();
  });
});
