import type { Clock } from '@vigie/core/clock';

/** What `end` has not done within `graceMs`, or when `signal` aborts, it is to give up. Not AbortSignal.any of a timeout: on
 *  Node 20 the timeout, which nobody else holds, is collected as garbage and never comes. */
export async function withGrace(
  graceMs: number,
  clock: Clock,
  signal: AbortSignal,
  end: (grace: AbortSignal) => Promise<void>,
): Promise<void> {
  const grace = new AbortController();
  const abort = (): void => grace.abort(signal.reason);
  const timer = clock.setTimer(graceMs, () => grace.abort(new DOMException('the grace time is over', 'TimeoutError')));
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  try {
    await end(grace.signal);
  } finally {
    timer.cancel();
    signal.removeEventListener('abort', abort);
  }
}
