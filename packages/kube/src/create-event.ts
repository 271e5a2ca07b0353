/** Tells people, by an Event of Kubernetes, what has become of an object. Source: events.k8s.io/v1. */
import type { KubeFailure, KubeRefusal } from './answer.ts';
import { type KubeClient, resourcePath } from './client.ts';
import { microTime } from './micro-time.ts';

export interface NewEvent {
  /** Of the Event itself: who creates one of a name that is there is told so. At most 253 bytes. */
  readonly name: string;
  /** What it is about; the Event is in its namespace. */
  readonly regarding: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly namespace: string;
    readonly name: string;
    readonly uid: string;
  };
  readonly type: 'Normal' | 'Warning';
  /** A word in camel case, for machines; as `action`, what was tried. */
  readonly reason: string;
  readonly action: string;
  /** For people. What is beyond 1024 bytes is cut. */
  readonly note: string;
  /** `vigie.io/collector` */
  readonly reportingController: string;
  /** Of the pod that tells it. */
  readonly reportingInstance: string;
  /** Unix ms. */
  readonly timeMs: number;
}

export type EventOutcome =
  | { readonly status: 'created' }
  /** There is one of this name. */
  | { readonly status: 'exists' }
  | KubeRefusal
  | KubeFailure;

const EVENTS = { group: 'events.k8s.io', version: 'v1', resource: 'events' };
/** Of the API server; and of reportingInstance. */
const MAX_NOTE_BYTES = 1024;
const MAX_INSTANCE_LENGTH = 128;

/** One request.
 *  @throws the signal's reason */
export async function createEvent(
  client: Pick<KubeClient, 'request'>,
  event: NewEvent,
  signal: AbortSignal,
): Promise<EventOutcome> {
  const { name, regarding, note, reportingInstance, timeMs, ...rest } = event;
  const body = {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { namespace: regarding.namespace, name },
    eventTime: microTime(timeMs),
    reportingInstance: reportingInstance.slice(0, MAX_INSTANCE_LENGTH),
    ...rest,
    regarding,
    note: eventNote(note),
  };
  const answer = await client.request(
    { method: 'POST', path: resourcePath(EVENTS, regarding.namespace), body },
    signal,
  );
  if (answer.status === 'ok') return { status: 'created' };
  if (answer.status === 'refused' && answer.httpStatus === 409) return { status: 'exists' };
  return answer;
}

/** As much of it as the API server takes. */
export function eventNote(note: string): string {
  const bytes = Buffer.from(note);
  if (bytes.length <= MAX_NOTE_BYTES) return note;
  // A character that is cut in two is a replacement character, and three bytes.
  return `${bytes
    .subarray(0, MAX_NOTE_BYTES - 6)
    .toString('utf8')
    .replace(/\uFFFD$/, '')}…`;
}
