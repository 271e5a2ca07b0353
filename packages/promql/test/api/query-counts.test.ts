import { Telemetry } from '@vigie/core/telemetry';
import { expect, it } from 'vitest';
import { QUERY_METRICS, QueryCounts } from '../../src/api/query-counts.ts';
import { apiOver, prometheusTestStorage } from './api-bed.ts';

it('counts queries by kind and outcome, and the samples that they looked at', async () => {
  const telemetry = new Telemetry(QUERY_METRICS);
  const counts = new QueryCounts((kind, seconds) => telemetry.observe('querySeconds', { kind }, seconds));
  telemetry.collect((report) => counts.report(report));
  const { get } = await apiOver(prometheusTestStorage(), { counts });
  await get('/query', { query: 'test_metric1', time: '60' });
  await get('/query', { query: 'test_metric1 +' });
  await get('/query_range', { query: 'sum_over_time(test_metric1[2m])', start: '120', end: '240', step: '60' });
  await get('/query', { query: 'test_metric4 * on (foo) test_metric4', time: '60' });
  await get('/labels');
  const lines = (await telemetry.expose()).body.split('\n').filter((line) => !line.startsWith('#'));
  expect(lines).toEqual(
    expect.arrayContaining([
      'vigie_queries_total{kind="instant",outcome="success"} 1',
      'vigie_queries_total{kind="instant",outcome="bad_data"} 1',
      'vigie_queries_total{kind="instant",outcome="execution"} 1',
      'vigie_queries_total{kind="range",outcome="success"} 1',
      'vigie_queries_total{kind="range",outcome="timeout"} 0',
      'vigie_queries_total{kind="labels",outcome="success"} 1',
      // 2 of an instant, and of 2 series 2 samples at each of 3 steps; a query that fails counts none.
      'vigie_query_samples_total 14',
      'vigie_query_seconds_count{kind="instant"} 3',
      'vigie_queries_running 0',
      'vigie_queries_waiting 0',
    ]),
  );
});
