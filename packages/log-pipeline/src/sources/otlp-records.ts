/** OTLP's log records as the pipeline's own. */

import type { LogRecord, LogsRequest } from '@vigie/wire/otlp/logs';
import type { AnyValue, KeyValue } from '@vigie/wire/otlp/values';
import type { Owner } from '../encode/document.ts';
import { severityMember } from '../kernel/severity.ts';
import type { PushedGroup, PushedRecord } from '../lane/push-lane.ts';
import { joinTexts, Members, type MemberValue } from './members.ts';
import { type Origin, Origins, originFacts, type PlaceFacts, Sequence } from './origins.ts';
import { rfc3339OfNanos } from './rfc3339.ts';

const MAX_SEVERITY = 24;
const LEVEL = 'log.level';
const POD_LABEL = 'k8s.pod.label.';

/** Beside these a record has its facts from the resource; what they do not hold becomes members. */
const OWNERS: ReadonlyMap<string, string> = new Map([
  ['k8s.deployment.name', 'Deployment'],
  ['k8s.statefulset.name', 'StatefulSet'],
  ['k8s.daemonset.name', 'DaemonSet'],
  ['k8s.cronjob.name', 'CronJob'],
  ['k8s.job.name', 'Job'],
  ['k8s.replicaset.name', 'ReplicaSet'],
]);

/** Turns requests into groups, one for each resource. Names follow the semantic conventions of OpenTelemetry 1.3x. */
export class OtlpRecords {
  readonly #origins = new Origins<OtlpOrigin>();
  readonly #sequence = new Sequence();
  readonly #place: () => PlaceFacts;
  readonly #reserved: readonly string[];

  /** @param reserved paths that documents have themselves */
  constructor(place: () => PlaceFacts, reserved: readonly string[]) {
    this.#place = place;
    this.#reserved = reserved;
  }

  groupsOf(request: LogsRequest, nowMs: number): PushedGroup[] {
    const place = this.#place();
    const groups: PushedGroup[] = [];
    for (const { resource, scopeLogs } of request.resourceLogs) {
      const origin = this.#originOf(resource, place);
      const records: PushedRecord[] = [];
      for (const { scope, logRecords } of scopeLogs) {
        for (const record of logRecords) records.push(this.#record(record, scope.name, origin, nowMs));
      }
      if (records.length > 0) groups.push({ facts: origin.facts, records });
    }
    return groups;
  }

  #originOf(resource: readonly KeyValue[], place: PlaceFacts): OtlpOrigin {
    const key = JSON.stringify(resource.map(({ key: name, value }) => [name, plainOf(value)]));
    return this.#origins.of(place, key, () => {
      const members = new Members(this.#reserved);
      const said: Said = {};
      const labels: [string, string][] = [];
      const owners: Owner[] = [];
      for (const { key: name, value } of resource) {
        const plain = plainOf(value);
        const text = typeof plain === 'string' ? plain : JSON.stringify(plain);
        const kind = OWNERS.get(name);
        if (kind !== undefined) owners.push({ kind, name: text });
        else if (name.startsWith(POD_LABEL)) labels.push([name.slice(POD_LABEL.length), text]);
        else if (!takeFact(said, name, text)) members.set(name, plain);
      }
      owners.sort((a, b) => ownerRank(a) - ownerRank(b));
      const [owner, controller] = owners;
      if (owner !== undefined) Object.assign(said, { owner, controller });
      said.labels = Object.fromEntries(labels);
      return { facts: originFacts(place, said), members };
    });
  }

  #record(record: LogRecord, scopeName: string, origin: OtlpOrigin, nowMs: number): PushedRecord {
    const nanos = record.timeUnixNano === 0n ? record.observedTimeUnixNano : record.timeUnixNano;
    const time = nanos === 0n ? undefined : rfc3339OfNanos(nanos);
    const severity = record.severityNumber <= MAX_SEVERITY ? record.severityNumber : MAX_SEVERITY;
    const members = new Members(this.#reserved, origin.members);
    if (scopeName !== '') members.set('otel.scope.name', scopeName);
    if (record.eventName !== '') members.set('event.name', record.eventName);
    for (const { key, value } of record.attributes) {
      if (key !== 'log.iostream' && (key !== LEVEL || severity === 0)) members.set(key, plainOf(value));
    }
    if (record.traceId.length > 0) members.set('trace.id', Buffer.from(record.traceId).toString('hex'));
    if (record.spanId.length > 0) members.set('span.id', Buffer.from(record.spanId).toString('hex'));
    const level = severity === 0 ? '' : severityMember(severity);
    const stream = record.attributes.find(({ key }) => key === 'log.iostream')?.value;
    return {
      time: time ?? new Date(nowMs).toISOString(),
      stderr: stream?.kind === 'string' && stream.value === 'stderr',
      severity,
      message: messageOf(record.body),
      members: joinTexts(level, members.text()),
      sequence: this.#sequence.next(),
    };
  }
}

interface OtlpOrigin extends Origin {
  /** Of all its records. */
  readonly members: Members;
}

type Said = { -readonly [Key in keyof PlaceFacts]: PlaceFacts[Key] };

/** @returns whether it is one of the facts that every record has a place for */
function takeFact(facts: Said, name: string, text: string): boolean {
  switch (name) {
    case 'k8s.namespace.name':
      facts.namespace = text;
      return true;
    case 'k8s.pod.name':
      facts.podName = text;
      return true;
    case 'k8s.pod.uid':
      facts.podUid = text;
      return true;
    case 'k8s.pod.ip':
      facts.podIp = text;
      return true;
    case 'k8s.container.name':
      facts.containerName = text;
      return true;
    case 'k8s.node.name':
      facts.nodeName = text;
      return true;
    case 'k8s.cluster.name':
      facts.clusterName = text;
      return true;
    case 'container.id':
      facts.containerId = text;
      return true;
    case 'container.image.name':
      facts.containerImage = text;
      return true;
    default:
      return false;
  }
}

function ownerRank({ kind }: Owner): number {
  return [...OWNERS.values()].indexOf(kind);
}

function messageOf(body: AnyValue): Uint8Array {
  if (body.kind === 'bytes') return body.value;
  const plain = plainOf(body);
  return Buffer.from(typeof plain === 'string' ? plain : plain === null ? '' : JSON.stringify(plain));
}

/** Whole numbers beyond 2^53 as text: JSON readers would round them. Bytes in base64, as OTLP's JSON has them. */
function plainOf(value: AnyValue): MemberValue {
  switch (value.kind) {
    case 'empty':
      return null;
    case 'int':
      return Number.isSafeInteger(Number(value.value)) ? Number(value.value) : String(value.value);
    case 'array':
      return value.value.map(plainOf);
    case 'kvlist':
      return Object.fromEntries(value.value.map(({ key, value: inner }) => [key, plainOf(inner)]));
    case 'bytes':
      return Buffer.from(value.value).toString('base64');
    default:
      return value.value;
  }
}
