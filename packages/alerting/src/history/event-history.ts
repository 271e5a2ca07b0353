/** The newest events, in memory. Steps on the way to a notification have room of their own. */
import { type AlertMatcher, matchesAll } from '../matchers/alert-matcher.ts';
import { EventRing, type HistoryLimits, type NumberedEvent } from './event-ring.ts';
import { concerns, type EventKind, type HistoryEvent, isStep, labelsOf } from './history-event.ts';

/** A thousand alerts that come and go fifty times; 30 MB at most. */
export const DEFAULT_HISTORY_LIMITS: HistoryLimits = { events: 50_000, length: 20_000_000 };
/** Those of a thousand alerts that come and go ten times, or all of a rule with 20,000; 12 MB at most. */
export const DEFAULT_STEP_LIMITS: HistoryLimits = { events: 20_000, length: 8_000_000 };

/** Which events are asked for. */
export interface EventFilter {
  /** undefined: all. */
  readonly kinds: ReadonlySet<EventKind> | undefined;
  /** Of the labels of the alert, or of its group. */
  readonly matchers: readonly AlertMatcher[];
  readonly fingerprint: string | undefined;
  readonly receiver: string | undefined;
}

export interface HistoryQuery extends EventFilter {
  /** Unix ms, both included. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Events before this one. */
  readonly before: number;
  readonly limit: number;
}

export interface HistoryPage {
  /** Newest first. */
  readonly events: readonly NumberedEvent[];
  /** Whether there may be more before the last of them. */
  readonly isCut: boolean;
}

export class EventHistory {
  readonly #events: EventRing;
  readonly #steps: EventRing;
  #lastSequence = 0;
  readonly #followers = new Set<(event: NumberedEvent) => void>();

  /** @param limits of all events but steps */
  constructor(limits: HistoryLimits = DEFAULT_HISTORY_LIMITS, stepLimits: HistoryLimits = DEFAULT_STEP_LIMITS) {
    this.#events = new EventRing(limits);
    this.#steps = new EventRing(stepLimits);
  }

  get size(): number {
    return this.#events.size + this.#steps.size;
  }

  /** The number of the newest that has gone to make room; 0: none has. */
  get lastForgotten(): number {
    return Math.max(this.#events.lastForgotten, this.#steps.lastForgotten);
  }

  /** @returns its number among all */
  record(event: HistoryEvent): number {
    const sequence = ++this.#lastSequence;
    const one = { sequence, event };
    (isStep(event) ? this.#steps : this.#events).add(one);
    for (const follow of this.#followers) follow(one);
    return sequence;
  }

  /** @param follow is told of each event from now on; it does not throw
   *  @returns ends it */
  follow(follow: (event: NumberedEvent) => void): () => void {
    this.#followers.add(follow);
    return () => this.#followers.delete(follow);
  }

  /** Cost: O(events), a match of each that the rest of the query admits. */
  query(query: HistoryQuery): HistoryPage {
    const { fromMs, toMs, before, limit } = query;
    const found: NumberedEvent[] = [];
    for (const one of merged(this.#events.newestFirst(before), this.#steps.newestFirst(before))) {
      const { event } = one;
      if (event.timeMs < fromMs || event.timeMs > toMs || !isAskedFor(event, query)) continue;
      if (found.length === limit) return { events: found, isCut: true };
      found.push(one);
    }
    return { events: found, isCut: false };
  }
}

/** Of both, newest first, as each of them is. */
function* merged(
  events: Iterator<NumberedEvent, void>,
  steps: Iterator<NumberedEvent, void>,
): Generator<NumberedEvent, void> {
  let event = events.next();
  let step = steps.next();
  while (event.done !== true || step.done !== true) {
    if (step.done === true || (event.done !== true && event.value.sequence > step.value.sequence)) {
      if (event.done !== true) yield event.value;
      event = events.next();
    } else {
      yield step.value;
      step = steps.next();
    }
  }
}

export function isAskedFor(event: HistoryEvent, { kinds, matchers, fingerprint, receiver }: EventFilter): boolean {
  if (kinds !== undefined && !kinds.has(event.kind)) return false;
  if (receiver !== undefined && !('receiver' in event && event.receiver === receiver)) return false;
  if (fingerprint !== undefined && !concerns(event, fingerprint)) return false;
  return matchesAll(matchers, labelsOf(event));
}
