import { Telemetry } from '@vigie/core/telemetry';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { expect, it } from 'vitest';
import { collectTsdbMetrics, TSDB_METRICS } from '../src/telemetry.ts';
import { bed, rows, seriesRef } from './tsdb-bed.ts';

it('the metrics say what was taken, what was refused and why', async () => {
  const { tsdb, clock } = bed(undefined, { maxSeriesPerJob: 1 });
  await tsdb.start();
  const telemetry = new Telemetry(TSDB_METRICS);
  telemetry.collect((report) => collectTsdbMetrics(tsdb, report));
  const ref = seriesRef(tsdb, { __name__: 'up', job: 'a' });
  expect(tsdb.getOrCreate(LabelSet.of({ __name__: 'down', job: 'a' }))).toBe('job_budget');
  await tsdb.append(rows([ref], clock.nowMs(), () => 1));
  await tsdb.append(rows([ref, ref, ref], clock.nowMs(), (index) => 1 + index));
  await tsdb.append(rows([ref], clock.nowMs() - 1, () => 1));
  await tsdb.snapshot();
  const lines = (await telemetry.expose()).body.split('\n').filter((line) => !line.startsWith('#'));
  expect(lines).toEqual(
    expect.arrayContaining([
      'vigie_tsdb_appended_samples_total 1',
      'vigie_tsdb_known_samples_total 1',
      'vigie_tsdb_refused_samples_total{reason="duplicate"} 2',
      'vigie_tsdb_refused_samples_total{reason="out_of_order"} 1',
      'vigie_tsdb_refused_series_total{reason="job_budget"} 1',
      'vigie_tsdb_series 1',
      'vigie_tsdb_stored_samples 1',
      'vigie_tsdb_snapshots_total{result="written"} 1',
    ]),
  );
  await tsdb.close();
});
