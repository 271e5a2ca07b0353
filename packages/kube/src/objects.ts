/** The objects of Kubernetes, with the fields that are needed of them and no others. */
import { VigieError } from '@vigie/core/errors';

export interface ObjectMeta {
  readonly name: string;
  /** Empty for what is not in a namespace. */
  readonly namespace: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** The object that created and looks after another. */
export interface Owner {
  /** `ReplicaSet`, `StatefulSet`, `DaemonSet`, `Job`, `Node`, or a kind of some operator. */
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  /** `apps/v1`, `batch/v1`. */
  readonly apiVersion: string;
}

export interface PodContainer {
  readonly name: string;
  readonly type: 'init' | 'app' | 'ephemeral';
  /** As in the pod's spec. */
  readonly image: string;
  /** `registry/name@sha256:…` as the runtime resolved it; empty until it is pulled. */
  readonly imageId: string;
  /** Of the runtime, without `containerd://`; empty until it is created. */
  readonly containerId: string;
  readonly restartCount: number;
}

export interface Pod extends ObjectMeta {
  /** The owner that is the controller, else the first. */
  readonly owner: Owner | undefined;
  /** Empty until it is scheduled. */
  readonly nodeName: string;
  /** `Pending`, `Running`, `Succeeded`, `Failed`, `Unknown`. */
  readonly phase: string;
  /** Empty until it has one. */
  readonly podIp: string;
  /** RFC 3339; empty until the kubelet has seen it. */
  readonly startTime: string;
  /** It is being deleted. */
  readonly isTerminating: boolean;
  readonly containers: readonly PodContainer[];
}

/** core/v1's Event. Times are RFC 3339, empty where not set. */
export interface KubeEvent extends ObjectMeta {
  readonly involvedObject: ObjectReference;
  readonly related: ObjectReference | undefined;
  readonly reason: string;
  /** For people. */
  readonly message: string;
  /** `Normal`, `Warning`. */
  readonly type: string;
  readonly action: string;
  readonly count: number;
  readonly creationTime: string;
  readonly firstTime: string;
  readonly lastTime: string;
  readonly eventTime: string;
  readonly reportingComponent: string;
  readonly reportingInstance: string;
  /** The node, of what a kubelet reports. */
  readonly sourceHost: string;
}

export interface ObjectReference {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly apiVersion: string;
  /** `spec.containers{web}`. */
  readonly fieldPath: string;
}

/** How a kind is decoded: for a Reflector. */
export interface ObjectForm<T> {
  /** Copies what is needed out of a parsed object, so that the rest of it can go.
   *  @throws {VigieError} KUBE_OBJECT_INVALID for what is no such object */
  decode(object: unknown): T;
}

/** Of `kubectl apply`: the object once more, of no use to a reader and up to 256 KB. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** @param keepsAnnotation by key; all but kubectl's copy of the object unless given */
export function podForm(keepsAnnotation?: (key: string) => boolean): ObjectForm<Pod> {
  return {
    decode: (object) => {
      const metadata = at(object, 'metadata');
      const spec = at(object, 'spec');
      const status = at(object, 'status');
      return {
        ...metaOf(object, keepsAnnotation),
        owner: ownerOf(listAt(metadata, 'ownerReferences')),
        nodeName: textAt(spec, 'nodeName'),
        phase: textAt(status, 'phase'),
        podIp: textAt(status, 'podIP'),
        startTime: textAt(status, 'startTime'),
        isTerminating: textAt(metadata, 'deletionTimestamp') !== '',
        containers: [
          ...containersOf('init', listAt(spec, 'initContainers'), listAt(status, 'initContainerStatuses')),
          ...containersOf('app', listAt(spec, 'containers'), listAt(status, 'containerStatuses')),
          ...containersOf(
            'ephemeral',
            listAt(spec, 'ephemeralContainers'),
            listAt(status, 'ephemeralContainerStatuses'),
          ),
        ],
      };
    },
  };
}

/** Metadata of any kind, as of a Namespace; asked for as PartialObjectMetadata, so that the server sends no more. */
export function metadataForm(keepsAnnotation?: (key: string) => boolean): ObjectForm<ObjectMeta> {
  return { decode: (object) => metaOf(object, keepsAnnotation) };
}

export const eventForm: ObjectForm<KubeEvent> = {
  decode: (object) => {
    const series = at(object, 'series');
    const source = at(object, 'source');
    const related = at(object, 'related');
    return {
      ...metaOf(object),
      involvedObject: referenceOf(at(object, 'involvedObject')),
      related: related == null ? undefined : referenceOf(related),
      reason: textAt(object, 'reason'),
      message: textAt(object, 'message'),
      type: textAt(object, 'type'),
      action: textAt(object, 'action'),
      // Of the newer API the count stands in the series, of the older one beside it.
      count: numberAt(series, 'count') ?? numberAt(object, 'count') ?? 1,
      creationTime: textAt(at(object, 'metadata'), 'creationTimestamp'),
      firstTime: textAt(object, 'firstTimestamp'),
      lastTime: textAt(series, 'lastObservedTime') || textAt(object, 'lastTimestamp'),
      eventTime: textAt(object, 'eventTime'),
      reportingComponent: textAt(object, 'reportingComponent') || textAt(source, 'component'),
      reportingInstance: textAt(object, 'reportingInstance'),
      sourceHost: textAt(source, 'host'),
    };
  },
};

function metaOf(object: unknown, keepsAnnotation?: (key: string) => boolean): ObjectMeta {
  const metadata = at(object, 'metadata');
  const name = textAt(metadata, 'name');
  if (name === '') throw new VigieError('KUBE_OBJECT_INVALID', 'an object without metadata.name');
  return {
    name,
    namespace: textAt(metadata, 'namespace'),
    uid: textAt(metadata, 'uid'),
    resourceVersion: textAt(metadata, 'resourceVersion'),
    labels: textsAt(metadata, 'labels', () => true),
    annotations: textsAt(metadata, 'annotations', keepsAnnotation ?? ((key) => key !== LAST_APPLIED)),
  };
}

function ownerOf(references: readonly unknown[]): Owner | undefined {
  const reference = references.find((candidate) => at(candidate, 'controller') === true) ?? references[0];
  if (reference === undefined) return undefined;
  return {
    kind: textAt(reference, 'kind'),
    name: textAt(reference, 'name'),
    uid: textAt(reference, 'uid'),
    apiVersion: textAt(reference, 'apiVersion'),
  };
}

function containersOf(
  type: PodContainer['type'],
  specs: readonly unknown[],
  statuses: readonly unknown[],
): readonly PodContainer[] {
  return specs.map((spec) => {
    const name = textAt(spec, 'name');
    const status = statuses.find((candidate) => textAt(candidate, 'name') === name);
    return {
      name,
      type,
      image: textAt(spec, 'image'),
      imageId: textAt(status, 'imageID'),
      containerId: textAt(status, 'containerID').replace(/^[a-z0-9.+-]+:\/\//, ''),
      restartCount: numberAt(status, 'restartCount') ?? 0,
    };
  });
}

function referenceOf(reference: unknown): ObjectReference {
  return {
    kind: textAt(reference, 'kind'),
    namespace: textAt(reference, 'namespace'),
    name: textAt(reference, 'name'),
    uid: textAt(reference, 'uid'),
    apiVersion: textAt(reference, 'apiVersion'),
    fieldPath: textAt(reference, 'fieldPath'),
  };
}

function at(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
}

function textAt(value: unknown, name: string): string {
  const member = at(value, name);
  return typeof member === 'string' ? member : '';
}

function numberAt(value: unknown, name: string): number | undefined {
  const member = at(value, name);
  return typeof member === 'number' ? member : undefined;
}

function listAt(value: unknown, name: string): readonly unknown[] {
  const member = at(value, name);
  return Array.isArray(member) ? member : [];
}

function textsAt(value: unknown, name: string, keeps: (key: string) => boolean): Readonly<Record<string, string>> {
  const member = at(value, name);
  if (typeof member !== 'object' || member === null) return NONE;
  const entries = Object.entries(member).filter(([key, text]) => typeof text === 'string' && keeps(key));
  return entries.length === 0 ? NONE : Object.fromEntries(entries);
}

/** One for all that have none. */
const NONE: Readonly<Record<string, string>> = Object.freeze({});
