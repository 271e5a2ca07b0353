/** Tells once more what an Event tells that is there already: it is counted in its series, and says what is to be said now, as the
 *  correlator of client-go does it. Source: client-go, tools/record/events_cache.go; kubernetes, pkg/apis/core/validation/events.go. */
import * as v from 'valibot';
import type { KubeFailure, KubeRefusal } from './answer.ts';
import { type KubeClient, resourcePath } from './client.ts';
import { eventNote, type NewEvent } from './create-event.ts';
import { microTime } from './micro-time.ts';

export type RepeatOutcome =
  | { readonly status: 'repeated' }
  /** It was told a short time ago, by whoever did. */
  | { readonly status: 'recent' }
  | KubeRefusal
  | KubeFailure;

/** By events.k8s.io/v1, in which Events are created, what one says never changes. */
const EVENTS = { group: '', version: 'v1', resource: 'events' };

const toldSchema = v.object({
  metadata: v.object({ resourceVersion: v.string() }),
  eventTime: v.nullish(v.string(), ''),
  series: v.nullish(v.object({ count: v.number(), lastObservedTime: v.string() })),
});

/** Two requests, or one where it was told less than intervalMs ago.
 *  @param event of the name of the one that is there
 *  @throws the signal's reason */
export async function repeatEvent(
  client: Pick<KubeClient, 'request'>,
  event: NewEvent,
  intervalMs: number,
  signal: AbortSignal,
): Promise<RepeatOutcome> {
  const { name, regarding, note, timeMs } = event;
  const path = resourcePath(EVENTS, regarding.namespace, name);
  const found = await client.request({ method: 'GET', path }, signal);
  if (found.status !== 'ok') return found;
  const told = v.safeParse(toldSchema, found.body);
  if (!told.success) return { status: 'failed', reason: 'protocol', detail: `${path} is no Event` };
  const { metadata, eventTime, series } = told.output;
  const toldMs = Date.parse(series?.lastObservedTime ?? eventTime);
  // Whose clock is ahead may have told it in what is the future here.
  if (Math.abs(timeMs - toldMs) < intervalMs) return { status: 'recent' };
  const body = {
    // Who changed it meanwhile has told it.
    metadata: { resourceVersion: metadata.resourceVersion },
    message: eventNote(note),
    series: { count: (series?.count ?? 1) + 1, lastObservedTime: microTime(timeMs) },
  };
  const contentType = 'application/merge-patch+json';
  const answer = await client.request({ method: 'PATCH', path, body, contentType }, signal);
  if (answer.status === 'ok') return { status: 'repeated' };
  return answer.status === 'refused' && answer.httpStatus === 409 ? { status: 'recent' } : answer;
}
