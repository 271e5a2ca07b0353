import type { Clock } from '@vigie/core/clock';

/** The wait of a loop that has nothing to do. One waits at a time; who wakes nobody leaves no trace. */
export class Nap {
  readonly #clock: Clock;
  #wake: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves when it is woken, or the time is over. */
  sleep(timeoutMs: number | undefined): Promise<void> {
    return new Promise((resolve) => {
      const timer = timeoutMs === undefined ? undefined : this.#clock.setTimer(timeoutMs, () => wake());
      const wake = (): void => {
        timer?.cancel();
        this.#wake = undefined;
        resolve();
      };
      this.#wake = wake;
    });
  }

  wake(): void {
    this.#wake?.();
  }
}
