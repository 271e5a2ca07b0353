/** The newest events, in memory: bounded by their number and by their size, oldest first to go. */
import { bug } from '@vigie/core/errors';
import { type AlertMatcher, matchesAll } from '../matchers/alert-matcher.ts';
import { concerns, type EventKind, type HistoryEvent, labelsOf, lengthOf } from './history-event.ts';

export interface HistoryLimits {
  readonly events: number;
  /** UTF-16 units of labels, annotations and the like; of what else an event is made, some 200 bytes come on top. */
  readonly length: number;
}

/** A thousand alerts that come and go fifty times; 30 MB at most. */
export const DEFAULT_HISTORY_LIMITS: HistoryLimits = { events: 50_000, length: 20_000_000 };

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

export interface NumberedEvent {
  /** Among all that there were, from 1. */
  readonly sequence: number;
  readonly event: HistoryEvent;
}

export interface HistoryPage {
  /** Newest first. */
  readonly events: readonly NumberedEvent[];
  /** Whether there may be more before the last of them. */
  readonly isCut: boolean;
}

export class EventHistory {
  readonly #limits: HistoryLimits;
  /** Those before #first have gone. */
  #events: (HistoryEvent | undefined)[] = [];
  #first = 0;
  #length = 0;
  /** How many there have been before #events[0]. */
  #offset = 0;
  readonly #followers = new Set<(event: NumberedEvent) => void>();

  constructor(limits: HistoryLimits = DEFAULT_HISTORY_LIMITS) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#events.length - this.#first;
  }

  /** How many have gone to make room. */
  get forgotten(): number {
    return this.#offset + this.#first;
  }

  /** @returns its number among all */
  record(event: HistoryEvent): number {
    this.#events.push(event);
    this.#length += lengthOf(event);
    while (this.size > this.#limits.events || (this.#length > this.#limits.length && this.size > 1)) this.#forget();
    const sequence = this.#offset + this.#events.length;
    for (const follow of this.#followers) follow({ sequence, event });
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
    const start = Math.min(this.#events.length - 1, before - this.#offset - 2);
    for (let at = start; at >= this.#first; at--) {
      const event = this.#events[at];
      if (event === undefined) throw bug(`event ${at} of the history has gone`);
      if (event.timeMs < fromMs || event.timeMs > toMs || !isAskedFor(event, query)) continue;
      if (found.length === limit) return { events: found, isCut: true };
      found.push({ sequence: this.#offset + at + 1, event });
    }
    return { events: found, isCut: false };
  }

  #forget(): void {
    const oldest = this.#events[this.#first];
    if (oldest === undefined) throw bug('the history forgets an event that it does not have');
    this.#length -= lengthOf(oldest);
    this.#events[this.#first++] = undefined;
    // Moved when half is empty: each event is moved once, on the average.
    if (2 * this.#first < this.#events.length || this.#first < 1024) return;
    this.#events = this.#events.slice(this.#first);
    this.#offset += this.#first;
    this.#first = 0;
  }
}

export function isAskedFor(event: HistoryEvent, { kinds, matchers, fingerprint, receiver }: EventFilter): boolean {
  if (kinds !== undefined && !kinds.has(event.kind)) return false;
  if (receiver !== undefined && !('receiver' in event && event.receiver === receiver)) return false;
  if (fingerprint !== undefined && !concerns(event, fingerprint)) return false;
  return matchesAll(matchers, labelsOf(event));
}
