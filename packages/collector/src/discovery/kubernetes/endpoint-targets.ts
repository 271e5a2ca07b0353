/** The targets behind a service. Source: Prometheus 3, discovery/kubernetes/{endpoints,endpointslice}.go. */
import { isIPv6 } from 'node:net';
import { formatHostPort } from '@vigie/core/host-port';
import type { GroupOutline, TargetGroup } from '../target-group.ts';
import { addObjectLabels, type Labels, metaName, NAMESPACE_LABEL, sanitized } from './meta-labels.ts';
import { addNamespaceLabels, addNodeLabels, type Neighbours, podOf, serviceLabels } from './neighbours.ts';
import type {
  ContainerPort,
  EndpointAddress,
  EndpointSliceObject,
  EndpointsObject,
  Meta,
  PodContainer,
  PodObject,
  SliceEndpoint,
  SlicePort,
} from './objects.ts';
import { containerLabels, podLabels } from './pod-labels.ts';

/** Of an EndpointSlice: the name of its service. */
export const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';

export function endpointsTargets(endpoints: EndpointsObject, source: string, neighbours: Neighbours): TargetGroup {
  const labels = groupLabels(endpoints, 'endpoints', endpoints.name, neighbours);
  const pods = new SeenPods(neighbours);
  const targets: Labels[] = [];
  const add = (address: EndpointAddress, port: EndpointsPort, ready: boolean): void => {
    const target: Labels = {
      __address__: formatHostPort({ host: address.ip, port: port.port }),
      [metaName('endpoint', 'port_name')]: port.name,
      [metaName('endpoint', 'port_protocol')]: port.protocol,
      [metaName('endpoint', 'ready')]: String(ready),
    };
    if (address.target !== undefined) {
      target[metaName('endpoint', 'address_target_kind')] = address.target.kind;
      target[metaName('endpoint', 'address_target_name')] = address.target.name;
    }
    if (address.nodeName !== '') target[metaName('endpoint', 'node_name')] = address.nodeName;
    if (address.hostname !== '') target[metaName('endpoint', 'hostname')] = address.hostname;
    const behind = address.target?.kind === 'Node' ? address.target.name : '';
    addNodeLabels(target, address.nodeName || behind, neighbours);
    targets.push(pods.withPod(target, podOf(address.target, neighbours), port.port, port.protocol));
  };
  for (const { ports, ready, notReady } of endpoints.subsets) {
    for (const port of ports) {
      for (const address of ready) add(address, port, true);
      for (const address of notReady) add(address, port, false);
    }
  }
  return { source, labels, targets: [...targets, ...pods.otherTargets(() => true)] };
}

type EndpointsPort = EndpointsObject['subsets'][number]['ports'][number];

export function endpointsOutline(endpoints: EndpointsObject, neighbours: Neighbours): GroupOutline {
  const pods = new SeenPods(neighbours);
  let targetCount = 0;
  for (const { ports, ready, notReady } of endpoints.subsets) {
    targetCount += ports.length * (ready.length + notReady.length);
    for (const { target } of [...ready, ...notReady]) {
      const pod = podOf(target, neighbours);
      if (pod !== undefined) for (const { port } of ports) pods.see(pod, port);
    }
  }
  targetCount += pods.otherPorts(() => true).length;
  return {
    labels: groupLabels(endpoints, 'endpoints', endpoints.name, neighbours),
    targetCount,
    isOfGroup: isOfService,
  };
}

export function endpointSliceTargets(slice: EndpointSliceObject, source: string, neighbours: Neighbours): TargetGroup {
  const labels: Labels = {
    [metaName('endpointslice', 'address_type')]: slice.addressType,
    ...sliceLabels(slice, neighbours),
  };
  if (isOfSecondFamily(slice, neighbours)) return { source, labels, targets: [] };
  const pods = new SeenPods(neighbours);
  const targets: Labels[] = [];
  for (const endpoint of slice.endpoints) {
    for (const port of slice.ports) {
      for (const address of endpoint.addresses) {
        const target = sliceTarget(address, endpoint, port);
        const { target: reference, nodeName = '' } = endpoint;
        addNodeLabels(target, reference?.kind === 'Node' ? reference.name : nodeName, neighbours);
        targets.push(pods.withPod(target, podOf(reference, neighbours), port.port, undefined));
      }
    }
  }
  return { source, labels, targets: [...targets, ...pods.otherTargets(ofFamily(slice))] };
}

export function endpointSliceOutline(slice: EndpointSliceObject, neighbours: Neighbours): GroupOutline {
  const labels = sliceLabels(slice, neighbours);
  if (isOfSecondFamily(slice, neighbours)) return { labels, targetCount: 0, isOfGroup: isOfService };
  const pods = new SeenPods(neighbours);
  let targetCount = 0;
  for (const { addresses, target } of slice.endpoints) {
    targetCount += slice.ports.length * addresses.length;
    const pod = addresses.length === 0 ? undefined : podOf(target, neighbours);
    if (pod !== undefined) for (const { port } of slice.ports) pods.see(pod, port);
  }
  targetCount += pods.otherPorts(ofFamily(slice)).length;
  return { labels, targetCount, isOfGroup: isOfService };
}

/** Its pods are in the slice of the other family, too, and are to be scraped once. */
function isOfSecondFamily(slice: EndpointSliceObject, neighbours: Neighbours): boolean {
  const serviceName = slice.labels[SERVICE_NAME_LABEL];
  const service = serviceName === undefined ? undefined : neighbours.service(slice.namespace, serviceName);
  const primary = service?.primaryFamily ?? '';
  return primary !== '' && primary !== slice.addressType;
}

/** Of a service with two families, a pod is in a slice of each: its other ports belong to the one of its address. */
function ofFamily({ addressType }: EndpointSliceObject): (pod: PodObject) => boolean {
  return ({ podIp }) => addressType === 'FQDN' || isIPv6(podIp) === (addressType === 'IPv6');
}

function sliceLabels(slice: EndpointSliceObject, neighbours: Neighbours): Labels {
  return groupLabels(slice, 'endpointslice', slice.labels[SERVICE_NAME_LABEL], neighbours);
}

const OF_SERVICE = metaName('service', '');

/** A target may have labels of its pod, its node and its endpoint, and others of its slice. */
function isOfService(label: string): boolean {
  return label.startsWith(OF_SERVICE) || label.startsWith(NAMESPACE_LABEL);
}

function sliceTarget(address: string, endpoint: SliceEndpoint, port: SlicePort): Labels {
  const { conditions, hostname, nodeName, zone, target: reference } = endpoint;
  const number = port.port === undefined ? undefined : String(port.port);
  const target: Labels = {
    __address__: port.port === undefined ? address : formatHostPort({ host: address, port: port.port }),
  };
  const set = (name: string, value: string | boolean | undefined): void => {
    if (value !== undefined) target[metaName('endpointslice', name)] = String(value);
  };
  set('port_name', port.name);
  set('port_protocol', port.protocol);
  set('port', number);
  set('port_app_protocol', port.appProtocol);
  set('endpoint_conditions_ready', conditions.ready);
  set('endpoint_conditions_serving', conditions.serving);
  set('endpoint_conditions_terminating', conditions.terminating);
  set('endpoint_hostname', hostname);
  set('address_target_kind', reference?.kind);
  set('address_target_name', reference?.name);
  set('endpoint_node_name', nodeName);
  set('endpoint_zone', zone);
  for (const [key, value] of Object.entries(endpoint.topology)) {
    set(`endpoint_topology_${sanitized(key)}`, value);
    set(`endpoint_topology_present_${sanitized(key)}`, true);
  }
  return target;
}

/** Of the object, and of the service that it belongs to. */
function groupLabels(
  object: Meta,
  kind: 'endpoints' | 'endpointslice',
  serviceName: string | undefined,
  neighbours: Neighbours,
): Labels {
  const labels: Labels = { [NAMESPACE_LABEL]: object.namespace };
  addObjectLabels(labels, object, kind);
  const service = serviceName === undefined ? undefined : neighbours.service(object.namespace, serviceName);
  if (service !== undefined) Object.assign(labels, serviceLabels(service));
  addNamespaceLabels(labels, object.namespace, neighbours);
  return labels;
}

interface PodPort {
  readonly pod: PodObject;
  readonly container: PodContainer;
  readonly port: ContainerPort;
}

/** The pods behind the addresses of one group, with the ports that there are targets of. */
class SeenPods {
  readonly #neighbours: Neighbours;
  readonly #pods = new Map<PodObject, Set<number>>();

  constructor(neighbours: Neighbours) {
    this.#neighbours = neighbours;
  }

  /** The target with the labels of its pod and, where one has the port, of the container.
   *  @param protocol in place of the container's own */
  withPod(target: Labels, pod: PodObject | undefined, port: number | undefined, protocol: string | undefined): Labels {
    if (pod === undefined) return target;
    this.see(pod, port);
    const labels = { ...target, ...podLabels(pod, this.#neighbours) };
    for (const container of pod.containers) {
      const own = container.ports.find((each) => each.port === port);
      if (own !== undefined)
        Object.assign(labels, containerLabels(container, protocol === undefined ? own : { ...own, protocol }));
    }
    return labels;
  }

  /** There is a target of this port of the pod. */
  see(pod: PodObject, port: number | undefined): void {
    const seen = this.#pods.get(pod) ?? new Set();
    this.#pods.set(pod, seen);
    if (port !== undefined) seen.add(port);
  }

  /** Ports that no address of the group is about. */
  otherPorts(isWanted: (pod: PodObject) => boolean): readonly PodPort[] {
    const others: PodPort[] = [];
    for (const [pod, seen] of this.#pods) {
      if (pod.podIp === '' || !isWanted(pod)) continue;
      for (const container of pod.containers)
        for (const port of container.ports) if (!seen.has(port.port)) others.push({ pod, container, port });
    }
    return others;
  }

  otherTargets(isWanted: (pod: PodObject) => boolean): readonly Labels[] {
    return this.otherPorts(isWanted).map(({ pod, container, port }) => ({
      __address__: formatHostPort({ host: pod.podIp, port: port.port }),
      ...containerLabels(container, port),
      ...podLabels(pod, this.#neighbours),
    }));
  }
}
