/** Range queries of `vigie alert backtest` to the database of a collector on this machine: its files are read, and left as they are. */
import * as fs from 'node:fs/promises';
import { join } from 'node:path';
import type { AskRange, BacktestSeries } from '@vigie/alerting/backtest/range';
import { errorCode, VigieError } from '@vigie/core/errors';
import { Engine } from '@vigie/promql/evaluate/engine';
import type { RangeSeries } from '@vigie/promql/evaluate/result';
import { isDatabase, openReadOnly, type ReadOnlyDatabase } from '@vigie/tsdb/read-only';

export interface LocalMetrics extends Pick<ReadOnlyDatabase, 'oldestMs' | 'damages'> {
  readonly folder: string;
  readonly ask: AskRange;
}

/** `vigie up` has its metrics below its own folder. */
const BELOW = ['', 'metrics'];

/** @param dataDir of `vigie up`, or `storage.path` of a collector
 *  @throws {VigieError} CONFIG_INVALID */
export async function openLocalMetrics(dataDir: string): Promise<LocalMetrics> {
  const folder = await databaseFolder(dataDir);
  const { querier, oldestMs, damages } = await openReadOnly(folder, fs).catch((cause: unknown) => {
    throw new VigieError('CONFIG_INVALID', `--data-dir: cannot read the metrics in ${folder}`, { cause });
  });
  const engine = new Engine();
  const ask: AskRange = async (query, range, signal) => {
    const { result } = await engine.range(querier, query, range, signal);
    return result.map(seriesOf);
  };
  return { folder, oldestMs, damages, ask };
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

function seriesOf({ labels, timestampsMs, values, histograms }: RangeSeries): BacktestSeries {
  return {
    labels,
    timestampsMs: [...timestampsMs],
    // A histogram is found as well, and counts as 0, as in the rules themselves.
    values: Array.from(values, (value, index) => (histograms?.[index] === undefined ? value : 0)),
  };
}
