/** The objects of Kubernetes that targets are made of, with the fields that become labels and no others: a cluster has tens of thousands
 *  of them. */
import { VigieError } from '@vigie/core/errors';
import type { ObjectForm } from '@vigie/kube/objects';
import { at, flagAt, listAt, numberAt, textAt, textListAt, textsAt } from './decode.ts';
import { sharedText } from './shared-text.ts';

export interface Meta {
  readonly name: string;
  /** Empty for nodes and namespaces. */
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Without kubectl's copy of the object. */
  readonly annotations: Readonly<Record<string, string>>;
}

export interface ContainerPort {
  readonly name: string;
  readonly port: number;
  readonly protocol: string;
}

export interface PodContainer {
  readonly name: string;
  readonly image: string;
  /** With the runtime: `containerd://…`. */
  readonly id: string;
  readonly isInit: boolean;
  readonly ports: readonly ContainerPort[];
}

/** Of which nothing is of interest but whose it is. */
export interface OwnedObject {
  readonly controller: { readonly kind: string; readonly name: string } | undefined;
}

export interface PodObject extends Meta, OwnedObject {
  readonly uid: string;
  readonly nodeName: string;
  readonly phase: string;
  readonly podIp: string;
  readonly hostIp: string;
  /** `true`, `false` or `unknown`. */
  readonly ready: string;
  /** Those of the app before those that initialise. */
  readonly containers: readonly PodContainer[];
}

export interface NodeObject extends Meta {
  readonly providerId: string;
  readonly kubeletPort: number;
  readonly addresses: readonly { readonly type: string; readonly address: string }[];
  readonly conditions: readonly { readonly type: string; readonly status: string }[];
}

export interface ServiceObject extends Meta {
  readonly type: string;
  readonly clusterIp: string;
  readonly externalName: string;
  /** Those that the service has got, with commas; before it has any, the one that it asks for. */
  readonly loadBalancerIp: string;
  readonly ports: readonly ContainerPort[];
  /** `IPv4` or `IPv6`, the first of a service that may have both; '' of one that may not. */
  readonly primaryFamily: string;
}

/** What an address stands for. */
export interface TargetReference {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

export interface EndpointAddress {
  readonly ip: string;
  readonly hostname: string;
  readonly nodeName: string;
  readonly target: TargetReference | undefined;
}

export interface EndpointsObject extends Meta {
  readonly subsets: readonly {
    readonly ports: readonly ContainerPort[];
    readonly ready: readonly EndpointAddress[];
    readonly notReady: readonly EndpointAddress[];
  }[];
}

export interface SlicePort {
  readonly name: string | undefined;
  readonly port: number | undefined;
  readonly protocol: string | undefined;
  readonly appProtocol: string | undefined;
}

export interface SliceEndpoint {
  readonly addresses: readonly string[];
  readonly hostname: string | undefined;
  readonly nodeName: string | undefined;
  readonly zone: string | undefined;
  readonly conditions: Readonly<Record<'ready' | 'serving' | 'terminating', boolean | undefined>>;
  readonly topology: Readonly<Record<string, string>>;
  readonly target: TargetReference | undefined;
}

export interface EndpointSliceObject extends Meta {
  /** `IPv4`, `IPv6` or `FQDN`. */
  readonly addressType: string;
  readonly ports: readonly SlicePort[];
  readonly endpoints: readonly SliceEndpoint[];
}

export interface IngressObject extends Meta {
  readonly className: string | undefined;
  readonly tlsHosts: readonly string[];
  /** `paths` is undefined where the rule has no HTTP section. */
  readonly rules: readonly { readonly host: string; readonly paths: readonly string[] | undefined }[];
}

export const podForm: ObjectForm<PodObject> = {
  decode: (object) => {
    const condition = listAt(object, 'status', 'conditions').find((each) => textAt(each, 'type') === 'Ready');
    return {
      ...metaOf(object),
      uid: textAt(object, 'metadata', 'uid'),
      controller: controllerOf(object),
      nodeName: sharedText(textAt(object, 'spec', 'nodeName')),
      phase: sharedText(textAt(object, 'status', 'phase')),
      podIp: textAt(object, 'status', 'podIP'),
      hostIp: sharedText(textAt(object, 'status', 'hostIP')),
      ready: sharedText((textAt(condition, 'status') || 'unknown').toLowerCase()),
      // An array of spreads has room for a dozen more.
      containers: containersOf(object, 'containers', 'containerStatuses').concat(
        containersOf(object, 'initContainers', 'initContainerStatuses'),
      ),
    };
  },
};

export const ownedForm: ObjectForm<OwnedObject> = { decode: (object) => ({ controller: controllerOf(object) }) };

export const nodeForm: ObjectForm<NodeObject> = {
  decode: (object) => ({
    ...metaOf(object),
    providerId: textAt(object, 'spec', 'providerID'),
    kubeletPort: numberAt(object, 'status', 'daemonEndpoints', 'kubeletEndpoint', 'Port') ?? 0,
    addresses: listAt(object, 'status', 'addresses').map((each) => ({
      type: textAt(each, 'type'),
      address: textAt(each, 'address'),
    })),
    // Without the times, which change with every heartbeat.
    conditions: listAt(object, 'status', 'conditions').map((each) => ({
      type: sharedText(textAt(each, 'type')),
      status: sharedText(textAt(each, 'status')),
    })),
  }),
};

export const namespaceForm: ObjectForm<Meta> = { decode: metaOf };

export const serviceForm: ObjectForm<ServiceObject> = {
  decode: (object) => ({
    ...metaOf(object),
    type: textAt(object, 'spec', 'type'),
    clusterIp: textAt(object, 'spec', 'clusterIP'),
    externalName: textAt(object, 'spec', 'externalName'),
    loadBalancerIp: loadBalancerIpsOf(object) || textAt(object, 'spec', 'loadBalancerIP'),
    ports: portsOf(listAt(object, 'spec', 'ports'), 'port'),
    primaryFamily: primaryFamilyOf(object),
  }),
};

export const endpointsForm: ObjectForm<EndpointsObject> = {
  decode: (object) => ({
    ...metaOf(object),
    subsets: listAt(object, 'subsets').map((subset) => ({
      ports: portsOf(listAt(subset, 'ports'), 'port'),
      ready: listAt(subset, 'addresses').map(addressOf),
      notReady: listAt(subset, 'notReadyAddresses').map(addressOf),
    })),
  }),
};

export const endpointSliceForm: ObjectForm<EndpointSliceObject> = {
  decode: (object) => ({
    ...metaOf(object),
    addressType: textAt(object, 'addressType'),
    ports: listAt(object, 'ports').map((port) => ({
      name: optionalText(port, 'name'),
      port: numberAt(port, 'port'),
      protocol: optionalText(port, 'protocol'),
      appProtocol: optionalText(port, 'appProtocol'),
    })),
    endpoints: listAt(object, 'endpoints').map((endpoint) => ({
      addresses: textListAt(endpoint, 'addresses'),
      hostname: optionalText(endpoint, 'hostname'),
      nodeName: sharedOptional(optionalText(endpoint, 'nodeName')),
      zone: sharedOptional(optionalText(endpoint, 'zone')),
      conditions: sharedConditions(
        flagAt(endpoint, 'conditions', 'ready'),
        flagAt(endpoint, 'conditions', 'serving'),
        flagAt(endpoint, 'conditions', 'terminating'),
      ),
      topology: textsAt(endpoint, 'deprecatedTopology'),
      target: referenceOf(at(endpoint, 'targetRef')),
    })),
  }),
};

export const ingressForm: ObjectForm<IngressObject> = {
  decode: (object) => ({
    ...metaOf(object),
    className: optionalText(at(object, 'spec'), 'ingressClassName'),
    tlsHosts: listAt(object, 'spec', 'tls').flatMap((tls) => textListAt(tls, 'hosts')),
    rules: listAt(object, 'spec', 'rules').map((rule) => ({
      host: textAt(rule, 'host'),
      paths: at(rule, 'http') == null ? undefined : listAt(rule, 'http', 'paths').map((path) => textAt(path, 'path')),
    })),
  }),
};

/** One for all containers without ports. */
const NO_PORTS: readonly never[] = [];
/** Of `kubectl apply`: the object once more. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

function metaOf(object: unknown): Meta {
  const name = textAt(object, 'metadata', 'name');
  if (name === '') throw new VigieError('KUBE_OBJECT_INVALID', 'an object without metadata.name');
  return {
    name,
    namespace: sharedText(textAt(object, 'metadata', 'namespace')),
    labels: textsAt(object, 'metadata', 'labels'),
    annotations: withoutCopy(textsAt(object, 'metadata', 'annotations')),
  };
}

function withoutCopy(annotations: Meta['annotations']): Meta['annotations'] {
  if (!Object.hasOwn(annotations, LAST_APPLIED)) return annotations;
  const { [LAST_APPLIED]: _copy, ...others } = annotations;
  return others;
}

function controllerOf(object: unknown): OwnedObject['controller'] {
  const owner = listAt(object, 'metadata', 'ownerReferences').find((each) => at(each, 'controller') === true);
  if (owner === undefined) return undefined;
  return { kind: sharedText(textAt(owner, 'kind')), name: sharedText(textAt(owner, 'name')) };
}

function loadBalancerIpsOf(service: unknown): string {
  const ingress = listAt(service, 'status', 'loadBalancer', 'ingress');
  return ingress
    .map((each) => textAt(each, 'ip'))
    .filter((ip) => ip !== '')
    .join(',');
}

function containersOf(
  pod: unknown,
  specs: 'containers' | 'initContainers',
  statuses: 'containerStatuses' | 'initContainerStatuses',
): PodContainer[] {
  const known = listAt(pod, 'status', statuses);
  return listAt(pod, 'spec', specs).map((spec) => {
    const name = sharedText(textAt(spec, 'name'));
    return {
      name,
      image: sharedText(textAt(spec, 'image')),
      id: textAt(
        known.find((status) => textAt(status, 'name') === name),
        'containerID',
      ),
      isInit: specs === 'initContainers',
      ports: portsOf(listAt(spec, 'ports'), 'containerPort'),
    };
  });
}

function portsOf(ports: readonly unknown[], number: 'port' | 'containerPort'): readonly ContainerPort[] {
  if (ports.length === 0) return NO_PORTS;
  return ports.map((port) => ({
    name: textAt(port, 'name'),
    port: numberAt(port, number) ?? 0,
    protocol: textAt(port, 'protocol'),
  }));
}

/** Of a service with two families the first is that of its cluster IP, and never changes. */
function primaryFamilyOf(service: unknown): string {
  const policy = textAt(service, 'spec', 'ipFamilyPolicy');
  const mayHaveTwo = policy === 'PreferDualStack' || policy === 'RequireDualStack';
  const [first = ''] = mayHaveTwo ? textListAt(service, 'spec', 'ipFamilies') : [];
  return sharedText(first);
}

function addressOf(address: unknown): EndpointAddress {
  return {
    ip: textAt(address, 'ip'),
    hostname: textAt(address, 'hostname'),
    nodeName: sharedText(textAt(address, 'nodeName')),
    target: referenceOf(at(address, 'targetRef')),
  };
}

function referenceOf(reference: unknown): TargetReference | undefined {
  if (typeof reference !== 'object' || reference === null) return undefined;
  return {
    kind: textAt(reference, 'kind'),
    namespace: sharedText(textAt(reference, 'namespace')),
    name: textAt(reference, 'name'),
  };
}

type Conditions = SliceEndpoint['conditions'];

/** There are no more than 27 of them. */
const knownConditions = new Map<string, Conditions>();

function sharedConditions(
  ready: boolean | undefined,
  serving: boolean | undefined,
  terminating: boolean | undefined,
): Conditions {
  const key = `${ready} ${serving} ${terminating}`;
  const known = knownConditions.get(key) ?? { ready, serving, terminating };
  knownConditions.set(key, known);
  return known;
}

function sharedOptional(text: string | undefined): string | undefined {
  return text === undefined ? undefined : sharedText(text);
}

function optionalText(value: unknown, name: string): string | undefined {
  const found = at(value, name);
  return typeof found === 'string' ? found : undefined;
}
