import type { Clock } from '@vigie/core/clock';

/** What `pending` gives, or `late` when that takes longer. Nothing can call off a system call that hangs: who asks goes on
 *  without it, and must not ask again while it has not returned.
 *  @throws what `pending` throws in time */
export async function withinTime<T>(pending: Promise<T>, limitMs: number, clock: Clock): Promise<T | 'late'> {
  let passed: (() => void) | undefined;
  const limit = new Promise<'late'>((resolve) => {
    passed = () => resolve('late');
  });
  const timer = clock.setTimer(limitMs, () => passed?.());
  // Where it fails after the limit, nobody listens any more.
  pending.catch(() => undefined);
  try {
    return await Promise.race([pending, limit]);
  } finally {
    timer.cancel();
  }
}
