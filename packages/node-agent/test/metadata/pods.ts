import type { PodEntry, PodObject } from '../../src/metadata/pod.ts';

/** A pod as the API server describes it, less or other facts as a test wants. */
export function podObject(changed: Partial<PodObject> = {}): PodObject {
  return {
    uid: '2f7c1a52-6a0e-4a1c-9b0e-0d7f0e6d1b11',
    namespace: 'shop',
    name: 'web-5d4f8c7b9c-x2x4z',
    labels: { app: 'web', 'pod-template-hash': '5d4f8c7b9c' },
    annotations: {},
    owner: { kind: 'ReplicaSet', name: 'web-5d4f8c7b9c' },
    podIp: '10.0.0.7',
    containers: [{ name: 'web', image: 'shop/web:1.4' }],
    ...changed,
  };
}

export function entryOf(changed: Partial<PodEntry> = {}): PodEntry {
  return {
    pathUid: 'u1',
    uid: 'u1',
    namespace: 'shop',
    name: 'web-1',
    ip: '10.0.0.7',
    labels: { app: 'web' },
    annotations: {},
    owner: { kind: 'Deployment', name: 'web' },
    controller: { kind: 'ReplicaSet', name: 'web-5d4f8c7b9c' },
    images: { web: 'shop/web:1.4' },
    ...changed,
  };
}
