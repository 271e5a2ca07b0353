/** What a log store says of steps of time, asked for many at once and ahead of a rule that goes through them one after the other: a week of
 *  evaluations is some dozens of requests. */
import { errorCode } from '@vigie/core/errors';
import { ceilTo, floorTo } from '../logs/evaluate/steps.ts';
import { firstFrom } from '../logs/first-from.ts';
import { MAX_COUNTS, type Steps } from '../logs/log-source.ts';
import { tooMany } from '../logs/source/ask.ts';

export interface StepsAheadOptions<T> {
  readonly stepMs: number;
  /** What is behind it nobody asks for, Unix ms. */
  readonly endMs: number;
  /** All that there is of some steps, in any order.
   *  @throws {VigieError} LOGS_TOO_MANY, LOGS_REFUSED: fewer steps may do; and others */
  readonly fetch: (steps: Steps, signal: AbortSignal) => Promise<readonly T[]>;
  /** The beginning of the step that it is of, Unix ms. */
  readonly startOf: (item: T) => number;
}

/** Of one request: five hours in steps of ten seconds, far from the 11,000 that stores answer at most. */
const MOST_STEPS = 2000;
const LONGEST_MS = 24 * 3_600_000;

/** Memory: what a question is about, MAX_COUNTS at most, and the same again ahead of it. */
export class StepsAhead<T> {
  readonly #options: StepsAheadOptions<T>;
  /** Ascending by their steps. */
  #items: readonly T[] = [];
  /** Of what is known. */
  #fromMs = 0;
  #toMs = 0;
  /** Of the next request; never longer again than what a store has answered. */
  #blockMs: number;

  constructor(options: StepsAheadOptions<T>) {
    this.#options = options;
    const { stepMs } = options;
    this.#blockMs = Math.max(stepMs, floorTo(Math.min(MOST_STEPS * stepMs, LONGEST_MS), stepMs));
  }

  /** @param range multiples of the step; best asked for in the order of time
   *  @throws {VigieError} LOGS_TOO_MANY, also where the range has more than a rule may have; what `fetch` throws; the signal's reason
   *  Cost: O(log of what is known), and a request where that ends before the range does. */
  async take({ fromMs, toMs }: Pick<Steps, 'fromMs' | 'toMs'>, signal: AbortSignal): Promise<readonly T[]> {
    if (fromMs < this.#fromMs || fromMs > this.#toMs) {
      this.#items = [];
      this.#toMs = fromMs;
    }
    this.#fromMs = fromMs;
    while (this.#toMs < toMs) {
      this.#items = this.#items.slice(this.#indexOf(fromMs));
      if (this.#items.length > MAX_COUNTS) throw tooMany(`there are more than ${MAX_COUNTS} counts`);
      await this.#fetchMore({ fromMs, toMs }, signal);
    }
    const taken = this.#items.slice(this.#indexOf(fromMs), this.#indexOf(toMs));
    if (taken.length > MAX_COUNTS) throw tooMany(`there are more than ${MAX_COUNTS} counts`);
    return taken;
  }

  /** Asks for less where it is too much, but not for less than a rule does that is evaluated when its time has come. */
  async #fetchMore(asked: Pick<Steps, 'fromMs' | 'toMs'>, signal: AbortSignal): Promise<void> {
    const { stepMs, endMs, fetch, startOf } = this.#options;
    const fromMs = this.#toMs;
    const lastMs = Math.max(asked.toMs, ceilTo(endMs, stepMs));
    for (;;) {
      const toMs = Math.min(fromMs + this.#blockMs, lastMs);
      try {
        const items = await fetch({ fromMs, toMs, stepMs }, signal);
        this.#items = [...this.#items, ...items.toSorted((a, b) => startOf(a) - startOf(b))];
        this.#toMs = toMs;
        return;
      } catch (error) {
        const spanMs = toMs - fromMs;
        const code = errorCode(error);
        const isTooLong = code === 'LOGS_TOO_MANY' || code === 'LOGS_REFUSED';
        if (!isTooLong || spanMs <= asked.toMs - asked.fromMs) throw error;
        this.#blockMs = Math.max(stepMs, floorTo(spanMs / 2, stepMs));
      }
    }
  }

  #indexOf(timeMs: number): number {
    return firstFrom(this.#items, timeMs, this.#options.startOf);
  }
}
