/** How many queries are evaluated at one time; others wait in the order in which they came. */
import type { Clock } from '@vigie/core/clock';
import { ApiError } from './api-error.ts';
import type { QueryCounts } from './query-counts.ts';

interface Waiting {
  readonly start: () => void;
}

export class QuerySlots {
  readonly #maxConcurrent: number;
  readonly #clock: Clock;
  readonly #counts: QueryCounts;
  readonly #waiting = new Set<Waiting>();

  constructor(maxConcurrent: number, clock: Clock, counts: QueryCounts) {
    this.#maxConcurrent = maxConcurrent;
    this.#clock = clock;
    this.#counts = counts;
  }

  /** @param timeoutMs for waiting and work together
   *  @param work gets what is left of it
   *  @throws {ApiError} timeout or canceled while it waits; what `work` throws */
  async run<T>(
    timeoutMs: number,
    signal: AbortSignal,
    work: (left: { readonly timeoutMs: number; readonly queuedMs: number }) => Promise<T>,
  ): Promise<T> {
    const startedAtMs = this.#clock.monotonicMs();
    await this.#enter(timeoutMs, signal);
    try {
      const queuedMs = this.#clock.monotonicMs() - startedAtMs;
      return await work({ timeoutMs: Math.max(0, timeoutMs - queuedMs), queuedMs });
    } finally {
      this.#leave();
    }
  }

  async #enter(timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (this.#counts.running < this.#maxConcurrent) {
      this.#counts.running += 1;
      return;
    }
    this.#counts.waiting += 1;
    await new Promise<void>((resolve, reject) => {
      const end = (): void => {
        this.#waiting.delete(waiting);
        this.#counts.waiting -= 1;
        timer.cancel();
        signal.removeEventListener('abort', abort);
      };
      const waiting: Waiting = {
        start: () => {
          end();
          resolve();
        },
      };
      const abort = (): void => {
        end();
        reject(new ApiError('canceled', 'query was canceled in query queue', { cause: signal.reason }));
      };
      const timer = this.#clock.setTimer(timeoutMs, () => {
        end();
        reject(new ApiError('timeout', 'query timed out in query queue'));
      });
      this.#waiting.add(waiting);
      signal.addEventListener('abort', abort, { once: true });
      if (signal.aborted) abort();
    });
  }

  /** The place goes to whoever has waited longest, without becoming free in between. */
  #leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#counts.running -= 1;
    else next.start();
  }
}
