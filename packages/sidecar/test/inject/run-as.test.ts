import { describe, expect, it } from 'vitest';
import { injectedPod, refusalsOf } from './patched.ts';
import { podWithPaths } from './pods.ts';

interface Case {
  readonly pod?: object;
  readonly app?: object;
  readonly web?: object;
  readonly volume?: object;
  readonly annotations?: Readonly<Record<string, string>>;
}

function podOf({ pod = {}, app = {}, web, volume = { emptyDir: {} }, annotations = {} }: Case) {
  const volumeMounts = [{ name: 'v', mountPath: '/l' }];
  const containers = [
    { name: 'app', image: 'i', securityContext: app, volumeMounts },
    ...(web === undefined ? [] : [{ name: 'web', image: 'i', securityContext: web, volumeMounts }]),
  ];
  const paths = web === undefined ? 'app=/l/*' : 'app=/l/*;web=/l/*';
  return podWithPaths(paths, {
    annotations,
    containers,
    spec: { securityContext: pod, volumes: [{ name: 'v', ...volume }] },
  });
}

describe('the sidecar runs as', () => {
  it.each<[string, Case, string]>([
    ["the container's user", { app: { runAsUser: 1000 } }, '1000:'],
    ["the container's user and group", { app: { runAsUser: 1000, runAsGroup: 3000 } }, '1000:3000'],
    ["the pod's user and group", { pod: { runAsUser: 1000, runAsGroup: 3000 } }, '1000:3000'],
    ["the container's before the pod's", { pod: { runAsUser: 1, runAsGroup: 2 }, app: { runAsUser: 3 } }, '3:2'],
    ['the user that two containers have', { app: { runAsUser: 5 }, web: { runAsUser: 5, runAsGroup: 6 } }, '5:'],
    ['nobody with the fsGroup, of root', { pod: { fsGroup: 2000, runAsUser: 0 } }, '65534:2000'],
    ['nobody with the fsGroup, of an unknown user', { pod: { fsGroup: 2000 } }, '65534:2000'],
    [
      'nobody with the fsGroup, of two users',
      { pod: { fsGroup: 2000 }, app: { runAsUser: 1 }, web: { runAsUser: 2 } },
      '65534:2000',
    ],
    ['nobody with the group of root, where that is the fsGroup', { pod: { fsGroup: 0 } }, '65534:'],
    [
      "the user that is asked for, with the container's group",
      { app: { runAsUser: 0, runAsGroup: 7 }, annotations: { 'vigie.io/run-as-user': '65534' } },
      '65534:7',
    ],
  ])('%s', (_what, parts, expected) => {
    const { securityContext } = injectedPod(podOf(parts)).sidecar;
    expect(`${securityContext?.runAsUser}:${securityContext?.runAsGroup ?? ''}`).toBe(expected);
    expect(securityContext?.runAsNonRoot).toBe(true);
  });
});

describe('no sidecar where its files may be unreadable', () => {
  it.each<[string, Case, string]>([
    ['of an unknown user', {}, "the user that app runs as is the image's"],
    ['of an image that is not root', { pod: { runAsNonRoot: true } }, "the user that app runs as is the image's"],
    ['of root', { app: { runAsUser: 0 } }, 'app runs as root'],
    ['of two users', { app: { runAsUser: 1 }, web: { runAsUser: 2 } }, 'app and web run as different users'],
    ['of two users, one of them unknown', { app: { runAsUser: 1 }, web: {} }, 'app and web run as different users'],
    [
      'on the node, which gives files no fsGroup',
      { pod: { fsGroup: 2000 }, volume: { hostPath: { path: '/x' } } },
      "the user that app runs as is the image's",
    ],
    [
      'on NFS, which gives files no fsGroup',
      { pod: { fsGroup: 2000 }, volume: { nfs: { server: 's', path: '/x' } } },
      "the user that app runs as is the image's",
    ],
  ])('%s', (_what, parts, found) => {
    const [refusal = '', ...others] = refusalsOf(podOf(parts));
    expect(others).toEqual([]);
    expect(refusal).toContain(`user_unknown: ${found}`);
    expect(refusal).toMatch(/set securityContext\.runAsUser .* fsGroup, or vigie\.io\/run-as-user/);
  });
});
