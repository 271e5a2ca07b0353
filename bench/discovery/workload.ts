/** The cluster of the benchmark: applications of 100 pods each, with a service and its slice, on nodes of 100 pods. */
import { testPod } from '@vigie/kube/testing/test-pod';

type KubeObject = ReturnType<typeof testPod>;

/** As many as a slice holds. */
export const PODS_OF_AN_APP = 100;
export const APPS_OF_A_NAMESPACE = 10;
/** One in so many pods is annotated, and scraped. */
export const SCRAPED_ONE_IN = 100;

/** `pending`: without a node. `starting`: it has an address, and does not answer. */
export type Stage = 'pending' | 'scheduled' | 'starting' | 'ready' | 'terminating';

export interface BenchPod {
  readonly app: number;
  /** Its place among those of the app: the pod that replaces it has the same. */
  readonly index: number;
  readonly name: string;
  readonly isScraped: boolean;
}

/** @param generation of the pods in this place */
export function podAt(app: number, index: number, generation: number): BenchPod {
  const suffix = (((app * PODS_OF_AN_APP + index) * 2_654_435_761 + generation * 40_503) >>> 0)
    .toString(36)
    .padStart(7, '0');
  const number = app * PODS_OF_AN_APP + index;
  return { app, index, name: `app-${app}-5d4f8c7b9-${suffix}`, isScraped: number % SCRAPED_ONE_IN === 0 };
}

export function namespaceOf(app: number): string {
  return `team-${Math.floor(app / APPS_OF_A_NAMESPACE)}`;
}

function nodeOf({ app, index }: BenchPod): string {
  // Spread: a node has a pod of many applications.
  return `node-${(app + 7 * index) % Math.max(1, nodeCount)}.eu-central-1.compute.internal`;
}

let nodeCount = 1;
/** To be called once, before any object is made. */
export function sizeCluster(pods: number): readonly string[] {
  nodeCount = Math.max(1, Math.ceil(pods / 100));
  return Array.from({ length: nodeCount }, (_, number) => `node-${number}.eu-central-1.compute.internal`);
}

/** @param port of the server that answers for all pods, each under a path of its own */
export function podObject(pod: BenchPod, stage: Stage, port: number): KubeObject {
  const made = testPod(pod.name, {
    namespace: namespaceOf(pod.app),
    labels: { app: `app-${pod.app}`, 'pod-template-hash': '5d4f8c7b9', 'app.kubernetes.io/part-of': 'bench' },
    annotations: pod.isScraped
      ? {
          'prometheus.io/scrape': 'true',
          'prometheus.io/port': String(port),
          'prometheus.io/path': `/pods/${pod.name}`,
        }
      : {},
    owner: { kind: 'ReplicaSet', name: `app-${pod.app}-5d4f8c7b9` },
    nodeName: stage === 'pending' ? '' : nodeOf(pod),
  });
  const status = made.status as {
    readonly conditions: readonly object[];
    readonly containerStatuses: readonly object[];
  };
  const isReady = stage === 'ready' || stage === 'terminating';
  if (stage === 'pending' || stage === 'scheduled') return { ...made, status: { phase: 'Pending' } };
  const conditions = status.conditions.map((condition) => ({ ...condition, status: isReady ? 'True' : 'False' }));
  const containerStatuses = status.containerStatuses.map((container) => ({ ...container, ready: isReady }));
  const metadata =
    stage === 'terminating' ? { ...made.metadata, deletionTimestamp: '2026-11-21T11:00:00Z' } : made.metadata;
  return {
    ...made,
    metadata,
    status: { ...status, podIP: '127.0.0.1', hostIP: '10.0.0.1', conditions, containerStatuses },
  };
}

/** @param pods those with an address, and whether they are ready */
export function sliceObject(app: number, pods: readonly (readonly [BenchPod, boolean])[]): KubeObject {
  return {
    kind: 'EndpointSlice',
    apiVersion: 'discovery.k8s.io/v1',
    metadata: {
      name: `app-${app}-x7k2p`,
      namespace: namespaceOf(app),
      labels: { 'kubernetes.io/service-name': `app-${app}`, app: `app-${app}` },
    },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    endpoints: pods.map(([pod, isReady]) => ({
      addresses: ['127.0.0.1'],
      conditions: { ready: isReady, serving: isReady, terminating: false },
      nodeName: nodeOf(pod),
      zone: 'eu-central-1a',
      targetRef: { kind: 'Pod', namespace: namespaceOf(app), name: pod.name, uid: `uid-of-${pod.name}` },
    })),
  };
}

export function serviceObject(app: number): KubeObject {
  return {
    kind: 'Service',
    apiVersion: 'v1',
    metadata: { name: `app-${app}`, namespace: namespaceOf(app), labels: { app: `app-${app}` } },
    spec: { type: 'ClusterIP', clusterIP: '10.96.0.1', ports: [{ name: 'http', port: 80, protocol: 'TCP' }] },
  };
}

export function nodeObject(name: string): KubeObject {
  return {
    kind: 'Node',
    apiVersion: 'v1',
    metadata: { name, labels: { 'kubernetes.io/hostname': name, 'topology.kubernetes.io/zone': 'eu-central-1a' } },
    spec: { providerID: `aws:///eu-central-1a/${name}` },
    status: { addresses: [{ type: 'InternalIP', address: '10.0.0.1' }], capacity: { cpu: '16', memory: '64Gi' } },
  };
}
