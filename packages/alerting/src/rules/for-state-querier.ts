/** What a server elsewhere knows of alerts that were pending before a restart, as rules ask for it. */
import { bug } from '@vigie/core/errors';
import type { QueryEngine } from '@vigie/promql/evaluate/query-engine';
import type { RangeSeries } from '@vigie/promql/evaluate/result';
import type { Querier, Selection, StoredSeries, TimeRange } from '@vigie/promql/storage/querier';
import type { SampleColumns } from '@vigie/promql/storage/sample-columns';

/** Answers `select` and nothing else. An HTTP API shows no staleness marker: a series that ended before the newest of the same selection
 *  is taken for one that had ended. */
export function forStateQuerier(engine: Pick<QueryEngine, 'instant'>): Querier {
  const no = (): never => {
    throw bug('rules ask for more than ALERTS_FOR_STATE');
  };
  return {
    select: async (selection, signal) => {
      const { toMs } = selection.range;
      const { result } = await engine.instant({ query: queryOf(selection), timestampMs: toMs }, signal);
      if (result.type !== 'matrix') throw bug('a range selector gives no matrix');
      const newestMs = result.series.reduce((newest, one) => Math.max(newest, lastOf(one)), 0);
      return { series: result.series.filter((one) => lastOf(one) === newestMs).map(stored), warnings: [] };
    },
    labelNames: no,
    labelValues: no,
    series: no,
    metadata: no,
    exemplars: no,
  };
}

function queryOf({ matchers, range: { fromMs, toMs } }: Selection): string {
  const selector = matchers.map(
    (matcher) => `${JSON.stringify(matcher.name)}${matcher.operator}${JSON.stringify(matcher.value)}`,
  );
  return `{${selector.join(',')}}[${toMs - fromMs}ms]`;
}

function lastOf({ timestampsMs }: RangeSeries): number {
  return timestampsMs.at(-1) ?? 0;
}

function stored({ labels, timestampsMs, values }: RangeSeries): StoredSeries {
  const add = (from: number, { fromMs, toMs }: TimeRange, into: SampleColumns): void => {
    for (let at = from; at < timestampsMs.length; at++) {
      const timestampMs = timestampsMs[at]!;
      if (timestampMs >= fromMs && timestampMs <= toMs) into.addFloat(timestampMs, values[at]!);
    }
  };
  return {
    labels,
    read: (range, into) => add(0, range, into),
    readNewest: (range, into) => add(timestampsMs.length - 1, range, into),
  };
}
