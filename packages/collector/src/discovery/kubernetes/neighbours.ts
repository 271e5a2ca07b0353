/** What else there is beside the objects that targets are made of, for their labels. */
import type { AttachedMetadata } from '../discovery-config.ts';
import { addLabelsAndAnnotations, addObjectLabels, type Labels, NAMESPACE_LABEL } from './meta-labels.ts';
import type { Meta, NodeObject, OwnedObject, PodObject, ServiceObject, TargetReference } from './objects.ts';

/** Each finds nothing where its kind is not watched. */
export interface Neighbours {
  pod(namespace: string, name: string): PodObject | undefined;
  service(namespace: string, name: string): ServiceObject | undefined;
  /** undefined also where its metadata are not to be attached. */
  node(name: string): NodeObject | undefined;
  namespace(name: string): Meta | undefined;
  replicaset(namespace: string, name: string): OwnedObject | undefined;
  job(namespace: string, name: string): OwnedObject | undefined;
  readonly attach: AttachedMetadata;
}

export function addNodeLabels(labels: Labels, name: string, neighbours: Neighbours): void {
  const node = name === '' ? undefined : neighbours.node(name);
  if (node !== undefined) addObjectLabels(labels, node, 'node');
}

export function addNamespaceLabels(labels: Labels, name: string, neighbours: Neighbours): void {
  const namespace = neighbours.namespace(name);
  if (namespace !== undefined) addLabelsAndAnnotations(labels, namespace, 'namespace');
}

export function serviceLabels(service: ServiceObject): Labels {
  const labels: Labels = { [NAMESPACE_LABEL]: service.namespace };
  addObjectLabels(labels, service, 'service');
  return labels;
}

/** Where their metadata are to be attached, a node that is not selected has no pods: `selectors` may name nodes for that. */
export function isOnUnknownNode(pod: PodObject, neighbours: Neighbours): boolean {
  return neighbours.attach.node && neighbours.node(pod.nodeName) === undefined;
}

/** The pod behind an address. */
export function podOf(target: TargetReference | undefined, neighbours: Neighbours): PodObject | undefined {
  return target?.kind === 'Pod' ? neighbours.pod(target.namespace, target.name) : undefined;
}
