/** A Querier whose series somebody looks at, or changes, before whoever selected them has them. */
import type { Querier, SelectedSeries, Selection } from '@vigie/promql/storage/querier';

export function querierView(
  querier: Querier,
  see: (selected: SelectedSeries, selection: Selection) => SelectedSeries,
): Querier {
  return {
    select: async (selection, signal) => see(await querier.select(selection, signal), selection),
    labelNames: (query, signal) => querier.labelNames(query, signal),
    labelValues: (name, query, signal) => querier.labelValues(name, query, signal),
    series: (query, signal) => querier.series(query, signal),
    metadata: (query, signal) => querier.metadata(query, signal),
    exemplars: (query, signal) => querier.exemplars(query, signal),
  };
}
