/** The clock of a process that shares no clock with the others of a test: it shows another time than theirs, up to half an hour off, runs up to 2 % too
 *  fast or too slow, and its timers stop and end with the process. Never part of the product. */
import { type Clock, sleepOn, type Timer } from '@vigie/core/clock';
import type { Random } from '@vigie/core/random';

const MOST_SKEW_MS = 1_800_000;
const MOST_DRIFT = 0.02;

export class ProcessClock implements Clock {
  readonly #clock: Clock;
  readonly #skewMs: number;
  readonly #rate: number;
  #isDead = false;
  #isStopped = false;
  /** What the timers of a stopped process do when it goes on. */
  #backlog: (() => void)[] = [];

  /** @param clock by which the test goes */
  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#skewMs = (random() * 2 - 1) * MOST_SKEW_MS;
    this.#rate = 1 + (random() * 2 - 1) * MOST_DRIFT;
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** As SIGKILL. */
  kill(): void {
    this.#isDead = true;
  }

  /** As SIGSTOP. */
  stop(): void {
    this.#isStopped = true;
  }

  /** As SIGCONT. */
  goOn(): void {
    this.#isStopped = false;
    for (const act of this.#backlog.splice(0)) act();
  }

  nowMs(): number {
    return this.#clock.nowMs() + this.#skewMs;
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs() * this.#rate;
  }

  setTimer(delayMs: number, fire: () => void): Timer {
    let isCancelled = false;
    const act = (): void => {
      if (this.#isDead || isCancelled) return;
      if (this.#isStopped) this.#backlog.push(act);
      else fire();
    };
    const timer = this.#clock.setTimer(delayMs / this.#rate, act);
    return {
      cancel: () => {
        isCancelled = true;
        timer.cancel();
      },
    };
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, delayMs, signal);
  }
}
