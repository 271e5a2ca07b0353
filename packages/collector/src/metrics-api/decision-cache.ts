/** Answers that hold for some seconds, so that a thousand requests of one client ask the API server once. */
import type { Clock } from '@vigie/core/clock';

interface Entry<T> {
  readonly decision: Promise<T>;
  untilMs: number;
}

/** Bounded: what was decided first goes first. */
export class DecisionCache<T> {
  readonly #clock: Clock;
  readonly #keepsMs: (decision: T) => number;
  readonly #capacity: number;
  readonly #entries = new Map<string, Entry<T>>();

  /** @param keepsMs how long a decision holds; 0 for one that is asked for again each time, as an outage */
  constructor(clock: Clock, keepsMs: (decision: T) => number, capacity: number) {
    this.#clock = clock;
    this.#keepsMs = keepsMs;
    this.#capacity = capacity;
  }

  /** Those who ask for a key while it is being decided share the answer.
   *  @throws what `decide` throws */
  get(key: string, decide: () => Promise<T>): Promise<T> {
    const nowMs = this.#clock.monotonicMs();
    const known = this.#entries.get(key);
    if (known !== undefined && nowMs < known.untilMs) return known.decision;
    // Set again, at the end of the order.
    this.#entries.delete(key);
    const entry: Entry<T> = { decision: decide(), untilMs: Number.POSITIVE_INFINITY };
    this.#entries.set(key, entry);
    for (const [oldest] of this.#entries) {
      if (this.#entries.size <= this.#capacity) break;
      this.#entries.delete(oldest);
    }
    entry.decision.then(
      (decision) => {
        entry.untilMs = this.#clock.monotonicMs() + this.#keepsMs(decision);
      },
      () => {
        entry.untilMs = Number.NEGATIVE_INFINITY;
      },
    );
    return entry.decision;
  }
}
