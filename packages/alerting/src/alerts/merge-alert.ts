/** What becomes of an alert that comes again. Source: Alertmanager, provider/mem/mem.go, Put, and alert/alert.go, Merge. */
import { isResolved } from '../dispatch/alert.ts';
import type { PostedAlert } from './posted-alert.ts';

/** Of two with the same labels: one alert where their times overlap, else the one that comes.
 *  @param nowMs by which those with an end before are resolved */
export function mergeAlert(known: PostedAlert, next: PostedAlert, nowMs: number): PostedAlert {
  if (!overlap(known, next)) return next;
  return next.updatedAtMs < known.updatedAtMs ? mergeYounger(next, known, nowMs) : mergeYounger(known, next, nowMs);
}

function overlap(known: PostedAlert, next: PostedAlert): boolean {
  const [knownEndMs, nextEndMs] = [endOf(known), endOf(next)];
  return (
    (nextEndMs > known.startsAtMs && nextEndMs < knownEndMs) ||
    (next.startsAtMs > known.startsAtMs && next.startsAtMs < knownEndMs)
  );
}

function mergeYounger(older: PostedAlert, younger: PostedAlert, nowMs: number): PostedAlert {
  return {
    ...younger,
    startsAtMs: Math.min(older.startsAtMs, younger.startsAtMs),
    endsAtMs: outlasts(older, younger, nowMs) ? older.endsAtMs : younger.endsAtMs,
  };
}

function outlasts(older: PostedAlert, younger: PostedAlert, nowMs: number): boolean {
  if (endOf(older) <= endOf(younger)) return false;
  return isResolved(younger, nowMs) ? isResolved(older, nowMs) : !older.hasTimeout;
}

function endOf({ endsAtMs }: PostedAlert): number {
  return endsAtMs ?? Number.POSITIVE_INFINITY;
}
