/** Objects of a small cluster, for tests. */
import type { TestApiServer } from '@vigie/kube/testing/api-server';
import { testPod } from '@vigie/kube/testing/test-pod';

type KubeObject = Parameters<TestApiServer['put']>[1];

interface Owner {
  readonly kind: string;
  readonly name: string;
}

/** With a container `web` that has the port 8080, and one that has none. */
export function webPod(
  name: string,
  changes: { readonly ip?: string; readonly node?: string; readonly owner?: Owner } = {},
): KubeObject {
  const pod = testPod(name, {
    namespace: 'shop',
    nodeName: changes.node ?? 'n1',
    uid: `uid-${name}`,
    labels: { app: 'web', 'app.kubernetes.io/name': 'w' },
    annotations: { 'prometheus.io/scrape': 'true', 'kubectl.kubernetes.io/last-applied-configuration': '{}' },
    owner: changes.owner ?? { kind: 'ReplicaSet', name: 'web-1' },
  });
  const spec = pod.spec as Record<string, unknown>;
  const status = pod.status as Record<string, unknown>;
  return {
    ...pod,
    spec: {
      ...spec,
      containers: [
        {
          name: 'web',
          image: 'web:1',
          ports: [
            { name: 'http', containerPort: 8080, protocol: 'TCP' },
            { name: 'admin', containerPort: 9000, protocol: 'TCP' },
          ],
        },
        { name: 'log', image: 'log:1' },
      ],
      initContainers: [{ name: 'init', image: 'init:1' }],
    },
    status: {
      ...status,
      podIP: changes.ip ?? '10.1.0.1',
      hostIP: '192.168.0.1',
      containerStatuses: [{ name: 'web', containerID: 'containerd://abc' }],
    },
  };
}

/** A ReplicaSet or a Job. */
export function ownedBy(name: string, owner: Owner): KubeObject {
  const ownerReferences = [{ ...owner, apiVersion: 'v1', uid: owner.name, controller: true }];
  return { metadata: { name, namespace: 'shop', ownerReferences } };
}

export function nodeNamed(name: string, labels: Readonly<Record<string, string>> = { zone: 'a' }): KubeObject {
  return {
    kind: 'Node',
    metadata: { name, labels, annotations: { 'x/y': 'z' } },
    spec: { providerID: `aws:///${name}` },
    status: {
      addresses: [
        { type: 'Hostname', address: `${name}.local` },
        { type: 'InternalIP', address: '192.168.0.1' },
        { type: 'InternalIP', address: 'fd00::1' },
      ],
      daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
      conditions: [
        { type: 'Ready', status: 'True', lastHeartbeatTime: String(labels.beat ?? '') },
        { type: 'DiskPressure', status: 'Unknown' },
      ],
    },
  };
}

export function webService(changes: Readonly<Record<string, unknown>> = {}): KubeObject {
  return {
    kind: 'Service',
    metadata: { name: 'web', namespace: 'shop', labels: { app: 'web' }, annotations: { 'prometheus.io/port': '8080' } },
    spec: {
      type: 'ClusterIP',
      clusterIP: '10.96.0.7',
      ports: [{ name: 'http', port: 80, protocol: 'TCP' }],
      ...changes,
    },
  };
}

/** Of the service web: pods by name, and a node. */
export function webSlice(pods: Readonly<Record<string, string>>): KubeObject {
  return {
    kind: 'EndpointSlice',
    metadata: { name: 'web-abc', namespace: 'shop', labels: { 'kubernetes.io/service-name': 'web' } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080, protocol: 'TCP', appProtocol: 'http' }],
    endpoints: Object.entries(pods).map(([name, ip]) => ({
      addresses: [ip],
      conditions: { ready: true, serving: true, terminating: false },
      nodeName: 'n1',
      zone: 'a',
      targetRef: { kind: 'Pod', namespace: 'shop', name },
    })),
  };
}
