/** The webhook of deploy/sidecar-webhook and a real API server: who is injected and who is not, under Pod Security's level
 *  restricted, what a person at kubectl reads, certificates of its own making that are renewed while pods come, two replicas,
 *  the rights it uses, and pods that come while there is no webhook. The server reaches the processes by an ExternalName. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type AuditLog, auditLog, grantsOf } from './api-audit.ts';
import { until } from './deadline.ts';
import { RESTRICTED as RESTRICTED_CONTAINER } from './file-writers.ts';
import { type Applied, kubectlApply } from './kubectl-apply.ts';
import { temporaryFolder } from './leash.ts';
import { freePort } from './parts/free-port.ts';
import { type ControlPlane, startControlPlane } from './parts/kubernetes.ts';
import { progress } from './progress.ts';
import { arrayAt, at, stringAt } from './rest.ts';
import { overlayOf, shippedFile } from './shipped-manifests.ts';
import { startWebhook, type WebhookProcess } from './webhook-process.ts';

const USER = 'system:serviceaccount:vigie-sidecar:vigie-sidecar-webhook';
/** Renewed after 38 s; the shortest there is. */
const VALIDITY = '1m';
const WAIT_MS = 120_000;

let audit: AuditLog;
let plane: ControlPlane;
let folder: string;
let manifests: string;
let port: number;
let hook: WebhookProcess;
let second: WebhookProcess;

beforeAll(async () => {
  audit = auditLog();
  plane = await startControlPlane({
    apiServerFlags: audit.flags,
    controllers: [
      'deployment-controller',
      'replicaset-controller',
      'job-controller',
      'namespace-controller',
      'resourcequota-controller',
      'serviceaccount-controller',
    ],
  });
  folder = temporaryFolder('webhook');
  port = await freePort();
  manifests = overlay();
  plane.kubectl(['apply', '-k', manifests]);
  for (const [namespace, labels] of [
    ['shop', ['vigie.io/injection=enabled', 'pod-security.kubernetes.io/enforce=restricted']],
    ['bounded', ['vigie.io/injection=enabled']],
    ['elsewhere', ['pod-security.kubernetes.io/enforce=restricted']],
  ] as const) {
    plane.kubectl(['create', 'namespace', namespace]);
    plane.kubectl(['label', 'namespace', namespace, ...labels]);
    await until('the ServiceAccount', WAIT_MS, () => plane.kubectl(['-n', namespace, 'get', 'sa', 'default']));
  }
  [hook, second] = await Promise.all([start('first', port), start('second', await freePort())]);
  // The API server hears of a changed configuration by its watch.
  await until(
    'the first injection',
    WAIT_MS,
    async () => isInjected(await dryRun(webPod('probe'))) || undefined,
    hook.log,
  );
});

afterAll(async () => {
  await hook?.kill9();
  await second?.kill9();
  await plane?.stop();
});

/** The manifests, with a Service that leads to a port of this machine. */
function overlay(): string {
  const service = [{ op: 'replace', path: '/spec', value: { type: 'ExternalName', externalName: 'localhost' } }];
  const hooks = [0, 1].map((index) => ({
    op: 'replace',
    path: `/webhooks/${index}/clientConfig/service/port`,
    value: port,
  }));
  return overlayOf('sidecar-webhook', {
    patches: [
      { target: { kind: 'Service' }, patch: JSON.stringify(service) },
      { target: { kind: 'MutatingWebhookConfiguration' }, patch: JSON.stringify(hooks) },
    ],
  });
}

/** As a pod of the Deployment would be: with the ConfigMap's webhook.yaml, and its ServiceAccount. */
function start(name: string, admissionPort: number): Promise<WebhookProcess> {
  const token = plane.kubectl(['-n', 'vigie-sidecar', 'create', 'token', 'vigie-sidecar-webhook']).trim();
  const kubeconfig = join(folder, `${name}.kubeconfig`);
  const admin: unknown = JSON.parse(readFileSync(plane.kubeconfig, 'utf8'));
  writeFileSync(kubeconfig, JSON.stringify({ ...(admin as object), users: [{ name: 'test', user: { token } }] }));
  const config: unknown = parse(stringAt(shippedFile('sidecar-webhook/config-map.yaml'), 'data', 'webhook.yaml'));
  const admission = at(config, 'admission') as object;
  const selfSigned = { ...(at(admission, 'self_signed') as object), validity: VALIDITY };
  const changed = {
    ...(config as object),
    kubeconfig,
    admission: { ...admission, listen: `127.0.0.1:${admissionPort}`, self_signed: selfSigned },
  };
  return startWebhook(folder, name, changed, { POD_NAMESPACE: 'vigie-sidecar' });
}

const RESTRICTED = { ...RESTRICTED_CONTAINER, runAsUser: 101 };

function template(annotations: Readonly<Record<string, string>> = {}, securityContext: object = RESTRICTED) {
  return {
    metadata: {
      labels: { app: 'web' },
      annotations: { 'vigie.io/inject': 'stream', 'vigie.io/paths': 'nginx=/var/log/nginx/*.log', ...annotations },
    },
    spec: { containers: [{ name: 'nginx', image: 'nginx:1', securityContext }] },
  };
}

function webPod(name: string, annotations: Readonly<Record<string, string>> = {}): object {
  const { metadata, spec } = template(annotations);
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, ...metadata }, spec };
}

function apply(object: object, namespace = 'shop', ...args: readonly string[]): Promise<Applied> {
  return kubectlApply(plane, namespace, object, ...args);
}

async function dryRun(object: object, namespace = 'shop'): Promise<unknown> {
  return (await apply(object, namespace, '--dry-run=server')).object;
}

function isInjected(pod: unknown): boolean {
  return initContainers(pod).includes('vigie-sidecar');
}

function initContainers(pod: unknown): readonly unknown[] {
  const list = at(pod, 'spec', 'initContainers');
  return Array.isArray(list) ? list.map((container) => at(container, 'name')) : [];
}

describe('a pod that asks for a sidecar', () => {
  test('gets it, where its namespace opts in, and is admitted under the level restricted', async () => {
    const { object, stderr } = await apply(webPod('web'));
    expect(stderr).toBe('');
    expect(initContainers(object)).toEqual(['vigie-sidecar']);
    expect(at(object, 'metadata', 'annotations', 'vigie.io/injected')).toBe('stream');
    const [sidecar] = arrayAt(object, 'spec', 'initContainers');
    expect(sidecar).toMatchObject({
      restartPolicy: 'Always',
      securityContext: { runAsUser: 101, readOnlyRootFilesystem: true },
    });
    expect(isInjected((await apply(webPod('web'), 'elsewhere')).object)).toBe(false);
  });

  test('is admitted with it where a quota asks for limits, and stays in its class of service', async () => {
    const hard = { 'limits.cpu': '4', 'limits.memory': '4Gi', 'limits.ephemeral-storage': '4Gi' };
    await apply({ apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'limits' }, spec: { hard } }, 'bounded');
    await until('the quota to be counted', WAIT_MS, () => {
      const quota: unknown = JSON.parse(plane.kubectl(['-n', 'bounded', 'get', 'quota', 'limits', '-o', 'json']));
      return at(quota, 'status', 'hard', 'limits.cpu') === undefined ? undefined : true;
    });
    const { metadata, spec } = template();
    const limits = { cpu: '1', memory: '1Gi', 'ephemeral-storage': '1Gi' };
    const containers = spec.containers.map((container) => ({ ...container, resources: { limits } }));
    const { object } = await apply(
      { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', ...metadata }, spec: { containers } },
      'bounded',
    );
    expect(isInjected(object)).toBe(true);
    expect(at(object, 'status', 'qosClass')).toBe('Guaranteed');
  });

  test('is what a Deployment and a Job make of their templates', async () => {
    await apply({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web' },
      spec: { selector: { matchLabels: { app: 'web' } }, template: template() },
    });
    const { metadata, spec } = template();
    const job = { metadata: { ...metadata, labels: { app: 'job' } }, spec: { ...spec, restartPolicy: 'Never' } };
    await apply({ apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'job' }, spec: { template: job } });
    const pods = await until('the pods of both', WAIT_MS, () => {
      const list: unknown = JSON.parse(plane.kubectl(['-n', 'shop', 'get', 'pods', '-o', 'json']));
      const owned = arrayAt(list, 'items').filter((pod) => at(pod, 'metadata', 'ownerReferences') !== undefined);
      return owned.length >= 2 ? owned : undefined;
    });
    expect(pods.map(isInjected)).toEqual(pods.map(() => true));
  });

  test('that cannot have it is admitted without, and kubectl says why', async () => {
    const refused = await apply(webPod('unknown', { 'vigie.io/paths': 'apache=/var/log/apache2/*.log' }));
    expect(isInjected(refused.object)).toBe(false);
    expect(refused.stderr).toContain(
      'Warning: vigie: no log sidecar: vigie.io/paths: the pod has no container apache; it has nginx',
    );
    const deployment = (annotations: Readonly<Record<string, string>>) => ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'told' },
      spec: { replicas: 0, selector: { matchLabels: { app: 'web' } }, template: template(annotations) },
    });
    expect((await apply(deployment({ 'vigie.io/port': 'x' }))).stderr).toContain(
      'Warning: vigie: no log sidecar: vigie.io/port: expected a port from 1024 to 65535, got "x"',
    );
    expect((await apply(deployment({}))).stderr).toBe('');
    const counted = 'vigie_webhook_reviews_total{result="refused",reason="unknown_container"}';
    expect(await hook.metric(counted)).toBe(1);
    expect(await hook.metric('vigie_webhook_reviews_total{result="error",reason="internal"}')).toBe(0);
  });
});

test('pods that ask for nothing do not come to the webhook', async () => {
  const reviews = () => hook.metric('vigie_webhook_review_seconds_count');
  const before = await reviews();
  const spec = { containers: [{ name: 'a', image: 'a', securityContext: RESTRICTED }] };
  await apply({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'plain' }, spec });
  await apply({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'annotated', annotations: { a: 'b' } }, spec });
  expect(await reviews()).toBe(before);
});

test('the pods of the webhook itself are admitted under the level restricted', async () => {
  const found = await until('both pods', WAIT_MS, () => {
    const list: unknown = JSON.parse(plane.kubectl(['-n', 'vigie-sidecar', 'get', 'pods', '-o', 'json']));
    return arrayAt(list, 'items').length === 2 ? arrayAt(list, 'items') : undefined;
  });
  expect(found.map(isInjected)).toEqual([false, false]);
});

test('certificates are renewed while pods come, and none of them misses its sidecar', async () => {
  const bundle = (): string => {
    const name = ['mutatingwebhookconfiguration', 'vigie-sidecar-webhook'];
    const object: unknown = JSON.parse(plane.kubectl(['get', ...name, '-o', 'json']));
    const [pods, templates] = arrayAt(object, 'webhooks').map((one) => stringAt(one, 'clientConfig', 'caBundle'));
    expect(templates).toBe(pods);
    return Buffer.from(pods ?? '', 'base64').toString();
  };
  const [before, beforeSecond] = [await hook.fingerprint(), await second.fingerprint()];
  expect(beforeSecond).toBe(before);
  expect(bundle()).toContain('BEGIN CERTIFICATE');
  let asked = 0;
  const missed: number[] = [];
  await until('both replicas to serve a renewed certificate', WAIT_MS, async () => {
    asked++;
    if (!isInjected(await dryRun(webPod(`pod-${asked}`)))) missed.push(asked);
    const [one, two] = [await hook.fingerprint(), await second.fingerprint()];
    return one !== before && one === two ? true : undefined;
  });
  for (const last = asked + 20; asked < last; asked++) {
    if (!isInjected(await dryRun(webPod(`pod-${asked}`)))) missed.push(asked);
  }
  progress(`${asked} pods while the certificate was renewed`);
  expect(missed).toEqual([]);
  expect(bundle().match(/BEGIN CERTIFICATE/g)?.length).toBeGreaterThan(1);
});

test('applying the manifests again takes neither the certificate nor the trust in it away', async () => {
  plane.kubectl(['apply', '-k', manifests]);
  expect(isInjected(await dryRun(webPod('again')))).toBe(true);
});

test('it asks of the API server what its roles grant, and nothing else', () => {
  const granted = ['role.yaml', 'cluster-role.yaml'].flatMap((file) =>
    grantsOf(shippedFile(`sidecar-webhook/${file}`)),
  );
  const asked = [...audit.requestsOf(USER)];
  expect([...new Set(asked.map((line) => line.split(' ').slice(0, 2).join(' ')))].sort()).toEqual([...granted].sort());
  for (const line of asked) expect(line).toMatch(/ (200|409)$/);
});

test('a pod is admitted without its sidecar while there is no webhook', async () => {
  expect(await hook.terminate()).toBe(0);
  expect(isInjected((await apply(webPod('alone'))).object)).toBe(false);
  hook = await start('again', port);
  await until('an injection', WAIT_MS, async () => isInjected(await dryRun(webPod('back'))) || undefined, hook.log);
});
