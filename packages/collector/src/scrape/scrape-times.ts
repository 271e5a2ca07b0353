/** When a target is scraped, and what time its samples get. */
import type { Clock } from '@vigie/core/clock';

/** A scrape that begins so little late gets the time that it should have: even distances compress best. Prometheus' own, with the bound
 *  of a hundredth of the interval. */
const TOLERANCE_MS = 2;

export class ScrapeTimes {
  readonly #clock: Pick<Clock, 'nowMs' | 'monotonicMs'>;
  readonly #intervalMs: number;
  readonly #toleranceMs: number;
  /** Of the monotonic clock. */
  #dueMs: number;
  /** From the monotonic clock to Unix time; it changes when the host's clock is set. */
  #wallMs: number;

  /** @param dueMs of the first scrape, of the monotonic clock */
  constructor(intervalMs: number, dueMs: number, clock: Pick<Clock, 'nowMs' | 'monotonicMs'>) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#toleranceMs = Math.min(intervalMs / 100, TOLERANCE_MS);
    this.#dueMs = dueMs;
    this.#wallMs = clock.nowMs() - clock.monotonicMs();
  }

  /** Of the monotonic clock. */
  get dueMs(): number {
    return this.#dueMs;
  }

  /** @returns Unix ms, a whole number, for a scrape that begins now */
  stamp(): number {
    const nowMs = this.#clock.nowMs();
    const monotonicMs = this.#clock.monotonicMs();
    const wallMs = nowMs - monotonicMs;
    if (Math.abs(wallMs - this.#wallMs) > this.#toleranceMs) this.#wallMs = wallMs;
    const isInTime = Math.abs(monotonicMs - this.#dueMs) <= this.#toleranceMs;
    return Math.round(isInTime ? this.#dueMs + this.#wallMs : nowMs);
  }

  /** The next place in the interval that is not past.
   *  @returns places that have passed meanwhile */
  advance(): number {
    const missed = Math.max(0, Math.floor((this.#clock.monotonicMs() - this.#dueMs) / this.#intervalMs));
    this.#dueMs += (missed + 1) * this.#intervalMs;
    return missed;
  }
}
