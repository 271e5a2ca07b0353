/** What is known of a container in OpenTelemetry's words.
 *  Source: semantic conventions for resources (k8s, container, service), and "Specify resource attributes using
 *  Kubernetes annotations" (non-normative), which the OpenTelemetry operator follows too. */
import type { Owner, RecordFacts } from './document.ts';
import { dedottedLabels } from './labels.ts';

type ContainerFacts = Omit<RecordFacts, 'idPrefix'>;

/** Attributes of the resource: the same for every record of a container.
 *  @param labelNames as they are, or without their dots for who reads dots in names as paths
 *  @returns texts; `k8s.container.restart_count` is a number, as the conventions have it */
export function otelResourceAttributes(
  facts: ContainerFacts,
  labelNames: 'as-they-are' | 'dedotted' = 'as-they-are',
): ReadonlyMap<string, string | number> {
  const attributes = new Map<string, string | number>();
  const set = (name: string, value: string | number | undefined): void => {
    if (value !== undefined) attributes.set(name, value);
  };
  set('k8s.cluster.name', facts.clusterName);
  set('k8s.node.name', facts.nodeName);
  set('k8s.namespace.name', facts.namespace);
  set('k8s.pod.name', facts.podName);
  set('k8s.pod.uid', facts.podUid);
  set('k8s.pod.ip', facts.podIp);
  set('k8s.container.name', facts.containerName);
  set('k8s.container.restart_count', facts.restartCount);
  for (const owner of [facts.controller, facts.owner]) {
    if (owner !== undefined && NAMED_KINDS.has(owner.kind)) set(`k8s.${owner.kind.toLowerCase()}.name`, owner.name);
  }
  set('container.id', facts.containerId);
  const image = facts.containerImage === undefined ? undefined : splitImage(facts.containerImage);
  set('container.image.name', image?.name);
  set('container.image.tag', image?.tag);
  const setAll = (prefix: string, labels: Readonly<Record<string, string>>): void => {
    const named = labelNames === 'dedotted' ? dedottedLabels(labels) : Object.entries(labels);
    for (const [name, value] of named) set(`${prefix}.${name}`, value);
  };
  setAll('k8s.pod.label', facts.labels);
  setAll('k8s.namespace.label', facts.namespaceLabels);
  setAll('k8s.pod.annotation', facts.annotations);
  setService(facts, image, set);
  // The application's own word, where the operator lets it through, is the last one.
  for (const [name, value] of Object.entries(facts.annotations)) {
    if (name.startsWith(RESOURCE_ANNOTATION)) set(name.slice(RESOURCE_ANNOTATION.length), value);
  }
  return attributes;
}

/** Attributes of a record that are the same for every record of a container's stream. */
export function otelRecordAttributes(
  facts: ContainerFacts,
  stream: 'stdout' | 'stderr',
): ReadonlyMap<'log.iostream' | 'log.file.path', string> {
  if (facts.path === undefined) return new Map();
  return new Map([
    ['log.iostream', stream],
    ['log.file.path', facts.path],
  ]);
}

const RESOURCE_ANNOTATION = 'resource.opentelemetry.io/';

/** The conventions name these and no other kinds. */
const NAMED_KINDS: ReadonlySet<string> = new Set([
  'Deployment',
  'ReplicaSet',
  'StatefulSet',
  'DaemonSet',
  'Job',
  'CronJob',
]);

/** Order of kinds in `service.name`'s rule. A pod has one owner, and that one's controller at most. */
const SERVICE_KINDS = ['Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet', 'CronJob', 'Job'] as const;

function setService(
  facts: ContainerFacts,
  image: Image | undefined,
  set: (name: string, value: string | undefined) => void,
): void {
  const { labels, namespace, podName, containerName } = facts;
  // Nothing to name where no pod stands behind the file.
  if (podName === undefined) return;
  const owners: readonly (Owner | undefined)[] = [facts.owner, facts.controller];
  const ownerName = SERVICE_KINDS.map((kind) => owners.find((owner) => owner?.kind === kind)?.name).find(
    (name) => name !== undefined,
  );
  set('service.namespace', namespace);
  set('service.name', labels['app.kubernetes.io/instance'] ?? labels['app.kubernetes.io/name'] ?? ownerName ?? podName);
  set('service.version', labels['app.kubernetes.io/version'] ?? image?.tag);
  if (namespace !== undefined && containerName !== undefined) {
    set('service.instance.id', `${namespace}.${podName}.${containerName}`);
  }
}

interface Image {
  readonly name: string;
  readonly tag: string | undefined;
}

/** `host:5000/shop/web:1.4@sha256:…` in parts: a colon before the last slash belongs to the registry's port. */
function splitImage(image: string): Image {
  const [named = image] = image.split('@', 1);
  const colon = named.indexOf(':', named.lastIndexOf('/') + 1);
  if (colon === -1) return { name: named, tag: undefined };
  return { name: named.slice(0, colon), tag: named.slice(colon + 1) };
}
