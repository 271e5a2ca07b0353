/** Which failures the history is to be told of: a receiver that is down for a night fails a thousand times for each group, and what happened to alerts
 *  meanwhile would have to make room for that. */
import type { Clock } from '@vigie/core/clock';
import type { SendEvent } from '../history/history-event.ts';

/** How often the same failure is told again. */
const AGAIN_MS = 10 * 60_000;
/** Of an integration; beyond, failures are told more often rather than not. */
const MOST_GROUPS = 10_000;

interface Told {
  readonly what: string;
  readonly atMs: number;
}

export class RepeatedFailures {
  readonly #clock: Clock;
  /** By integration, of those to which nothing has been sent since, and group. */
  readonly #told = new Map<string, Map<string, Told>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether it is a failure like the last one of its group, which the history has behind all that was sent to the integration. */
  hides({ kind, integration, groupKey, problem, firing, resolved }: SendEvent): boolean {
    if (kind === 'sent') {
      this.#told.delete(integration);
      return false;
    }
    const groups = this.#told.get(integration) ?? new Map<string, Told>();
    this.#told.set(integration, groups);
    const what = JSON.stringify([problem, firing, resolved]);
    const atMs = this.#clock.monotonicMs();
    const last = groups.get(groupKey);
    if (last?.what === what && atMs - last.atMs < AGAIN_MS) return true;
    if (last === undefined && groups.size >= MOST_GROUPS) groups.clear();
    groups.set(groupKey, { what, atMs });
    return false;
  }
}
