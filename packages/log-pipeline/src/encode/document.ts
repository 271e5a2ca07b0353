/** One log record as an ECS document. Everything but time, stream, message and offset is the same for every
 *  record of a container's generation, so it is serialised once, into the constant pieces that the encoder copies. */
import type { JsonLineShape } from './json-lines.ts';

/** What is known of the container that wrote a record. An absent fact leaves its member out of the document. */
export interface RecordFacts {
  readonly namespace: string | undefined;
  readonly podName: string | undefined;
  readonly podUid: string | undefined;
  readonly containerName: string | undefined;
  readonly restartCount: number | undefined;
  readonly containerId: string | undefined;
  readonly nodeName: string | undefined;
  readonly podIp: string | undefined;
  /** As the pod's status has it: `registry.example/shop/web:1.4`. */
  readonly containerImage: string | undefined;
  /** What somebody deployed: the Deployment of a ReplicaSet's pod, the CronJob of a Job's. */
  readonly owner: Owner | undefined;
  /** The ReplicaSet or Job between the pod and `owner`, where there is one. */
  readonly controller: Owner | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly namespaceLabels: Readonly<Record<string, string>>;
  /** Those that the operator picks. */
  readonly annotations: Readonly<Record<string, string>>;
  readonly clusterName: string | undefined;
  /** Metadata is configured, and of this pod none came in time: what the path says is all. */
  readonly metadataIncomplete: boolean;
  readonly path: string;
  /** 22 url-safe characters that name the generation: pod uid, container, restart, first complete line. */
  readonly idPrefix: string;
}

/** A Kubernetes object that owns a pod. */
export interface Owner {
  /** `Deployment`, `StatefulSet`, or the kind of a custom resource. */
  readonly kind: string;
  readonly name: string;
}

/** The facts of a container that nothing but its path is known of. */
export const NO_POD_METADATA = {
  podIp: undefined,
  containerImage: undefined,
  owner: undefined,
  controller: undefined,
  namespaceLabels: {},
  annotations: {},
  clusterName: undefined,
  metadataIncomplete: false,
} as const satisfies Partial<RecordFacts>;

/** Members of a document's root. */
export const DOCUMENT_ROOT_NAMES: readonly string[] = [
  '@timestamp',
  'message',
  'stream',
  'kubernetes',
  'container',
  'log',
  'data_stream',
];

/** The same as paths, which a transform that merges at the root keeps clear of. `log` is shared: ECS loggers write
 *  `log.level` and `log.logger`, and these may stand beside ours. */
export const DOCUMENT_PATHS: readonly string[] = DOCUMENT_ROOT_NAMES.flatMap((name) =>
  name === 'log' ? ['log.file', 'log.offset', 'log.flags'] : [name],
);

/** What stands before the document: nothing, or a bulk action line.
 *  `withId`: `head` ends where the id's generation prefix begins, and `afterId` closes it. */
export type Opening =
  | { readonly id: 'none'; readonly head: string }
  | { readonly id: 'offset-hash'; readonly head: string; readonly afterId: string };

export const NO_OPENING: Opening = { id: 'none', head: '' };

/** ECS `data_stream.*`: the three parts of a data stream's name. */
export interface DataStreamMembers {
  readonly type: string;
  readonly dataset: string;
  readonly namespace: string;
}

/** The pieces of every document of one container's generation, for one sink. Cost: one allocation a piece,
 *  paid when facts change. */
export function documentShape(
  facts: RecordFacts,
  opening: Opening,
  dataStream: DataStreamMembers | undefined,
): JsonLineShape {
  const document = '{"@timestamp":"';
  const members: string[] = [];
  const kubernetes = kubernetesMembers(facts);
  if (kubernetes !== '') members.push(`"kubernetes":{${kubernetes}}`);
  if (facts.containerId !== undefined) members.push(`"container":{"id":${jsonText(facts.containerId)}}`);
  if (dataStream !== undefined) {
    const { type, dataset, namespace } = dataStream;
    const parts = [`"type":${jsonText(type)}`, `"dataset":${jsonText(dataset)}`, `"namespace":${jsonText(namespace)}`];
    members.push(`"data_stream":{${parts.join(',')}}`);
  }
  members.push(`"log":{"file":{"path":${jsonText(facts.path)}},"offset":`);
  return {
    id: opening.id,
    head: bytes(opening.id === 'none' ? opening.head + document : `${opening.head}${facts.idPrefix}-`),
    afterId: bytes(opening.id === 'none' ? '' : opening.afterId + document),
    stdout: bytes('","stream":"stdout","message":"'),
    stderr: bytes('","stream":"stderr","message":"'),
    stdoutBare: bytes('","stream":"stdout"'),
    stderrBare: bytes('","stream":"stderr"'),
    afterMessage: bytes('"'),
    beforeOffset: bytes(`,${members.join(',')}`),
    tails: TAILS,
  };
}

/** Bits of the index: 1 truncated, 2 unparsed, 4 partial. */
const TAILS: readonly Uint8Array[] = Array.from({ length: 8 }, (_, bits) => {
  const flags = ['truncated', 'unparsed', 'partial'].filter((_name, bit) => (bits & (1 << bit)) !== 0);
  return bytes(flags.length === 0 ? '}}\n' : `,"flags":${JSON.stringify(flags)}}}\n`);
});

function kubernetesMembers(facts: RecordFacts): string {
  const { namespace, podName, podUid, containerName, nodeName } = facts;
  const members: string[] = [];
  if (namespace !== undefined) members.push(`"namespace":${jsonText(namespace)}`);
  const pod: string[] = [];
  if (podName !== undefined) pod.push(`"name":${jsonText(podName)}`);
  if (podUid !== undefined) pod.push(`"uid":${jsonText(podUid)}`);
  if (pod.length > 0) members.push(`"pod":{${pod.join(',')}}`);
  if (containerName !== undefined) members.push(`"container":{"name":${jsonText(containerName)}}`);
  if (nodeName !== undefined) members.push(`"node":{"name":${jsonText(nodeName)}}`);
  const labels = dedottedLabels(facts.labels);
  if (labels.size > 0) {
    const pairs = Array.from(labels, ([name, value]) => `${jsonText(name)}:${jsonText(value)}`);
    members.push(`"labels":{${pairs.join(',')}}`);
  }
  return members.join(',');
}

/** `app.kubernetes.io/name` as `app_kubernetes_io/name`: with its dots it would be an object beside the text
 *  that a plain `app` is, and Elasticsearch refuses one of the two. Of two labels that become one name, the
 *  one that had that name from the start wins: a document with the name twice would be refused. */
export function dedottedLabels(labels: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  const dedotted = new Map<string, string>();
  for (const name of Object.keys(labels).sort()) {
    const key = name.replaceAll('.', '_');
    if (key === name || !Object.hasOwn(labels, key)) dedotted.set(key, labels[name] ?? '');
  }
  return dedotted;
}

/** JSON text of a string that may hold lone surrogates (file names): they become U+FFFD, as in messages. */
export function jsonText(text: string): string {
  return JSON.stringify(LONE_SURROGATE.test(text) ? Buffer.from(text).toString() : text);
}

const LONE_SURROGATE = /\p{Surrogate}/u;

function bytes(text: string): Uint8Array {
  return Buffer.from(text);
}
