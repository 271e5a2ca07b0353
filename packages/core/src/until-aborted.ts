import { onAbort } from './on-abort.ts';

/** Waits for work, but no longer than whoever waits may: it goes on, for others who wait, or because nobody can stop it.
 *  @throws the signal's reason, or what the work rejects with */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = onAbort(signal, () => reject(signal.reason));
    if (signal.aborted) reject(signal.reason);
    // Also when nobody waits any more: what it rejects with then is nobody's.
    work.then(resolve, reject).finally(leave);
  });
}
