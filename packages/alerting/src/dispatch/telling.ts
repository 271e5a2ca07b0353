/** The time in which receivers are told of a group. */
import type { Clock, Timer } from '@vigie/core/clock';
import type { AlertGroup } from './alert-group.ts';

/** It may take as long as until the next flush, and this long at least. */
const SHORTEST_MS = 10_000;

/** Why it ends where it has taken too long. */
export const OUT_OF_TIME = new Error('no answer in time');

/** @returns what ends it, and the timer that does when it has taken too long, to be cancelled by whoever is done before */
export function startTelling(
  { route }: Pick<AlertGroup, 'route'>,
  clock: Pick<Clock, 'setTimer'>,
): { readonly ending: AbortController; readonly timer: Timer } {
  const ending = new AbortController();
  const timer = clock.setTimer(Math.max(route.options.groupIntervalMs, SHORTEST_MS), () => ending.abort(OUT_OF_TIME));
  return { ending, timer };
}
