/** Hears of the end of a signal, as many as like to: more than ten listeners of one signal Node takes for a leak and says so in the log, and to
 *  take one of thousands back it looks at all of them. */

interface Waiting {
  /** In the order in which they are called. */
  readonly ends: Set<() => void>;
  /** The one listener of the signal. */
  readonly heard: () => void;
}

const waitingFor = new WeakMap<AbortSignal, Waiting>();

/** Calls `end`, which does not throw, once the signal aborts; never, where it has aborted already.
 *  @returns takes it back; does nothing once it was called, or taken back
 *  Cost: one listener for all that wait for the signal, and none when nobody does: a signal of AbortSignal.any would live for as long. */
export function onAbort(signal: AbortSignal, end: () => void): () => void {
  const waiting = waitingFor.get(signal) ?? listen(signal);
  // The same function may wait twice.
  const call = (): void => end();
  waiting.ends.add(call);
  return () => {
    if (!waiting.ends.delete(call) || waiting.ends.size > 0) return;
    signal.removeEventListener('abort', waiting.heard);
    if (waitingFor.get(signal) === waiting) waitingFor.delete(signal);
  };
}

function listen(signal: AbortSignal): Waiting {
  const ends = new Set<() => void>();
  const heard = (): void => {
    waitingFor.delete(signal);
    for (const end of ends) end();
    ends.clear();
  };
  signal.addEventListener('abort', heard, { once: true });
  const waiting = { ends, heard };
  waitingFor.set(signal, waiting);
  return waiting;
}
