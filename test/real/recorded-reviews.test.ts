/** The reviews that the sidecar's tests are given are what a real API server sends: the workloads of its testdata are created again,
 *  and what comes is compared with what is kept. VIGIE_REAL_RECORD=1 keeps what is new or has changed. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type AdmissionServer, startAdmissionServer } from './admission-server.ts';
import { until } from './deadline.ts';
import { kubectlApply } from './kubectl-apply.ts';
import { type ControlPlane, startControlPlane } from './parts/kubernetes.ts';
import { NODE_NAME } from './parts/kubernetes-node.ts';
import { arrayAt, at, stringAt } from './rest.ts';
import { shippedFile } from './shipped-manifests.ts';

const TESTDATA = new URL('../../packages/sidecar/testdata/', import.meta.url);
const isRecording = process.env.VIGIE_REAL_RECORD !== undefined;
const WAIT_MS = 60_000;
const NAMESPACE = 'shop';

/** Files, each with one object, which is called like its file and its pods' label `app`. */
const WORKLOADS = readdirSync(new URL('workloads/', TESTDATA)).map((file) => basename(file, '.yaml'));
/** A schedule has no pod for up to a minute. */
const WITHOUT_POD = ['report'];
/** Of what is no pod. */
const TEMPLATES = ['report-cron-job', 'shop-api-deployment'];
const NAMES = [...WORKLOADS.filter((name) => !WITHOUT_POD.includes(name)), ...TEMPLATES].sort();

let plane: ControlPlane;
let hook: AdmissionServer;

beforeAll(async () => {
  plane = await startControlPlane({
    controllers: [
      'daemonset-controller',
      'deployment-controller',
      'job-controller',
      'replicaset-controller',
      'serviceaccount-controller',
      'statefulset-controller',
    ],
  });
  plane.kubectl(['create', 'namespace', NAMESPACE]);
  plane.kubectl(
    ['create', '-f', '-'],
    JSON.stringify({ apiVersion: 'v1', kind: 'Node', metadata: { name: NODE_NAME } }),
  );
  await until('the ServiceAccount', WAIT_MS, () => plane.kubectl(['-n', NAMESPACE, 'get', 'sa', 'default']));
  hook = await startAdmissionServer(plane.authority, () => []);
  plane.kubectl(['apply', '-f', '-'], JSON.stringify(configurationOf(hook)));
});

afterAll(async () => {
  await hook?.close();
  await plane?.stop();
});

/** As it is shipped, but for who is asked: also about those that ask for nothing. */
function configurationOf({ clientConfig }: AdmissionServer): object {
  const shipped = shippedFile('sidecar-webhook/mutating-webhook-configuration.yaml') as object;
  const webhooks = arrayAt(shipped, 'webhooks').map((webhook) => ({
    ...(webhook as object),
    clientConfig,
    matchConditions: [],
    namespaceSelector: {},
  }));
  return { ...shipped, webhooks };
}

/** What a review is kept as. */
function nameOf(review: unknown): string {
  const kind = stringAt(review, 'request', 'kind', 'kind');
  if (kind === 'Pod') return stringAt(review, 'request', 'object', 'metadata', 'labels', 'app');
  return `${at(review, 'request', 'name')}-${kind.replace(/(?<=.)[A-Z]/g, '-$&').toLowerCase()}`;
}

function fileOf(name: string): URL {
  return new URL(`reviews/${name}.json`, TESTDATA);
}

/** undefined: there is none. */
function keptOf(name: string): unknown {
  const file = fileOf(name);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}

/** Without what differs from one cluster, or one second, to the next. */
function comparable(review: unknown): unknown {
  const text = JSON.stringify(review ?? null)
    .replace(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'UUID')
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, 'TIME')
    .replace(/kube-api-access-[a-z0-9]{5}/g, 'kube-api-access-XXXXX');
  // It counts collisions with what there was before.
  const hash = at(review, 'request', 'object', 'metadata', 'labels', 'pod-template-hash');
  return JSON.parse(typeof hash === 'string' ? text.replaceAll(hash, 'HASH') : text);
}

test('the API server sends the reviews that are kept for the tests', async () => {
  const probe = parse(readFileSync(new URL('workloads/toolbox.yaml', TESTDATA), 'utf8')) as object;
  await until('the webhook to be asked', WAIT_MS, async () => {
    await kubectlApply(plane, NAMESPACE, probe, '--dry-run=server');
    return hook.reviews.length > 0 || undefined;
  });
  const asked = hook.reviews.length;
  for (const name of WORKLOADS) {
    const object: unknown = parse(readFileSync(new URL(`workloads/${name}.yaml`, TESTDATA), 'utf8'));
    expect(at(object, 'metadata', 'name')).toBe(name);
    await kubectlApply(plane, NAMESPACE, object as object);
  }
  const found = await until('a review of each', WAIT_MS, () => {
    const later = hook.reviews.slice(asked);
    const reviews = NAMES.map((name) => later.find((review) => nameOf(review) === name));
    return reviews.every((review) => review !== undefined) ? reviews : undefined;
  });
  for (const [index, name] of NAMES.entries()) {
    if (isRecording && !isDeepStrictEqual(comparable(found[index]), comparable(keptOf(name))))
      writeFileSync(fileOf(name), `${JSON.stringify(found[index], null, 2)}\n`);
    expect(comparable(found[index]), name).toEqual(comparable(keptOf(name)));
  }
  expect(readdirSync(new URL('reviews/', TESTDATA)).sort()).toEqual(NAMES.map((name) => `${name}.json`).sort());
});
