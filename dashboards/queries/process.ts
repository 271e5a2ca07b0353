/** What every part says of its own process. */
import { PROCESS_METRICS } from '@vigie/core/process-metrics';
import { byInstance, perSecond } from './promql.ts';
import type { Query } from './query.ts';

export type ProcessQueries = Readonly<
  Record<'cpu' | 'resident' | 'heap' | 'external' | 'descriptors' | 'restarts', Query>
>;

/** @param matchers of the part's processes */
export function processQueries(matchers: string): ProcessQueries {
  const of = (name: string): string => `${name}{${matchers}}`;
  return {
    cpu: byInstance(perSecond(PROCESS_METRICS.cpuSeconds.name, matchers)),
    resident: byInstance(of(PROCESS_METRICS.residentBytes.name)),
    heap: byInstance(of(PROCESS_METRICS.heapBytes.name), 'heap '),
    external: byInstance(of(PROCESS_METRICS.externalBytes.name), 'external '),
    descriptors: byInstance(`${of(PROCESS_METRICS.openFds.name)} / ${of(PROCESS_METRICS.maxFds.name)}`),
    restarts: byInstance(`changes(${of(PROCESS_METRICS.startTime.name)}[$__rate_interval])`),
  };
}
