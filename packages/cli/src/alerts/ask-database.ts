/** Range queries of `vigie alert backtest` to the database of a collector on this machine. */
import type { AskRange, BacktestSeries } from '@vigie/alerting/backtest/range';
import { Engine } from '@vigie/promql/evaluate/engine';
import type { RangeSeries } from '@vigie/promql/evaluate/result';
import type { LocalDatabase } from '../query/local-database.ts';

export function databaseAsker({ querier }: Pick<LocalDatabase, 'querier'>): AskRange {
  const engine = new Engine();
  return async (query, range, signal) => {
    const { result } = await engine.range(querier, query, range, signal);
    return result.map(seriesOf);
  };
}

function seriesOf({ labels, timestampsMs, values, histograms }: RangeSeries): BacktestSeries {
  return {
    labels,
    timestampsMs: [...timestampsMs],
    // A histogram is found as well, and counts as 0, as in the rules themselves.
    values: Array.from(values, (value, index) => (histograms?.[index] === undefined ? value : 0)),
  };
}
