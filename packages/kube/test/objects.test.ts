import { describe, expect, test } from 'vitest';
import { eventForm, metadataForm, type ObjectForm, podForm } from '../src/objects.ts';
import { testPod } from '../src/testing/test-pod.ts';

/** As it comes from a server. */
function decoded<T>(form: ObjectForm<T>, object: object): T {
  return form.decode(JSON.parse(JSON.stringify(object)));
}

describe('a pod', () => {
  test('has what logs are labelled with', () => {
    const pod = testPod('web-5d4f-x2x', {
      namespace: 'shop',
      labels: { app: 'web', 'app.kubernetes.io/name': 'Web "€"' },
      annotations: { 'vigie.io/parser': 'nginx', 'kubectl.kubernetes.io/last-applied-configuration': '{…}' },
      owner: { kind: 'ReplicaSet', name: 'web-5d4f' },
      containers: ['web'],
    });
    expect(decoded(podForm(), pod)).toEqual({
      name: 'web-5d4f-x2x',
      namespace: 'shop',
      uid: 'uid-of-shop-web-5d4f-x2x',
      resourceVersion: '',
      labels: { app: 'web', 'app.kubernetes.io/name': 'Web "€"' },
      annotations: { 'vigie.io/parser': 'nginx' },
      owner: { kind: 'ReplicaSet', name: 'web-5d4f', uid: 'uid-of-web-5d4f', apiVersion: 'apps/v1' },
      nodeName: 'node-0',
      phase: 'Running',
      podIp: '10.1.2.3',
      startTime: '2026-11-21T10:00:01Z',
      isTerminating: false,
      containers: [
        {
          name: 'web',
          type: 'app',
          image: 'registry.example/web:1.4.2',
          imageId: `registry.example/web@sha256:${'ab'.repeat(32)}`,
          containerId: '0'.repeat(64),
          restartCount: 0,
        },
      ],
    });
  });

  test('that has just been made has what there is', () => {
    const pod = {
      metadata: { name: 'new', namespace: 'x', deletionTimestamp: '2026-11-21T10:00:00Z', labels: null },
      spec: { initContainers: [{ name: 'setup', image: 'i' }], containers: [{ name: 'web', image: 'w' }] },
      status: { phase: 'Pending' },
    };
    const fresh = decoded(podForm(), pod);
    expect(fresh).toMatchObject({
      uid: '',
      labels: {},
      owner: undefined,
      nodeName: '',
      podIp: '',
      isTerminating: true,
    });
    expect(
      fresh.containers.map(({ name, type, containerId, restartCount }) => [name, type, containerId, restartCount]),
    ).toEqual([
      ['setup', 'init', '', 0],
      ['web', 'app', '', 0],
    ]);
  });

  test('keeps the annotations that are asked for', () => {
    const pod = testPod('web', {
      annotations: { 'vigie.io/parser': 'nginx', 'kubectl.kubernetes.io/restartedAt': 'x' },
    });
    const form = podForm((key) => key.startsWith('vigie.io/'));
    expect(decoded(form, pod).annotations).toEqual({ 'vigie.io/parser': 'nginx' });
  });

  test('of several owners belongs to the controller', () => {
    const references = [
      { kind: 'Other', name: 'a', uid: '1', apiVersion: 'v1' },
      { kind: 'Job', name: 'b', uid: '2', apiVersion: 'batch/v1', controller: true },
    ];
    const pod = { metadata: { name: 'p', ownerReferences: references } };
    expect(decoded(podForm(), pod).owner).toEqual({ kind: 'Job', name: 'b', uid: '2', apiVersion: 'batch/v1' });
    const first = { metadata: { name: 'p', ownerReferences: references.slice(0, 1) } };
    expect(decoded(podForm(), first).owner?.kind).toBe('Other');
  });

  test.each([
    {},
    { metadata: {} },
    { metadata: { name: 7 } },
    { metadata: [] },
  ])('is none without a name: %j', (object) => {
    expect(() => decoded(podForm(), object)).toThrow('an object without metadata.name');
  });
});

test('an event has its series in place of the older count and time', () => {
  const event = {
    metadata: { name: 'web.17', namespace: 'shop', uid: 'u', creationTimestamp: '2026-11-21T10:00:00Z' },
    involvedObject: {
      kind: 'Pod',
      namespace: 'shop',
      name: 'web',
      uid: 'p',
      apiVersion: 'v1',
      fieldPath: 'spec.containers{web}',
    },
    reason: 'BackOff',
    message: 'Back-off restarting failed container',
    type: 'Warning',
    count: 3,
    firstTimestamp: '2026-11-21T09:00:00Z',
    lastTimestamp: '2026-11-21T09:30:00Z',
    source: { component: 'kubelet', host: 'node-0' },
  };
  expect(decoded(eventForm, event)).toMatchObject({
    name: 'web.17',
    involvedObject: event.involvedObject,
    related: undefined,
    count: 3,
    creationTime: '2026-11-21T10:00:00Z',
    firstTime: '2026-11-21T09:00:00Z',
    lastTime: '2026-11-21T09:30:00Z',
    reportingComponent: 'kubelet',
    sourceHost: 'node-0',
  });
  const newer = {
    ...event,
    series: { count: 9, lastObservedTime: '2026-11-21T09:45:00.000001Z' },
    related: { kind: 'Node' },
  };
  expect(decoded(eventForm, newer)).toMatchObject({
    count: 9,
    lastTime: '2026-11-21T09:45:00.000001Z',
    related: { kind: 'Node', name: '' },
  });
});

test('of a namespace only the metadata is kept', () => {
  const namespace = {
    metadata: { name: 'shop', uid: 'u', labels: { team: 'a' } },
    spec: { finalizers: ['kubernetes'] },
  };
  expect(decoded(metadataForm(), namespace)).toEqual({
    name: 'shop',
    namespace: '',
    uid: 'u',
    resourceVersion: '',
    labels: { team: 'a' },
    annotations: {},
  });
});
