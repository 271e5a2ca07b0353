/** A clock that stands still until a test moves it. */
import { type Clock, sleepOn, type Timer } from './clock.ts';

interface PendingTimer {
  readonly atMs: number;
  readonly fire: () => void;
}

export class FakeClock implements Clock {
  readonly #startMs: number;
  #elapsedMs = 0;
  readonly #pending = new Set<PendingTimer>();

  /** @param startMs Unix time at which the clock starts; monotonicMs() starts at 0 */
  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#startMs = startMs;
  }

  nowMs(): number {
    return this.#startMs + this.#elapsedMs;
  }

  monotonicMs(): number {
    return this.#elapsedMs;
  }

  setTimer(delayMs: number, fire: () => void): Timer {
    const timer = { atMs: this.#elapsedMs + Math.max(0, delayMs), fire };
    this.#pending.add(timer);
    return { cancel: () => this.#pending.delete(timer) };
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, delayMs, signal);
  }

  /** How many timers are set: lets a test wait until the code under test sleeps. */
  get pendingTimers(): number {
    return this.#pending.size;
  }

  /** Moves time on, firing what falls due in order of time, each timer with the promises it settles before the next. */
  async advance(byMs: number): Promise<void> {
    const untilMs = this.#elapsedMs + byMs;
    await settlePromises();
    for (let due = this.#earliest(untilMs); due !== undefined; due = this.#earliest(untilMs)) {
      this.#pending.delete(due);
      this.#elapsedMs = due.atMs;
      due.fire();
      await settlePromises();
    }
    this.#elapsedMs = untilMs;
  }

  /** The first timer due by then; of those due at the same time, the one set first. */
  #earliest(untilMs: number): PendingTimer | undefined {
    let earliest: PendingTimer | undefined;
    for (const timer of this.#pending) {
      if (timer.atMs <= untilMs && (earliest === undefined || timer.atMs < earliest.atMs)) earliest = timer;
    }
    return earliest;
  }
}

/** An immediate runs only when every promise that can settle without I/O has settled. */
function settlePromises(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
