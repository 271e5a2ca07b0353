import { FakeClock } from '@vigie/core/fake-clock';
import { createLog } from '@vigie/core/log';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { expect, it, onTestFinished } from 'vitest';
import { createDatabase, openDatabase } from '../src/database.ts';
import { tempFolder } from './temp-folder.ts';

it('has no more series of a job, a namespace and of all than it is told', async () => {
  const path = await tempFolder();
  const log = createLog('error', { write: () => undefined });
  const bounds = { retentionMs: undefined, retentionBytes: undefined, snapshotIntervalMs: undefined, maxExemplars: 0 };
  const budgets = { maxSeries: 3, maxSeriesPerJob: 1, maxSeriesPerNamespace: 2 };
  const tsdb = createDatabase({ path, ...bounds, outOfOrderWindowMs: 0, budgets }, { clock: new FakeClock(), log });
  await openDatabase(tsdb, path, log);
  onTestFinished(() => tsdb.close());
  const made = [
    { job: 'a', namespace: 'shop' },
    { job: 'a', namespace: 'other' },
    { job: 'b', namespace: 'shop' },
    { job: 'c', namespace: 'shop' },
    { job: 'c' },
    { job: 'd' },
  ].map((labels) => tsdb.getOrCreate(LabelSet.of({ __name__: 'm', ...labels })));
  expect(made.map((ref) => (typeof ref === 'number' ? 'made' : ref))).toEqual([
    'made',
    'job_budget',
    'made',
    'namespace_budget',
    'made',
    'series_limit',
  ]);
});
