/** A database as its folder has it now, for questions: nothing in the folder is written or locked, and whoever has it goes on undisturbed. */
import { bug, errorCode } from '@vigie/core/errors';
import type { Querier } from '@vigie/promql/storage/querier';
import type { TsdbFs } from './fs.ts';
import { Head } from './head/head.ts';
import { HeadQuerier } from './head-querier.ts';
import { readDatabase } from './recovery.ts';
import { sortFiles } from './wal/segment-files.ts';

export interface ReadOnlyDatabase {
  readonly querier: Querier;
  /** Times of the oldest and the newest sample, Unix ms; undefined where there are none. */
  readonly span: { readonly oldestMs: number; readonly newestMs: number } | undefined;
  /** Places that could not be read. What is torn at the end is none: somebody may be writing it. */
  readonly damages: number;
}

/** Whether a folder is that of a database.
 *  @throws what the file system throws */
export async function isDatabase(folder: string, fs: Pick<TsdbFs, 'readdir'>): Promise<boolean> {
  const { segments, snapshots } = sortFiles(await fs.readdir(folder));
  return segments.length + snapshots.length > 0;
}

/** Whoever has the folder writes a snapshot each quarter of an hour, and deletes what it makes superfluous. */
const ATTEMPTS = 5;

/** All that there is, whatever bounds there are where it is written. */
const UNBOUNDED = { retentionMs: Number.POSITIVE_INFINITY, maxBytes: Number.POSITIVE_INFINITY, maxExemplars: 0 };

/** @throws {VigieError} TSDB_VERSION, for files of a later version; what the file system throws
 *  Cost: that of a start: some 100 ns a sample since the last snapshot. Memory: that of the database. */
export async function openReadOnly(
  folder: string,
  fs: Pick<TsdbFs, 'readdir' | 'readFile'>,
): Promise<ReadOnlyDatabase> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const head = new Head(UNBOUNDED, { nowMs: () => 0 });
    try {
      const { damages } = await readDatabase(head, folder, fs);
      return {
        querier: new HeadQuerier(head),
        span: Number.isFinite(head.oldestMs) ? { oldestMs: head.oldestMs, newestMs: head.newestMs } : undefined,
        damages: damages.filter(({ reason }) => reason === 'corrupt').length,
      };
    } catch (error) {
      // A file that was listed has gone since: what it held is in another one.
      if (errorCode(error) !== 'ENOENT' || attempt === ATTEMPTS) throw error;
    }
  }
  throw bug('a database is read at least once');
}
