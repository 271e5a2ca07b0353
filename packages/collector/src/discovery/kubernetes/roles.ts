/** What each role of Kubernetes discovery watches, and the groups that it makes. Source: Prometheus 3, discovery/kubernetes. */
import { keyOf } from '../../cluster/shared-watch.ts';
import type { TargetGroup } from '../target-group.ts';
import { endpointSliceTargets, endpointsTargets, SERVICE_NAME_LABEL } from './endpoint-targets.ts';
import type { Neighbours } from './neighbours.ts';
import { ingressTargets, nodeTargets, podTargets, serviceTargets } from './object-targets.ts';
import type {
  EndpointSliceObject,
  EndpointsObject,
  IngressObject,
  NodeObject,
  PodObject,
  ServiceObject,
  TargetReference,
} from './objects.ts';
import { KINDS, type WatchedKind } from './watched-kinds.ts';

/** Kinds that objects of others refer to, for labels. */
export type NeighbourKind = 'pod' | 'service' | 'node' | 'namespace';

export interface Role<T> {
  readonly kind: WatchedKind<T>;
  /** Beside nodes and namespaces, which are a matter of configuration. */
  readonly neighbours: readonly ('pod' | 'service')[];
  /** Before `namespace/name`. */
  readonly sourcePrefix: string;
  group(object: T, source: string, neighbours: Neighbours): TargetGroup;
  /** `pod/shop/web-0`, `node/n1`: what else there are labels of. */
  references(object: T): readonly string[];
}

export function reference(kind: NeighbourKind, key: string): string {
  return `${kind}/${key}`;
}

const node: Role<NodeObject> = {
  kind: KINDS.node,
  neighbours: [],
  sourcePrefix: 'node/',
  group: nodeTargets,
  references: () => [],
};

const pod: Role<PodObject> = {
  kind: KINDS.pod,
  neighbours: [],
  sourcePrefix: 'pod/',
  group: podTargets,
  references: (object) => [reference('node', object.nodeName), reference('namespace', object.namespace)],
};

const service: Role<ServiceObject> = {
  kind: KINDS.service,
  neighbours: [],
  sourcePrefix: 'svc/',
  group: serviceTargets,
  references: (object) => [reference('namespace', object.namespace)],
};

const ingress: Role<IngressObject> = {
  kind: KINDS.ingress,
  neighbours: [],
  sourcePrefix: 'ingress/',
  group: ingressTargets,
  references: (object) => [reference('namespace', object.namespace)],
};

const endpoints: Role<EndpointsObject> = {
  kind: KINDS.endpoints,
  neighbours: ['service', 'pod'],
  sourcePrefix: 'endpoints/',
  group: endpointsTargets,
  references: (object) => {
    const addresses = object.subsets.flatMap(({ ready, notReady }) => [...ready, ...notReady]);
    return [
      reference('namespace', object.namespace),
      reference('service', keyOf(object.namespace, object.name)),
      ...addresses.flatMap(({ target, nodeName }) => behind(target, nodeName)),
    ];
  },
};

const endpointslice: Role<EndpointSliceObject> = {
  kind: KINDS.endpointslice,
  neighbours: ['service', 'pod'],
  sourcePrefix: 'endpointslice/',
  group: endpointSliceTargets,
  references: (object) => {
    const serviceName = object.labels[SERVICE_NAME_LABEL];
    return [
      reference('namespace', object.namespace),
      ...(serviceName === undefined ? [] : [reference('service', keyOf(object.namespace, serviceName))]),
      ...object.endpoints.flatMap(({ target, nodeName = '' }) => behind(target, nodeName)),
    ];
  },
};

function behind(target: TargetReference | undefined, nodeName: string): readonly string[] {
  const references = nodeName === '' ? [] : [reference('node', nodeName)];
  if (target?.kind === 'Pod') return [...references, reference('pod', keyOf(target.namespace, target.name))];
  return target?.kind === 'Node' ? [...references, reference('node', target.name)] : references;
}

export const ROLES = { node, pod, service, ingress, endpoints, endpointslice } as const;
