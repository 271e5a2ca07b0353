/** When a group is told next, and when again of what goes on. Pure. */
import type { AlertGroup } from './alert-group.ts';
import type { NotificationEntry } from './notification-log.ts';

export interface GroupTimers {
  /** Unix ms, as of the other. */
  readonly flushMs: number;
  /** undefined: nobody was told of it. */
  readonly repeatMs: number | undefined;
}

/** The first moments that are more than repeat_interval later than what was told, Unix ms.
 *  @param entries of the integrations that hear of the group */
export function repeatsDueMs(
  entries: readonly (NotificationEntry | undefined)[],
  repeatIntervalMs: number,
): readonly number[] {
  return entries.flatMap((entry) =>
    entry === undefined || entry.firing.size === 0 ? [] : [entry.timeMs + repeatIntervalMs + 1],
  );
}

/** @param dueMs of repeatsDueMs
 *  @param isOnTime whether repeats do not wait for a group_interval */
export function groupTimers(
  { nextFlushMs: flushMs, route }: Pick<AlertGroup, 'nextFlushMs' | 'route'>,
  dueMs: readonly number[],
  nowMs: number,
  isOnTime: boolean,
): GroupTimers {
  if (dueMs.length === 0) return { flushMs, repeatMs: undefined };
  const firstMs = Math.min(...dueMs);
  if (isOnTime && firstMs > nowMs) return { flushMs, repeatMs: firstMs };
  const { groupIntervalMs } = route.options;
  const flushes = Math.max(0, Math.ceil((firstMs - flushMs) / groupIntervalMs));
  return { flushMs, repeatMs: flushMs + flushes * groupIntervalMs };
}
