import { describe, expect, test } from 'vitest';
import { podEntry, samePod } from '../../src/metadata/pod.ts';
import { podObject } from './pods.ts';

describe('a pod', () => {
  test('is known by its uid, and its Deployment by the name of its ReplicaSet', () => {
    expect(podEntry(podObject())).toEqual({
      pathUid: '2f7c1a52-6a0e-4a1c-9b0e-0d7f0e6d1b11',
      uid: '2f7c1a52-6a0e-4a1c-9b0e-0d7f0e6d1b11',
      namespace: 'shop',
      name: 'web-5d4f8c7b9c-x2x4z',
      ip: '10.0.0.7',
      labels: { app: 'web', 'pod-template-hash': '5d4f8c7b9c' },
      annotations: {},
      owner: { kind: 'Deployment', name: 'web' },
      controller: { kind: 'ReplicaSet', name: 'web-5d4f8c7b9c' },
      images: { web: 'shop/web:1.4' },
    });
  });

  test('that is static is known by the hash in its path, and belongs to no workload', () => {
    const entry = podEntry(
      podObject({
        annotations: { 'kubernetes.io/config.hash': '49cc7c1f', 'vigie.io/parser': 'klog' },
        owner: { kind: 'Node', name: 'node-1' },
      }),
    );
    expect(entry).toMatchObject({
      pathUid: '49cc7c1f',
      uid: '2f7c1a52-6a0e-4a1c-9b0e-0d7f0e6d1b11',
      annotations: { 'vigie.io/parser': 'klog' },
      owner: undefined,
      controller: undefined,
    });
    expect(entry.annotations).not.toHaveProperty(['kubernetes.io/config.hash']);
  });

  test('without an address yet has none', () => {
    expect(podEntry(podObject({ podIp: '' })).ip).toBeUndefined();
  });
});

describe('the owner', () => {
  const ownersOf = (kind: string, name: string, labels: Record<string, string> = {}) => {
    const { owner, controller } = podEntry(podObject({ owner: { kind, name }, labels }));
    return [owner, controller].map((one) => (one === undefined ? undefined : `${one.kind}/${one.name}`));
  };

  test.each([
    ['ReplicaSet', 'web-abc', { 'pod-template-hash': 'abc' }, ['Deployment/web', 'ReplicaSet/web-abc']],
    ['ReplicaSet', 'a-b-c-abc', { 'pod-template-hash': 'abc' }, ['Deployment/a-b-c', 'ReplicaSet/a-b-c-abc']],
    // Made by hand, by Argo Rollouts, or with a label that says something else.
    ['ReplicaSet', 'web-abc', {}, ['ReplicaSet/web-abc', undefined]],
    ['ReplicaSet', 'web-abc', { 'pod-template-hash': 'xyz' }, ['ReplicaSet/web-abc', undefined]],
    ['ReplicaSet', '-abc', { 'pod-template-hash': 'abc' }, ['ReplicaSet/-abc', undefined]],
    ['Job', 'report-29384756', {}, ['CronJob/report', 'Job/report-29384756']],
    ['Job', 'migrate-20261121', {}, ['Job/migrate-20261121', undefined]],
    ['Job', 'migrate-7', {}, ['Job/migrate-7', undefined]],
    ['StatefulSet', 'db', {}, ['StatefulSet/db', undefined]],
    ['DaemonSet', 'agent', {}, ['DaemonSet/agent', undefined]],
    ['Rollout', 'web', {}, ['Rollout/web', undefined]],
  ])('of a %s %s is told by names', (kind, name, labels, owners) => {
    expect(ownersOf(kind, name, labels as Record<string, string>)).toEqual(owners);
  });

  test('of a pod on its own is nobody', () => {
    expect(podEntry(podObject({ owner: undefined }))).toMatchObject({ owner: undefined, controller: undefined });
  });
});

test('the order of labels makes no difference, their values do', () => {
  const a = podEntry(podObject({ labels: { a: '1', b: '2' } }));
  expect(samePod(a, podEntry(podObject({ labels: { b: '2', a: '1' } })))).toBe(true);
  expect(samePod(a, podEntry(podObject({ labels: { a: '1', b: '3' } })))).toBe(false);
  expect(samePod(a, podEntry(podObject({ labels: { a: '1', b: '2' }, annotations: { x: 'y' } })))).toBe(false);
});
