/** When nobody writes any more. */
import type { Clock } from '@vigie/core/clock';

/** Of a Catalog. */
export interface FoundFiles {
  reconcile(): Promise<void>;
  readonly logs: ReadonlyMap<string, { readonly generations: readonly { readonly sizeBytes: number }[] }>;
}

/** How often it is looked. */
const LOOK_MS = 50;

export interface Quiet {
  readonly forMs: number;
  /** How long to wait for it at most. */
  readonly withinMs: number;
}

/** Resolves when neither the files of these catalogs nor `taken` have grown for so long: in a pod without a native sidecar
 *  the application gets its SIGTERM when the sidecar does, and has its last words to say.
 *  @param taken counts what comes by other ways
 *  @returns whether nobody writes any more
 *  @throws the signal's reason */
export async function untilQuiet(
  catalogs: readonly FoundFiles[],
  taken: () => number,
  { forMs, withinMs }: Quiet,
  clock: Clock,
  signal: AbortSignal,
): Promise<boolean> {
  const endMs = clock.monotonicMs() + withinMs;
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
    if (nowMs - sinceMs >= forMs) return true;
    if (nowMs >= endMs) return false;
    await clock.sleep(LOOK_MS, signal);
  }
}

function bytesOf({ logs }: FoundFiles): number {
  let bytes = 0;
  for (const { generations } of logs.values()) for (const { sizeBytes } of generations) bytes += sizeBytes;
  return bytes;
}
