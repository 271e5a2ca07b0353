/** Deletes segments that a snapshot has made superfluous, but for those that somebody still has to read. */
import { join } from 'node:path';
import type { TsdbFs } from '../fs.ts';
import { segmentName } from './segment-files.ts';

/** Whoever reads the log. */
export interface SegmentHolder {
  /** Segments from this one on are wanted. */
  readonly keptFrom: number;
  /** Told before a segment goes that it wants. */
  lose(segment: number): Promise<void>;
}

/** @param superfluous ascending
 *  @param maxHeldBytes of those that are wanted; of more, the oldest go */
export async function deleteSegments(
  superfluous: readonly number[],
  holders: readonly SegmentHolder[],
  maxHeldBytes: number,
  folder: string,
  fs: Pick<TsdbFs, 'stat' | 'unlink'>,
): Promise<void> {
  const keptFrom = Math.min(...holders.map((holder) => holder.keptFrom), Number.POSITIVE_INFINITY);
  let heldBytes = 0;
  for (const segment of superfluous.toReversed()) {
    const path = join(folder, segmentName(segment));
    if (segment >= keptFrom) {
      heldBytes += (await fs.stat(path)).size;
      if (heldBytes <= maxHeldBytes) continue;
    }
    for (const holder of holders) if (segment >= holder.keptFrom) await holder.lose(segment);
    await fs.unlink(path);
  }
}
