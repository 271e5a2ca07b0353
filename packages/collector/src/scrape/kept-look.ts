/** A look at all targets that is good for a while. */
import type { Clock } from '@vigie/core/clock';

/** Each request for the metrics of pods asks of every series; all targets are gone through at most so often. */
const KEPT_MS = 5000;

/** @returns what was seen in the last five seconds; else it looks again */
export function keptLook<T>(look: () => T, clock: Pick<Clock, 'monotonicMs'>): () => T {
  let kept: { readonly seen: T; readonly atMs: number } | undefined;
  return () => {
    const nowMs = clock.monotonicMs();
    if (kept === undefined || nowMs - kept.atMs >= KEPT_MS) kept = { seen: look(), atMs: nowMs };
    return kept.seen;
  };
}
