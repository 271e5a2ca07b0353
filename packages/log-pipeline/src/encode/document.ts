/** One log record as a JSON document. Everything but time, stream, message and offset is the same for every
 *  record of a container's generation, so it is serialised once, into the constant pieces that the encoder copies. */
import { ecsFields, type Field } from './ecs-fields.ts';
import type { JsonLineShape } from './json-lines.ts';
import { flatMembers, nestedMembers } from './json-members.ts';
import { otelResourceAttributes } from './otel-attributes.ts';

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
  /** Of the file; undefined for a record that no file stands behind, which has no stream either. */
  readonly path: string | undefined;
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

/** `ecs`: nested, as the Elastic Common Schema has it. `flat`: the same fields, named by their paths in one object.
 *  `otel`: one object of OpenTelemetry's attribute names and `body`. Each begins with `@timestamp`. */
export const DOCUMENT_FORMATS = ['ecs', 'flat', 'otel'] as const;
export type DocumentFormat = (typeof DOCUMENT_FORMATS)[number];

/** Members of an ECS document's root. */
export const DOCUMENT_ROOT_NAMES: readonly string[] = [
  '@timestamp',
  'message',
  'stream',
  'kubernetes',
  'container',
  'orchestrator',
  'log',
  'data_stream',
];

/** The same as paths, which a transform that merges at the root keeps clear of. `log` is shared: ECS loggers write
 *  `log.level` and `log.logger`, and these may stand beside ours. */
export const DOCUMENT_PATHS: readonly string[] = DOCUMENT_ROOT_NAMES.flatMap((name) =>
  name === 'log' ? ['log.file', 'log.offset', 'log.flags'] : [name],
);

const OTEL_RESOURCE_PATHS: readonly string[] = ['k8s', 'container', 'service', 'deployment', 'data_stream'];
const OTEL_PATHS: readonly string[] = [
  '@timestamp',
  'body',
  'log.iostream',
  'log.file',
  'log.offset',
  'log.flags',
  ...OTEL_RESOURCE_PATHS,
];

/** The paths that documents of a format have of their own. */
export function documentPaths(format: DocumentFormat): readonly string[] {
  return format === 'otel' ? OTEL_PATHS : DOCUMENT_PATHS;
}

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
  format: DocumentFormat = 'ecs',
): JsonLineShape {
  const document = '{"@timestamp":"';
  const { stream, message } = format === 'otel' ? OTEL_NAMES : ECS_NAMES;
  return {
    id: opening.id,
    head: bytes(opening.id === 'none' ? opening.head + document : `${opening.head}${facts.idPrefix}-`),
    afterId: bytes(opening.id === 'none' ? '' : opening.afterId + document),
    stdout: bytes(`"${streamMember(facts, stream, 'stdout')},"${message}":"`),
    stderr: bytes(`"${streamMember(facts, stream, 'stderr')},"${message}":"`),
    stdoutBare: bytes(`"${streamMember(facts, stream, 'stdout')}`),
    stderrBare: bytes(`"${streamMember(facts, stream, 'stderr')}`),
    afterMessage: bytes('"'),
    beforeOffset: bytes(beforeOffset(facts, dataStream, format)),
    tails: format === 'ecs' ? NESTED_TAILS : FLAT_TAILS,
  };
}

function streamMember({ path }: RecordFacts, name: string, stream: 'stdout' | 'stderr'): string {
  return path === undefined ? '' : `,"${name}":"${stream}"`;
}

const ECS_NAMES = { stream: 'stream', message: 'message' };
const OTEL_NAMES = { stream: 'log.iostream', message: 'body' };

function beforeOffset(facts: RecordFacts, dataStream: DataStreamMembers | undefined, format: DocumentFormat): string {
  // What tells records without a file apart is a number all the same.
  const path: Field[] = facts.path === undefined ? [] : [[['log', 'file', 'path'], facts.path]];
  if (format === 'ecs') {
    const members = nestedMembers(ecsFields(facts, dataStream));
    const file = facts.path === undefined ? '' : `${nestedMembers([[['file', 'path'], facts.path]])},`;
    // The object `log` stays open for the offset and the flags.
    return `,${members}${members === '' ? '' : ','}"log":{${file}"offset":`;
  }
  const fields = format === 'flat' ? ecsFields(facts, dataStream) : otelFields(facts, dataStream);
  const members = flatMembers([...fields, ...path]);
  return `,${members}${members === '' ? '' : ','}"log.offset":`;
}

/** An annotation may name an attribute of any name: those that a transform could write as well, or that a record has
 *  of its own, are left to OTLP, which keeps a resource's attributes apart. */
function otelFields(facts: RecordFacts, dataStream: DataStreamMembers | undefined): Field[] {
  const fields = Array.from(
    otelResourceAttributes(facts, 'dedotted'),
    ([name, value]): Field => [[name], value],
  ).filter(([[name = '']]) => OTEL_RESOURCE_PATHS.some((path) => name.startsWith(`${path}.`)));
  for (const [name, value] of Object.entries(dataStream ?? {})) fields.push([['data_stream', name], value]);
  return fields;
}

const NESTED_TAILS = tails('flags', '}}\n');
const FLAT_TAILS = tails('log.flags', '}\n');

/** Bits of the index: 1 truncated, 2 unparsed, 4 partial. */
function tails(name: string, end: string): readonly Uint8Array[] {
  return Array.from({ length: 8 }, (_, bits) => {
    const flags = ['truncated', 'unparsed', 'partial'].filter((_name, bit) => (bits & (1 << bit)) !== 0);
    return bytes(flags.length === 0 ? end : `,"${name}":${JSON.stringify(flags)}${end}`);
  });
}

function bytes(text: string): Uint8Array {
  return Buffer.from(text);
}
