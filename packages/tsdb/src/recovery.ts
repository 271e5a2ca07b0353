/** What a start makes of a database's folder: the newest snapshot, then the log since. */
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { cutFile } from '@vigie/core/durable-files';
import type { TsdbFs } from './fs.ts';
import type { Head } from './head/head.ts';
import { readSnapshot } from './snapshot/snapshot.ts';
import { aligned, type ReplayCounts, replaySegment } from './wal/replay.ts';
import { segmentName, snapshotName, sortFiles } from './wal/segment-files.ts';

export interface Recovery extends ReplayCounts {
  /** Series that the snapshot brought. */
  readonly snapshotSeries: number;
  /** Series that it should have brought; undefined where nobody knows. */
  readonly lostSeries: number | undefined;
  /** Number for the next segment. */
  readonly nextSegment: number;
}

/** What is in a folder, and what of it a start has to mend. */
export interface DatabaseRead extends Recovery {
  /** Paths of snapshots that were being written. */
  readonly unfinished: readonly string[];
  /** Segments with an end that was torn, and how long they are without it. */
  readonly torn: readonly { readonly path: string; readonly soundBytes: number }[];
}

const breathe = async (): Promise<void> => void (await setImmediate());

/** Fills an empty head. The end of the last segment is cut where a write was torn; all else is left as it is. */
export async function recover(head: Head, folder: string, fs: TsdbFs): Promise<Recovery> {
  await fs.mkdir(folder, { recursive: true });
  const { unfinished, torn, ...recovery } = await readDatabase(head, folder, fs);
  for (const path of unfinished) await fs.unlink(path);
  for (const { path, soundBytes } of torn) await cutFile(fs, path, soundBytes);
  return recovery;
}

/** Fills an empty head, and leaves the files as they are.
 *  @throws {TsdbVersionError}; what the file system throws */
export async function readDatabase(
  head: Head,
  folder: string,
  fs: Pick<TsdbFs, 'readdir' | 'readFile'>,
): Promise<DatabaseRead> {
  const { segments, snapshots, temporary } = sortFiles(await fs.readdir(folder));
  const counts: ReplayCounts = { records: 0, samples: 0, unknownSamples: 0, damages: [] };
  let snapshotSeries = 0;
  let lostSeries: number | undefined = 0;
  let firstSegment = 0;
  const [newest] = snapshots;
  if (newest !== undefined) {
    const name = snapshotName(newest);
    const read = await readSnapshot(
      head,
      name,
      aligned(await fs.readFile(join(folder, name))),
      counts.damages,
      breathe,
    );
    snapshotSeries = read.series;
    lostSeries = read.lostSeries;
    // Segments before it go once it is written; where some are left, they have what a damaged one lacks.
    if (read.isWhole) firstSegment = newest;
  }
  const torn: { readonly path: string; readonly soundBytes: number }[] = [];
  const replayed = segments.filter((number) => number >= firstSegment);
  for (const number of replayed) {
    const path = join(folder, segmentName(number));
    const bytes = aligned(await fs.readFile(path));
    const isLast = number === replayed.at(-1);
    const soundBytes = await replaySegment(head, segmentName(number), bytes, isLast, counts, breathe);
    if (soundBytes < bytes.length) torn.push({ path, soundBytes });
  }
  head.table.collectFree();
  const nextSegment = Math.max(segments.at(-1) ?? 0, newest ?? 0) + 1;
  const unfinished = temporary.map((name) => join(folder, name));
  return { ...counts, snapshotSeries, lostSeries, nextSegment, unfinished, torn };
}
