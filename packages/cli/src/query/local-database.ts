/** The metrics of a collector on this machine: its files are read, and left as they are, also while it runs. */
import * as fs from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, VigieError } from '@vigie/core/errors';
import { isDatabase, openReadOnly, type ReadOnlyDatabase } from '@vigie/tsdb/read-only';

export interface LocalDatabase extends ReadOnlyDatabase {
  readonly folder: string;
}

/** `vigie up` has its metrics below its own folder. */
const BELOW = ['', 'metrics'];

/** @param dataDir of `vigie up`, or `storage.path` of a collector
 *  @throws {VigieError} CONFIG_INVALID */
export async function openLocalDatabase(dataDir: string): Promise<LocalDatabase> {
  const folder = await databaseFolder(dataDir);
  const database = await openReadOnly(folder, fs).catch((cause: unknown) => {
    throw new VigieError('CONFIG_INVALID', `--data-dir: cannot read the metrics in ${folder}`, { cause });
  });
  return { folder, ...database };
}

/** What a user is told of places that could not be read; none where there are none. */
export function damageNotes({ folder, damages }: Pick<LocalDatabase, 'folder' | 'damages'>): readonly string[] {
  return damages > 0 ? [`files in ${folder} are damaged, in places: ${damages}; what stood there is missing`] : [];
}

async function databaseFolder(dataDir: string): Promise<string> {
  for (const below of BELOW) {
    const folder = join(dataDir, below);
    const isOne = await isDatabase(folder, fs).catch((cause: unknown) => {
      if (errorCode(cause) === 'ENOENT' && below !== '') return false;
      throw new VigieError('CONFIG_INVALID', `--data-dir: cannot read ${folder}`, { cause });
    });
    if (isOne) return folder;
  }
  throw new VigieError(
    'CONFIG_INVALID',
    `--data-dir: expected the data directory of vigie up, or storage.path of a collector, got ${dataDir}, which has no metrics`,
  );
}
