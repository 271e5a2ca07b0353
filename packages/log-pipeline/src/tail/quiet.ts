/** When nobody writes any more. */
import type { Clock } from '@vigie/core/clock';

/** Of a Catalog. */
export interface FoundFiles {
  reconcile(): Promise<void>;
  readonly logs: ReadonlyMap<string, { readonly generations: readonly { readonly sizeBytes: number }[] }>;
}

/** How often it is looked. */
const LOOK_MS = 50;

/** Resolves when neither the files of these catalogs nor `taken` have grown for `quietMs`: in a pod without a native sidecar
 *  the application gets its SIGTERM when the sidecar does, and has its last words to say.
 *  @param taken counts what comes by other ways
 *  @throws the signal's reason */
export async function untilQuiet(
  catalogs: readonly FoundFiles[],
  taken: () => number,
  quietMs: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  let before = -1;
  let sinceMs = 0;
  for (;;) {
    for (const catalog of catalogs) await catalog.reconcile();
    const now = taken() + catalogs.reduce((sum, catalog) => sum + bytesOf(catalog), 0);
    const nowMs = clock.monotonicMs();
    if (now !== before) {
      before = now;
      sinceMs = nowMs;
    }
    if (nowMs - sinceMs >= quietMs) return;
    await clock.sleep(LOOK_MS, signal);
  }
}

function bytesOf({ logs }: FoundFiles): number {
  let bytes = 0;
  for (const { generations } of logs.values()) for (const { sizeBytes } of generations) bytes += sizeBytes;
  return bytes;
}
