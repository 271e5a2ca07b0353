/** A Querier for the queries of rules, which are written for a Prometheus that scrapes cAdvisor alone: where kubelets tell of a container at
 *  /metrics/resource, too, under the same names, a sum would have it twice, and an HPA make twice the pods. */
import { METRIC_NAME } from '@vigie/promql/labels/label-set';
import type { Querier, StoredSeries, TimeRange } from '@vigie/promql/storage/querier';
import { SampleColumns } from '@vigie/promql/storage/sample-columns';
import { valuesKey } from './newest-samples.ts';
import { querierView } from './querier-view.ts';

const CONTAINER_METRICS = 'container_';
/** What a container's series of one metric have in common, whoever tells of it. */
const OF_CONTAINER = [METRIC_NAME, 'namespace', 'pod', 'container'];

export function toldOnce(querier: Querier): Querier {
  return querierView(querier, (selected, { range }) => {
    const series = ofCadvisor(selected.series, range);
    return series === selected.series ? selected : { ...selected, series };
  });
}

/** @returns the same list where nothing is told twice: what an engine derives of it is kept by it
 *  Cost: of a container's metric a look at each series, and at the newest sample of those of cAdvisor; of others a look at the name. */
function ofCadvisor(series: readonly StoredSeries[], range: TimeRange): readonly StoredSeries[] {
  const told = new Set<string>();
  for (const one of series) if (isOfContainers(one) && hasGroup(one) && goesOn(one, range)) told.add(containerOf(one));
  if (told.size === 0) return series;
  const once = series.filter((one) => !isOfContainers(one) || hasGroup(one) || !told.has(containerOf(one)));
  return once.length === series.length ? series : once;
}

/** Used and left within one turn. */
const columns = new SampleColumns();

/** Of what has ended, /metrics/resource may tell still. */
function goesOn(series: StoredSeries, range: TimeRange): boolean {
  columns.clear();
  series.readNewest(range, columns);
  const last = columns.length - 1;
  return last >= 0 && !columns.isStale(last);
}

function isOfContainers({ labels }: StoredSeries): boolean {
  return labels.get(METRIC_NAME).startsWith(CONTAINER_METRICS);
}

/** cAdvisor's series carry the control group as `id`. */
function hasGroup({ labels }: StoredSeries): boolean {
  return labels.get('id').startsWith('/');
}

function containerOf({ labels }: StoredSeries): string {
  return valuesKey(labels, OF_CONTAINER);
}
