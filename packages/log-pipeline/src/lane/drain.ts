import type { Nap } from './nap.ts';
import type { Requests } from './requests.ts';

/** Waits until a lane that was told to stop has ended and its requests have landed. When `signal` aborts they are given
 *  up, and the lane's loop is woken to see it. */
export async function drain(
  loop: Promise<void> | undefined,
  requests: Pick<Requests, 'abort' | 'landed'>,
  nap: Pick<Nap, 'wake'>,
  signal: AbortSignal,
): Promise<void> {
  const abort = (): void => {
    requests.abort(signal.reason);
    nap.wake();
  };
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  await loop;
  await requests.landed();
  signal.removeEventListener('abort', abort);
}
