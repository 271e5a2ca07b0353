/** What each role of Kubernetes discovery watches, and the groups that it makes. Source: Prometheus 3, discovery/kubernetes. */
import { keyOf } from '../../cluster/shared-watch.ts';
import type { GroupOutline, TargetGroup } from '../target-group.ts';
import {
  endpointSliceOutline,
  endpointSliceTargets,
  endpointsOutline,
  endpointsTargets,
  SERVICE_NAME_LABEL,
} from './endpoint-targets.ts';
import { type Neighbours, podOf } from './neighbours.ts';
import { ingressTargets, nodeTargets, podOutline, podTargets, serviceTargets } from './object-targets.ts';
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
export type NeighbourKind = 'pod' | 'service' | 'node' | 'namespace' | 'replicaset' | 'job';

export interface Role<T> {
  readonly kind: WatchedKind<T>;
  /** Beside those that are a matter of configuration. */
  readonly neighbours: readonly ('pod' | 'service')[];
  /** Before `namespace/name`. */
  readonly sourcePrefix: string;
  group(object: T, source: string, neighbours: Neighbours): TargetGroup;
  /** Where there are so many objects, or targets of one, that it is worth knowing. */
  readonly outline?: (object: T, neighbours: Neighbours) => GroupOutline;
  /** `pod/shop/web-0`, `node/n1`: what else there are labels of. @param kinds no others */
  references(object: T, kinds: ReadonlySet<NeighbourKind>, neighbours: Neighbours): readonly string[];
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
  outline: podOutline,
  references: (object, kinds) => [
    ...only('node', object.nodeName, kinds),
    ...only('namespace', object.namespace, kinds),
    ...ownerOf(object, kinds),
  ],
};

const service: Role<ServiceObject> = {
  kind: KINDS.service,
  neighbours: [],
  sourcePrefix: 'svc/',
  group: serviceTargets,
  references: (object, kinds) => only('namespace', object.namespace, kinds),
};

const ingress: Role<IngressObject> = {
  kind: KINDS.ingress,
  neighbours: [],
  sourcePrefix: 'ingress/',
  group: ingressTargets,
  references: (object, kinds) => only('namespace', object.namespace, kinds),
};

const endpoints: Role<EndpointsObject> = {
  kind: KINDS.endpoints,
  neighbours: ['service', 'pod'],
  sourcePrefix: 'endpoints/',
  group: endpointsTargets,
  outline: endpointsOutline,
  references: (object, kinds, neighbours) => {
    const addresses = object.subsets.flatMap(({ ready, notReady }) => [...ready, ...notReady]);
    return [
      ...only('namespace', object.namespace, kinds),
      ...only('service', keyOf(object.namespace, object.name), kinds),
      ...addresses.flatMap(({ target, nodeName }) => behind(target, nodeName, kinds, neighbours)),
    ];
  },
};

const endpointslice: Role<EndpointSliceObject> = {
  kind: KINDS.endpointslice,
  neighbours: ['service', 'pod'],
  sourcePrefix: 'endpointslice/',
  group: endpointSliceTargets,
  outline: endpointSliceOutline,
  references: (object, kinds, neighbours) => {
    const serviceName = object.labels[SERVICE_NAME_LABEL];
    return [
      ...only('namespace', object.namespace, kinds),
      ...(serviceName === undefined ? [] : only('service', keyOf(object.namespace, serviceName), kinds)),
      ...object.endpoints.flatMap(({ target, nodeName = '' }) => behind(target, nodeName, kinds, neighbours)),
    ];
  },
};

function behind(
  target: TargetReference | undefined,
  nodeName: string,
  kinds: ReadonlySet<NeighbourKind>,
  neighbours: Neighbours,
): readonly string[] {
  const references = nodeName === '' ? [] : only('node', nodeName, kinds);
  if (target?.kind === 'Pod') {
    // A service may have thousands of them: none is looked for where nobody asks whose it is.
    const known = kinds.has('replicaset') || kinds.has('job') ? podOf(target, neighbours) : undefined;
    const owner = known === undefined ? [] : ownerOf(known, kinds);
    return [...references, ...only('pod', keyOf(target.namespace, target.name), kinds), ...owner];
  }
  return target?.kind === 'Node' ? [...references, ...only('node', target.name, kinds)] : references;
}

function ownerOf({ namespace, controller }: PodObject, kinds: ReadonlySet<NeighbourKind>): readonly string[] {
  switch (controller?.kind) {
    case 'ReplicaSet':
      return only('replicaset', keyOf(namespace, controller.name), kinds);
    case 'Job':
      return only('job', keyOf(namespace, controller.name), kinds);
    default:
      return [];
  }
}

function only(kind: NeighbourKind, key: string, kinds: ReadonlySet<NeighbourKind>): readonly string[] {
  return kinds.has(kind) ? [reference(kind, key)] : [];
}

export const ROLES = { node, pod, service, ingress, endpoints, endpointslice } as const;
