/** Runs an action never twice at a time. */

/** @returns asks for a run that begins after the call: callers that come while one runs share the next.
 *  Its promise settles as that run does. */
export function coalesce<T>(run: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  let next: Promise<T> | undefined;

  const begin = (): Promise<T> => {
    const current = run().finally(() => {
      if (running === current) running = undefined;
    });
    running = current;
    return current;
  };
  const beginNext = (): Promise<T> => {
    next = undefined;
    return begin();
  };
  return () => {
    // Asked for first: the running one may have ended, and the next not begun, a few microtasks ago.
    if (next !== undefined) return next;
    if (running === undefined) return begin();
    // Whatever became of the running one: whoever asked for it has its outcome.
    next = running.then(beginNext, beginNext);
    return next;
  };
}
