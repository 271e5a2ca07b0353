/** A time limit beside a caller's signal. */
import type { Clock } from './clock.ts';
import { onAbort } from './on-abort.ts';

export interface Deadline {
  readonly signal: AbortSignal;
  readonly cancel: () => void;
}

/** Ends with the caller's signal and for its reason, or after the time.
 *  @param timeoutMs undefined: with the signal alone
 *  @param reason what its signal says where the time is over */
export function startDeadline(
  signal: AbortSignal,
  clock: Pick<Clock, 'setTimer'>,
  timeoutMs: number | undefined,
  reason: string,
): Deadline {
  if (timeoutMs === undefined) return { signal, cancel: () => undefined };
  const ending = new AbortController();
  const leave = onAbort(signal, () => ending.abort(signal.reason));
  if (signal.aborted) ending.abort(signal.reason);
  const timer = clock.setTimer(timeoutMs, () => ending.abort(new Error(reason)));
  return {
    signal: ending.signal,
    cancel: () => {
      timer.cancel();
      leave();
    },
  };
}
