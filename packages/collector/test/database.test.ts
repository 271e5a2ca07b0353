import { FakeClock } from '@vigie/core/fake-clock';
import { createLog } from '@vigie/core/log';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { expect, it, onTestFinished } from 'vitest';
import { createDatabase, type DatabaseDeps, openDatabase } from '../src/database.ts';
import { memoryLimitBytes } from '../src/memory-limit.ts';
import { tempFolder } from './temp-folder.ts';

const LOG = createLog('error', { write: () => undefined });
const UNBOUNDED = {
  ...{ retentionMs: undefined, retentionBytes: undefined, snapshotIntervalMs: undefined },
  ...{ maxExemplars: 0, outOfOrderWindowMs: 0, budgets: {} },
};

function deps(memoryLimitBytes?: number): DatabaseDeps {
  return { clock: new FakeClock(), log: LOG, memoryLimitBytes };
}

it('has no more series of a job, a namespace and of all than it is told', async () => {
  const path = await tempFolder();
  const budgets = { maxSeries: 3, maxSeriesPerJob: 1, maxSeriesPerNamespace: 2 };
  const tsdb = createDatabase({ storage: { ...UNBOUNDED, path, budgets }, clusterJobs: [] }, deps());
  await openDatabase(tsdb, path, LOG);
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

it('bounds all jobs but those that are as large as the cluster', async () => {
  const storage = { ...UNBOUNDED, path: await tempFolder(), budgets: { maxSeries: 4, maxSeriesPerJob: 1 } };
  const tsdb = createDatabase({ storage, clusterJobs: ['kube-state-metrics'] }, deps());
  const made = ['kube-state-metrics', 'kube-state-metrics', 'shop', 'shop', 'kube-state-metrics', 'other'].map(
    (job, index) => tsdb.getOrCreate(LabelSet.of({ __name__: `m${index}`, job })),
  );
  expect(made.map((ref) => (typeof ref === 'number' ? 'made' : ref))).toEqual([
    ...['made', 'made', 'made', 'job_budget', 'made', 'series_limit'],
  ]);
});

it.each([
  ['half of what the container may have', undefined, 1 << 30, 1 << 29],
  ['what is written, whatever the container may have', 1 << 20, 1 << 30, 1 << 20],
  ['2 GiB, where nothing limits it', undefined, undefined, 2 ** 31],
])('takes of memory %s', async (_title, retentionBytes, limitBytes, expected) => {
  const storage = { ...UNBOUNDED, path: await tempFolder(), retentionBytes };
  expect(createDatabase({ storage, clusterJobs: [] }, deps(limitBytes)).head.options.maxBytes).toBe(expected);
});

it.each([
  ['a limit', 1 << 30, 1 << 30],
  ['none', 2 ** 64, undefined],
  ['none, as 0', 0, undefined],
])('knows %s of the container', (_title, constrained, expected) => {
  expect(memoryLimitBytes(constrained, 2 ** 34)).toBe(expected);
});
