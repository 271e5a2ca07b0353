/** The newest of events, in memory: bounded by their number and by their size, oldest first to go. */
import { bug } from '@vigie/core/errors';
import { type HistoryEvent, lengthOf } from './history-event.ts';

export interface HistoryLimits {
  readonly events: number;
  /** UTF-16 units of labels, annotations and the like; of what else an event is made, some 200 bytes come on top. */
  readonly length: number;
}

export interface NumberedEvent {
  /** Among all that there were, from 1. */
  readonly sequence: number;
  readonly event: HistoryEvent;
}

export class EventRing {
  readonly #limits: HistoryLimits;
  /** Those before #first have gone. */
  #events: (NumberedEvent | undefined)[] = [];
  #first = 0;
  #length = 0;
  #lastForgotten = 0;

  constructor(limits: HistoryLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#events.length - this.#first;
  }

  /** The number of the newest that has gone to make room; 0: none has. */
  get lastForgotten(): number {
    return this.#lastForgotten;
  }

  /** @param one with a higher number than all before */
  add(one: NumberedEvent): void {
    this.#events.push(one);
    this.#length += lengthOf(one.event);
    while (this.size > this.#limits.events || (this.#length > this.#limits.length && this.size > 1)) this.#forget();
  }

  /** Those with lower numbers. */
  *newestFirst(before: number): Generator<NumberedEvent, void> {
    for (let at = this.#placeOf(before) - 1; at >= this.#first; at--) yield this.#at(at);
  }

  /** Of the first with this number, or a higher one. */
  #placeOf(sequence: number): number {
    let from = this.#first;
    let to = this.#events.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (this.#at(middle).sequence < sequence) from = middle + 1;
      else to = middle;
    }
    return from;
  }

  #at(place: number): NumberedEvent {
    const one = this.#events[place];
    if (one === undefined) throw bug(`event ${place} of the history has gone`);
    return one;
  }

  #forget(): void {
    const oldest = this.#at(this.#first);
    this.#length -= lengthOf(oldest.event);
    this.#lastForgotten = oldest.sequence;
    this.#events[this.#first++] = undefined;
    // Moved when half is empty: each event is moved once, on the average.
    if (2 * this.#first < this.#events.length || this.#first < 1024) return;
    this.#events = this.#events.slice(this.#first);
    this.#first = 0;
  }
}
