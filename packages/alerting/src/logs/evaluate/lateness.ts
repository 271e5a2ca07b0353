/** How long lines take until they can be found: measured from those that came late. */
import type { Clock } from '@vigie/core/clock';
import type { LateLines } from './evaluation.ts';

export interface LatenessBounds {
  /** Also where nothing was measured. */
  readonly shortestMs: number;
  readonly longestMs: number;
}

/** Lines that may come later than what is waited for: they are found all the same, only later. */
const LATE_SHARE = 0.01;
/** What was measured counts for one to two of these. */
const PERIOD_MS = 15 * 60_000;
/** Of fewer lines a share says nothing. */
const ENOUGH_LINES = 100;

export class Lateness {
  /** Lines that came later than any that was counted in time. */
  late = 0;
  readonly #bounds: LatenessBounds;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  /** Lines by how late they were. */
  #current = new Map<number, number>();
  #before: ReadonlyMap<number, number> = new Map();
  #periodEndsMs: number;

  constructor(bounds: LatenessBounds, clock: Pick<Clock, 'monotonicMs'>) {
    this.#bounds = bounds;
    this.#clock = clock;
    this.#periodEndsMs = clock.monotonicMs() + PERIOD_MS;
  }

  observe(lines: readonly LateLines[]): void {
    this.#turn();
    for (const { latenessMs, count } of lines) {
      if (latenessMs > 0) this.late += count;
      // By the second: there are few.
      const seconds = Math.ceil(Math.min(latenessMs, 3_600_000) / 1000);
      this.#current.set(seconds, (this.#current.get(seconds) ?? 0) + count);
    }
  }

  /** What is waited for: as long as 99 of 100 lines take. */
  get delayMs(): number {
    this.#turn();
    const { shortestMs, longestMs } = this.#bounds;
    const lines = [...this.#before, ...this.#current].sort(([a], [b]) => b - a);
    const total = lines.reduce((sum, [, count]) => sum + count, 0);
    if (total < ENOUGH_LINES) return shortestMs;
    let later = 0;
    for (const [seconds, count] of lines) {
      later += count;
      if (later > total * LATE_SHARE) return Math.min(longestMs, Math.max(shortestMs, seconds * 1000));
    }
    return shortestMs;
  }

  #turn(): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs < this.#periodEndsMs) return;
    this.#before = nowMs < this.#periodEndsMs + PERIOD_MS ? this.#current : new Map();
    this.#current = new Map();
    this.#periodEndsMs = nowMs + PERIOD_MS;
  }
}
