/** A time limit beside a caller's signal. */
import type { Clock } from '@vigie/core/clock';

export interface Deadline {
  readonly signal: AbortSignal;
  readonly cancel: () => void;
}

/** Ends with the caller's signal, and after the time.
 *  @param timeoutMs 0: with the signal alone
 *  @param reason what its signal says where the time is over */
export function startDeadline(signal: AbortSignal, clock: Clock, timeoutMs: number, reason: string): Deadline {
  if (timeoutMs <= 0) return { signal, cancel: () => undefined };
  const ending = new AbortController();
  const end = (): void => ending.abort(signal.reason);
  if (signal.aborted) end();
  else signal.addEventListener('abort', end, { once: true });
  const timer = clock.setTimer(timeoutMs, () => ending.abort(new Error(reason)));
  return {
    signal: ending.signal,
    cancel: () => {
      timer.cancel();
      signal.removeEventListener('abort', end);
    },
  };
}
