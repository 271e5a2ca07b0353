/** How often a configuration was taken up, and whether that of the last attempt is in force. */
import type { Clock } from './clock.ts';

export interface ReloadCounts {
  succeeded: number;
  failed: number;
  isInForce: boolean;
  /** Unix ms, of the last that succeeded; first of the start. */
  atMs: number;
}

export function countsAtStart(clock: Pick<Clock, 'nowMs'>): ReloadCounts {
  return { succeeded: 0, failed: 0, isInForce: true, atMs: clock.nowMs() };
}

/** @param act takes it up
 *  @throws what act throws, which is counted */
export async function countReload(
  counts: ReloadCounts,
  clock: Pick<Clock, 'nowMs'>,
  act: () => Promise<void>,
): Promise<void> {
  try {
    await act();
  } catch (error) {
    counts.failed++;
    counts.isInForce = false;
    throw error;
  }
  counts.succeeded++;
  counts.isInForce = true;
  counts.atMs = clock.nowMs();
}
