/** Where to cut so that a head comes below its bound of memory. */
import type { SampleStore } from './sample-store.ts';

/** What one cut frees: enough that the next append does not have to cut again. */
const SHARE = 0.1;
const BUCKETS = 128;

/** @returns a time: what is before it frees at least a tenth of the bound, or -Infinity where there is nothing to free
 *  Cost: two steps a chunk; at the bound only. */
export function reclaimCut({ table, chunks }: SampleStore, maxBytes: number): number {
  let oldestMs = Number.POSITIVE_INFINITY;
  let newestMs = Number.NEGATIVE_INFINITY;
  const each = (visit: (lastMs: number, bytes: number) => void): void => {
    for (let slot = 0; slot < table.slots; slot++)
      for (let chunk = table.chunk[slot]!; chunk !== 0; chunk = chunks.olderThan(chunk))
        visit(chunks.lastMs(chunk), chunks.arena.capacity(chunk));
  };
  each((lastMs) => {
    if (lastMs < oldestMs) oldestMs = lastMs;
    if (lastMs > newestMs) newestMs = lastMs;
  });
  if (newestMs < oldestMs) return Number.NEGATIVE_INFINITY;
  const widthMs = (newestMs - oldestMs + 1) / BUCKETS;
  const bytes = new Float64Array(BUCKETS);
  each((lastMs, size) => {
    bytes[Math.floor((lastMs - oldestMs) / widthMs)]! += size;
  });
  let freed = 0;
  for (const [bucket, size] of bytes.entries()) {
    freed += size;
    if (freed >= maxBytes * SHARE) return Math.ceil(oldestMs + (bucket + 1) * widthMs);
  }
  return newestMs + 1;
}
