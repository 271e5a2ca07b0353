/** The targets behind a service. Source: Prometheus 3, discovery/kubernetes/{endpoints,endpointslice}.go. */
import { isIPv6 } from 'node:net';
import { formatHostPort } from '@vigie/core/host-port';
import type { TargetGroup } from '../target-group.ts';
import { addObjectLabels, type Labels, metaName, NAMESPACE_LABEL, sanitized } from './meta-labels.ts';
import { addNamespaceLabels, addNodeLabels, type Neighbours, podOf, serviceLabels } from './neighbours.ts';
import type {
  EndpointAddress,
  EndpointSliceObject,
  EndpointsObject,
  Meta,
  PodObject,
  SliceEndpoint,
  SlicePort,
} from './objects.ts';
import { containerLabels, podLabels } from './pod-labels.ts';

/** Of an EndpointSlice: the name of its service. */
export const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';

export function endpointsTargets(endpoints: EndpointsObject, source: string, neighbours: Neighbours): TargetGroup {
  const labels = groupLabels(endpoints, 'endpoints', endpoints.name, neighbours);
  const pods = new SeenPods();
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
  return { source, labels, targets: [...targets, ...pods.otherPorts(() => true)] };
}

type EndpointsPort = EndpointsObject['subsets'][number]['ports'][number];

export function endpointSliceTargets(slice: EndpointSliceObject, source: string, neighbours: Neighbours): TargetGroup {
  const labels: Labels = {
    [metaName('endpointslice', 'address_type')]: slice.addressType,
    ...groupLabels(slice, 'endpointslice', slice.labels[SERVICE_NAME_LABEL], neighbours),
  };
  const pods = new SeenPods();
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
  // Of a service with two families, a pod is in a slice of each: its other ports belong to the one of its address.
  const isOfSlice = ({ podIp }: PodObject): boolean =>
    slice.addressType === 'FQDN' || isIPv6(podIp) === (slice.addressType === 'IPv6');
  return { source, labels, targets: [...targets, ...pods.otherPorts(isOfSlice)] };
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

/** The pods behind the addresses of one group, with the ports that there are targets of. */
class SeenPods {
  readonly #pods = new Map<string, { readonly pod: PodObject; readonly ports: Set<number> }>();

  /** The target with the labels of its pod and, where one has the port, of the container.
   *  @param protocol in place of the container's own */
  withPod(target: Labels, pod: PodObject | undefined, port: number | undefined, protocol: string | undefined): Labels {
    if (pod === undefined) return target;
    const key = `${pod.namespace}/${pod.name}`;
    const seen = this.#pods.get(key) ?? { pod, ports: new Set() };
    this.#pods.set(key, seen);
    if (port !== undefined) seen.ports.add(port);
    const labels = { ...target, ...podLabels(pod) };
    for (const container of pod.containers) {
      const own = container.ports.find((each) => each.port === port);
      if (own !== undefined)
        Object.assign(labels, containerLabels(container, protocol === undefined ? own : { ...own, protocol }));
    }
    return labels;
  }

  /** Targets for the ports that no address of the group is about. */
  otherPorts(isWanted: (pod: PodObject) => boolean): readonly Labels[] {
    return [...this.#pods.values()].flatMap(({ pod, ports }) => {
      if (pod.podIp === '' || !isWanted(pod)) return [];
      const labels = podLabels(pod);
      return pod.containers.flatMap((container) =>
        container.ports
          .filter(({ port }) => !ports.has(port))
          .map((port) => ({
            __address__: formatHostPort({ host: pod.podIp, port: port.port }),
            ...containerLabels(container, port),
            ...labels,
          })),
      );
    });
  }
}
