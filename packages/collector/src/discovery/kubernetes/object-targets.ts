/** The targets of an object for its own role. Source: Prometheus 3, discovery/kubernetes/{node,pod,service,ingress}.go. */
import { formatHostPort } from '@vigie/core/host-port';
import type { GroupOutline, TargetGroup } from '../target-group.ts';
import { addObjectLabels, type Labels, META_PREFIX, metaName, NAMESPACE_LABEL, sanitized } from './meta-labels.ts';
import { addNamespaceLabels, addNodeLabels, isOnUnknownNode, type Neighbours, serviceLabels } from './neighbours.ts';
import type { IngressObject, NodeObject, PodObject, ServiceObject } from './objects.ts';
import { containerLabels, podLabels } from './pod-labels.ts';

/** The first of these that a node has is where its kubelet is. */
const ADDRESS_TYPES = ['InternalIP', 'InternalDNS', 'ExternalIP', 'ExternalDNS', 'LegacyHostIP', 'Hostname'];

/** One target, the kubelet; none where the node has no address. */
export function nodeTargets(node: NodeObject, source: string): TargetGroup {
  const labels: Labels = { [metaName('node', 'provider_id')]: node.providerId };
  for (const { type, status } of node.conditions)
    labels[metaName('node', `condition_${sanitized(type.toLowerCase())}`)] = status.toLowerCase();
  addObjectLabels(labels, node, 'node');
  const first = new Map<string, string>();
  for (const { type, address } of node.addresses) if (!first.has(type)) first.set(type, address);
  const host = ADDRESS_TYPES.map((type) => first.get(type)).find((address) => address !== undefined);
  if (host === undefined) return { source, labels: {}, targets: [] };
  const addresses = [...first].map(([type, address]) => [metaName('node', `address_${sanitized(type)}`), address]);
  const target = {
    __address__: formatHostPort({ host, port: node.kubeletPort }),
    instance: node.name,
    ...Object.fromEntries(addresses),
  };
  return { source, labels, targets: [target] };
}

/** One target for each port of each container, and one for a container without ports; none before the pod has an address, or where its
 *  node is not selected. */
export function podTargets(pod: PodObject, source: string, neighbours: Neighbours): TargetGroup {
  if (!hasTargets(pod, neighbours)) return { source, labels: {}, targets: [] };
  const labels = podGroupLabels(pod, neighbours);
  const targets = pod.containers.flatMap((container) => {
    const id = { [metaName('pod', 'container_id')]: container.id };
    if (container.ports.length === 0)
      return [{ __address__: pod.podIp, ...id, ...containerLabels(container, undefined) }];
    return container.ports.map((port) => ({
      __address__: formatHostPort({ host: pod.podIp, port: port.port }),
      ...id,
      ...containerLabels(container, port),
    }));
  });
  return { source, labels, targets };
}

export function podOutline(pod: PodObject, neighbours: Neighbours): GroupOutline {
  const targetCount = hasTargets(pod, neighbours)
    ? pod.containers.reduce((sum, { ports }) => sum + Math.max(1, ports.length), 0)
    : 0;
  return { labels: podGroupLabels(pod, neighbours), targetCount, isOfGroup: isOfPod };
}

function hasTargets(pod: PodObject, neighbours: Neighbours): boolean {
  return pod.podIp !== '' && !isOnUnknownNode(pod, neighbours);
}

function podGroupLabels(pod: PodObject, neighbours: Neighbours): Labels {
  const labels = { ...podLabels(pod, neighbours), [NAMESPACE_LABEL]: pod.namespace };
  addNodeLabels(labels, pod.nodeName, neighbours);
  addNamespaceLabels(labels, pod.namespace, neighbours);
  return labels;
}

const OF_CONTAINERS = metaName('pod', 'container_');

function isOfPod(label: string): boolean {
  return label.startsWith(META_PREFIX) && !label.startsWith(OF_CONTAINERS);
}

/** One target for each port, by the service's name. */
export function serviceTargets(service: ServiceObject, source: string, neighbours: Neighbours): TargetGroup {
  const labels = serviceLabels(service);
  addNamespaceLabels(labels, service.namespace, neighbours);
  const host = `${service.name}.${service.namespace}.svc`;
  const targets = service.ports.map((port) => ({
    __address__: formatHostPort({ host, port: port.port }),
    [metaName('service', 'port_name')]: port.name,
    [metaName('service', 'port_number')]: String(port.port),
    [metaName('service', 'port_protocol')]: port.protocol,
    [metaName('service', 'type')]: service.type,
    ...(service.type === 'ExternalName'
      ? { [metaName('service', 'external_name')]: service.externalName }
      : { [metaName('service', 'cluster_ip')]: service.clusterIp }),
    ...(service.type === 'LoadBalancer' ? { [metaName('service', 'loadbalancer_ip')]: service.loadBalancerIp } : {}),
  }));
  return { source, labels, targets };
}

/** One target for each path of each host. */
export function ingressTargets(ingress: IngressObject, source: string, neighbours: Neighbours): TargetGroup {
  const labels: Labels = { [NAMESPACE_LABEL]: ingress.namespace };
  addObjectLabels(labels, ingress, 'ingress');
  if (ingress.className !== undefined) labels[metaName('ingress', 'class_name')] = ingress.className;
  addNamespaceLabels(labels, ingress.namespace, neighbours);
  const targets = ingress.rules.flatMap(({ host, paths }) => {
    const scheme = ingress.tlsHosts.some((pattern) => matchesHost(pattern, host)) ? 'https' : 'http';
    return (paths ?? ['/']).map((path) => ({
      __address__: host,
      [metaName('ingress', 'scheme')]: scheme,
      [metaName('ingress', 'host')]: host,
      [metaName('ingress', 'path')]: path || '/',
    }));
  });
  return { source, labels, targets };
}

/** A pattern may begin with `*.`, which stands for one label. */
function matchesHost(pattern: string, host: string): boolean {
  if (pattern === host) return true;
  const [wildcard, ...rest] = pattern.split('.');
  const [first, ...domain] = host.split('.');
  return wildcard === '*' && first !== undefined && rest.join('.') === domain.join('.');
}
