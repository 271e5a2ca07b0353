/** Events of Kubernetes as records. */
import { createHash } from 'node:crypto';
import type { KubeEvent, ObjectReference } from '@vigie/kube/objects';
import { NO_POD_METADATA, type RecordFacts } from '@vigie/log-pipeline/encode/document';
import type { PushedGroup } from '@vigie/log-pipeline/lane/push-lane';

/** OpenTelemetry's INFO and WARN, which are the two types that Kubernetes has. */
const INFO = { severity: 9, level: 'info' };
const WARNING = { severity: 13, level: 'warn' };
const MAX_SEQUENCE = 2n ** 48n;

/** One record for each state of an event: one whose count has gone up is another record. The same state has the same id
 *  whoever reads it. */
export function groupOf(event: KubeEvent, clusterName: string | undefined, nowMs: number): PushedGroup {
  const { severity, level } = event.type === 'Warning' ? WARNING : INFO;
  const time = event.lastTime || event.eventTime || event.firstTime || event.creationTime;
  return {
    facts: factsOf(event, clusterName),
    records: [
      {
        time: time || new Date(nowMs).toISOString(),
        stderr: false,
        severity,
        message: Buffer.from(event.message),
        members: membersOf(event, level),
        sequence: sequenceOf(event.resourceVersion),
      },
    ],
  };
}

/** Of the pod that the event is about, where it is about one. */
function factsOf(
  { involvedObject, namespace, uid, sourceHost }: KubeEvent,
  clusterName: string | undefined,
): RecordFacts {
  const isPod = involvedObject.kind === 'Pod';
  const isNode = involvedObject.kind === 'Node';
  return {
    ...NO_POD_METADATA,
    namespace: involvedObject.namespace || namespace,
    podName: isPod ? involvedObject.name : undefined,
    podUid: isPod ? involvedObject.uid || undefined : undefined,
    containerName: isPod ? /^spec\.\w+\{(.+)\}$/.exec(involvedObject.fieldPath)?.[1] : undefined,
    restartCount: undefined,
    containerId: undefined,
    nodeName: sourceHost || (isNode ? involvedObject.name : undefined),
    labels: {},
    clusterName,
    path: undefined,
    idPrefix: createHash('sha256').update(`kubernetes_events\0${uid}`).digest('base64url').slice(0, 22),
  };
}

function membersOf(event: KubeEvent, level: string): string {
  const members: Record<string, string | number> = {
    'log.level': level,
    'event.kind': 'event',
    'event.id': event.uid,
    'event.reason': event.reason,
    'event.action': event.action,
    'event.created': event.firstTime || event.creationTime,
    'event.count': event.count,
    ...objectMembers('involved_object', event.involvedObject),
    ...(event.related === undefined ? {} : objectMembers('related_object', event.related)),
    'reporting.component': event.reportingComponent,
    'reporting.instance': event.reportingInstance,
  };
  return JSON.stringify(members, (_name, value: unknown) => (value === '' ? undefined : value)).slice(1, -1);
}

function objectMembers(name: string, object: ObjectReference): Record<string, string> {
  return {
    [`${name}.api_version`]: object.apiVersion,
    [`${name}.kind`]: object.kind,
    [`${name}.namespace`]: object.namespace,
    [`${name}.name`]: object.name,
    [`${name}.uid`]: object.uid,
    [`${name}.field_path`]: object.fieldPath,
  };
}

/** Versions are revisions of etcd: each change has one of its own. */
function sequenceOf(resourceVersion: string): number {
  return /^\d+$/.test(resourceVersion) ? Number(BigInt(resourceVersion) % MAX_SEQUENCE) : 0;
}
