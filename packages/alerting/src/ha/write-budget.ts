/** So many writes a second, and no more, however much there is to write: a token bucket. */
import type { Clock } from '@vigie/core/clock';

export interface WriteRate {
  readonly perSecond: number;
  /** At once, after a pause. */
  readonly burst: number;
}

export class WriteBudget {
  readonly #rate: WriteRate;
  readonly #clock: Clock;
  #tokens: number;
  #refilledAtMs: number;

  constructor(rate: WriteRate, clock: Clock) {
    this.#rate = rate;
    this.#clock = clock;
    this.#tokens = rate.burst;
    this.#refilledAtMs = clock.monotonicMs();
  }

  /** Resolves when one write may be made. One waits at a time.
   *  @throws the signal's reason */
  async take(signal: AbortSignal): Promise<void> {
    for (;;) {
      this.#refill();
      if (this.#tokens >= 1) break;
      await this.#clock.sleep(Math.ceil(((1 - this.#tokens) * 1000) / this.#rate.perSecond), signal);
    }
    this.#tokens -= 1;
  }

  #refill(): void {
    const nowMs = this.#clock.monotonicMs();
    const { burst, perSecond } = this.#rate;
    this.#tokens = Math.min(burst, this.#tokens + ((nowMs - this.#refilledAtMs) * perSecond) / 1000);
    this.#refilledAtMs = nowMs;
  }
}
