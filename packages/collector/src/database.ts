/** The embedded database as a collector has it: in its folder, with the bounds of the configuration, and loud about what it cannot keep. */
import * as fs from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock } from '@vigie/core/clock';
import { VigieError } from '@vigie/core/errors';
import { lockFolder } from '@vigie/core/folder-lock';
import type { Log } from '@vigie/core/log';
import { Tsdb } from '@vigie/tsdb/tsdb';
import type { CollectorConfig } from './config/collector-config.ts';

export interface DatabaseDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Of the container that we are in; undefined where nothing limits it. */
  readonly memoryLimitBytes: number | undefined;
}

/** What the database has of a container's memory where nothing else is said. A collector of 1.3 million series had 1.4 times what it counts, and 300 MB of
 *  its own. */
const SHARE_OF_MEMORY = 0.5;

export function createDatabase(
  { storage, clusterJobs }: Pick<CollectorConfig, 'storage' | 'clusterJobs'>,
  { clock, log, memoryLimitBytes }: DatabaseDeps,
): Tsdb {
  const { path, retentionMs, retentionBytes, snapshotIntervalMs, outOfOrderWindowMs, maxExemplars, budgets } = storage;
  const failed = (operation: string, error: unknown): void => {
    if (operation === 'lock') {
      log.warn('the folder of the metrics cannot be locked: nothing keeps a second process away from it', {
        folder: path,
        error,
      });
      return;
    }
    log.error('the metrics cannot be written; they are in memory, and a snapshot is tried again', { operation, error });
  };
  const maxBytes = retentionBytes ?? (memoryLimitBytes && Math.floor(memoryLimitBytes * SHARE_OF_MEMORY));
  const head = {
    ...budgets,
    unbudgetedJobs: new Set(clusterJobs),
    outOfOrderWindowMs,
    ...(retentionMs === undefined ? {} : { retentionMs }),
    ...(maxBytes === undefined ? {} : { maxBytes }),
    ...(maxExemplars === undefined ? {} : { maxExemplars }),
  };
  const options = { folder: path, head, ...(snapshotIntervalMs === undefined ? {} : { snapshotIntervalMs }) };
  return new Tsdb(options, { fs, clock, lock: lockFolder, reports: { failed } });
}

/** Brings back what was recorded before.
 *  @returns in how many places files are damaged
 *  @throws {VigieError} METRICS_DATA */
export async function openDatabase(tsdb: Tsdb, folder: string, log: Log): Promise<number> {
  try {
    await fs.mkdir(dirname(folder), { recursive: true });
    // Labels may name what runs here: nobody else's.
    await fs.mkdir(folder, { recursive: true, mode: 0o700 });
    // Or else it would be known with the first write, when everything is under way.
    await fs.access(folder, fs.constants.R_OK | fs.constants.W_OK | fs.constants.X_OK);
    const { damages, lostSeries } = await tsdb.start();
    const [first] = damages;
    if (first === undefined) return 0;
    log.warn('some of the recorded metrics are lost: their files are damaged', {
      folder,
      file: first.file,
      places: damages.length,
      bytes: damages.reduce((sum, { bytes }) => sum + bytes, 0),
      lostSeries,
    });
    return damages.length;
  } catch (cause) {
    throw new VigieError('METRICS_DATA', `cannot keep metrics in ${folder}`, { cause });
  }
}
