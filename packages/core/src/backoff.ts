/** Waits between attempts: exponential with full jitter, so that clients that failed together do not return together.
 *  Source: "Exponential Backoff and Jitter", AWS Architecture Blog, 2015. */
import type { Random } from './random.ts';

export interface BackoffOptions {
  /** Upper bound of the first wait; it doubles with each further one. */
  readonly baseMs: number;
  /** Upper bound of every wait. */
  readonly capMs: number;
}

export class Backoff {
  readonly #options: BackoffOptions;
  readonly #random: Random;
  #attempts = 0;

  constructor(options: BackoffOptions, random: Random) {
    this.#options = options;
    this.#random = random;
  }

  /** Waits handed out since the last reset. */
  get attempts(): number {
    return this.#attempts;
  }

  /** @returns the next wait in ms: uniform in [0, min(capMs, baseMs · 2^attempts)) */
  nextMs(): number {
    const boundMs = Math.min(this.#options.capMs, this.#options.baseMs * 2 ** this.#attempts);
    this.#attempts++;
    return this.#random() * boundMs;
  }

  /** After a success: the next failure starts from baseMs again. */
  reset(): void {
    this.#attempts = 0;
  }
}
