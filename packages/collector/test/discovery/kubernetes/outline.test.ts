import { type Random, seededRandom } from '@vigie/core/random';
import { describe, expect, it } from 'vitest';
import type { Neighbours } from '../../../src/discovery/kubernetes/neighbours.ts';
import {
  endpointSliceForm,
  endpointsForm,
  nodeForm,
  ownedForm,
  type PodObject,
  podForm,
  serviceForm,
} from '../../../src/discovery/kubernetes/objects.ts';
import { ROLES, type Role } from '../../../src/discovery/kubernetes/roles.ts';
import { ownedBy } from './objects.ts';

const PODS = ['web-0', 'web-1', 'web-2', 'web-3'];

describe('the outline of a group', () => {
  it.each(Array.from({ length: 40 }, (_, seed) => seed))('says of the group what its targets do, seed %i', (seed) => {
    const random = seededRandom(seed);
    const pods = new Map(PODS.map((name) => [name, podForm.decode(writtenPod(random, name))]));
    const neighbours = neighboursOf(random, pods);
    for (const pod of pods.values()) expectTrue(ROLES.pod, pod, neighbours);
    expectTrue(ROLES.endpoints, endpointsForm.decode(writtenEndpoints(random)), neighbours);
    expectTrue(ROLES.endpointslice, endpointSliceForm.decode(writtenSlice(random)), neighbours);
  });
});

function expectTrue<T>(role: Role<T>, object: T, neighbours: Neighbours): void {
  const { labels, targets } = role.group(object, 'source', neighbours);
  const outline = role.outline?.(object, neighbours);
  if (outline === undefined) throw new Error('no outline');
  expect(outline.targetCount).toBe(targets.length);
  if (targets.length > 0)
    for (const [name, value] of Object.entries(labels))
      if (outline.isOfGroup(name)) expect(outline.labels[name]).toBe(value);
  for (const name of targets.flatMap((target) => Object.keys(target))) expect(outline.isOfGroup(name)).toBe(false);
}

function neighboursOf(random: Random, pods: ReadonlyMap<string, PodObject>): Neighbours {
  const labels = { zone: 'a', 'prometheus.io/scrape': 'true' };
  const service = serviceForm.decode({
    metadata: { name: 'web', namespace: 'shop', labels, annotations: labels },
    spec: { ipFamilyPolicy: random() < 0.5 ? 'PreferDualStack' : 'SingleStack', ipFamilies: ['IPv4', 'IPv6'] },
  });
  const node = nodeForm.decode({ metadata: { name: 'n1', labels } });
  const hasNodes = random() < 0.5;
  const owned = ownedForm.decode(ownedBy('web-1', { kind: random() < 0.5 ? 'Deployment' : 'CronJob', name: 'web' }));
  const flag = (): boolean => random() < 0.5;
  return {
    pod: (_, name) => pods.get(name),
    service: () => service,
    node: () => (hasNodes ? node : undefined),
    namespace: () => (hasNodes ? { name: 'shop', namespace: '', labels, annotations: labels } : undefined),
    replicaset: () => owned,
    job: () => owned,
    attach: { node: flag(), namespace: hasNodes, deployment: true, job: flag(), cronjob: true },
  };
}

function writtenPod(random: Random, name: string): object {
  const container = (index: number): object => ({
    name: `c${index}`,
    image: 'web:1',
    ports: some(random, 3).map((port) => ({ name: `p${port}`, containerPort: 8080 + port, protocol: 'TCP' })),
  });
  return {
    metadata: { name, namespace: 'shop', labels: { app: 'web', container_name: 'x' }, annotations: { ip: 'y' } },
    spec: {
      nodeName: 'n1',
      containers: some(random, 3).map(container),
      initContainers: some(random, 2).map(container),
    },
    status: { podIP: ['', '10.1.0.1', 'fd00::1'][Math.floor(random() * 3)], phase: 'Running' },
  };
}

function writtenEndpoints(random: Random): object {
  const address = (index: number): object => ({ ip: `10.1.0.${index}`, nodeName: 'n1', targetRef: reference(random) });
  return {
    metadata: { name: 'web', namespace: 'shop', labels: { app: 'web' } },
    subsets: some(random, 3).map(() => ({
      ports: some(random, 3).map((port) => ({ name: `p${port}`, port: 8080 + port, protocol: 'TCP' })),
      addresses: some(random, 4).map(address),
      notReadyAddresses: some(random, 2).map(address),
    })),
  };
}

function writtenSlice(random: Random): object {
  return {
    metadata: { name: 'web-x', namespace: 'shop', labels: { 'kubernetes.io/service-name': 'web' } },
    addressType: ['IPv4', 'IPv6', 'FQDN'][Math.floor(random() * 3)],
    ports: some(random, 3).map((port) => (port === 0 ? { name: 'any' } : { name: `p${port}`, port: 8080 + port })),
    endpoints: some(random, 5).map((index) => ({
      addresses: some(random, 3).map((each) => `10.1.${index}.${each}`),
      conditions: { ready: random() < 0.5 },
      nodeName: 'n1',
      zone: 'a',
      targetRef: reference(random),
    })),
  };
}

function reference(random: Random): object | undefined {
  const name = PODS[Math.floor(random() * (PODS.length + 1))];
  return name === undefined ? undefined : { kind: 'Pod', namespace: 'shop', name };
}

/** 0 to `below` numbers from 0. */
function some(random: Random, below: number): readonly number[] {
  return Array.from({ length: Math.floor(random() * (below + 1)) }, (_, index) => index);
}
