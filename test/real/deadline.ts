import { setTimeout as delay } from 'node:timers/promises';

/** How often a condition of an outside process is looked at. Only the speed of a suite depends on it, never its result. */
const POLL_INTERVAL_MS = 50;

/** Waits until `probe` answers with something else than undefined.
 *  @param what what is waited for, completes the sentence "gave up waiting for …"
 *  @param probe may throw: the last error is then the cause of giving up
 *  @param detail asked for when giving up: what the waiter knows of the state reached
 *  @throws {Error} when timeoutMs have passed */
export async function until<T>(
  what: string,
  timeoutMs: number,
  probe: () => Promise<T | undefined> | T | undefined,
  detail?: () => string,
): Promise<T> {
  const startedAt = performance.now();
  let lastError: unknown;
  for (;;) {
    try {
      const value = await probe();
      if (value !== undefined) return value;
      lastError = undefined;
    } catch (error) {
      if (error instanceof Impossible) throw error;
      lastError = error;
    }
    if (performance.now() - startedAt > timeoutMs) {
      throw new Error(`gave up waiting for ${what} after ${timeoutMs / 1000} s${detail ? `: ${detail()}` : ''}`, {
        cause: lastError,
      });
    }
    await delay(POLL_INTERVAL_MS);
  }
}

/** Thrown by a probe when what it waits for can no longer come, so that nobody waits for the deadline. */
export class Impossible extends Error {}
