/** Time, owned by whoever runs the code: tests put a fake in its place and never sleep. */
import { onAbort } from './on-abort.ts';

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Unix time in ms; may jump when the host's clock is set. */
  nowMs(): number;
  /** Milliseconds since an arbitrary start; never goes back. For durations and deadlines. */
  monotonicMs(): number;
  /** Calls `fire` once, `delayMs` from now, unless it is cancelled. */
  setTimer(delayMs: number, fire: () => void): Timer;
  /** Resolves after `delayMs`; rejects with the signal's reason when that aborts first. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

/** setTimeout's limit; a longer delay would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimer(delayMs, fire) {
    const handle = setTimeout(fire, Math.min(Math.max(0, delayMs), LONGEST_TIMER_MS));
    return { cancel: () => clearTimeout(handle) };
  },
  sleep(delayMs, signal) {
    return sleepOn(systemClock, delayMs, signal);
  },
};

/** `sleep` in terms of a clock's own timers. */
export function sleepOn(
  clock: Pick<Clock, 'setTimer'>,
  delayMs: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason);
      return;
    }
    const leave =
      signal &&
      onAbort(signal, () => {
        timer.cancel();
        reject(signal.reason);
      });
    const timer = clock.setTimer(delayMs, () => {
      leave?.();
      resolve();
    });
  });
}
