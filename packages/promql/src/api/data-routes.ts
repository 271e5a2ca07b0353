/** The routes that ask for data: answered here, or by another server. */
import { batchRoute } from './batch-route.ts';
import { forwardTo } from './forward-routes.ts';
import { DEFAULT_API_LIMITS, type PrometheusApiOptions } from './options.ts';
import { ParsedQueries } from './parsed-queries.ts';
import { instantRoute, rangeRoute } from './query-routes.ts';
import { QuerySlots } from './query-slots.ts';
import type { ApiHandler } from './request.ts';
import { exemplarsRoute, labelNamesRoute, labelValuesRoute, metadataRoute, seriesRoute } from './series-routes.ts';

export interface DataRoutes {
  readonly instant: ApiHandler;
  /** undefined: there is none. */
  readonly batch: ApiHandler | undefined;
  readonly range: ApiHandler;
  readonly exemplars: ApiHandler;
  readonly labelNames: ApiHandler;
  readonly labelValues: ApiHandler;
  readonly series: ApiHandler;
  readonly metadata: ApiHandler;
}

export function dataRoutes({
  source,
  clock,
  counts,
  limits,
  experimental = false,
}: Omit<PrometheusApiOptions, 'log' | 'providers'>): DataRoutes {
  const { maxConcurrent, timeoutMs } = { ...DEFAULT_API_LIMITS, ...limits };
  const slots = new QuerySlots(maxConcurrent, clock, counts);
  switch (source.kind) {
    case 'embedded': {
      const { engine, querier } = source;
      const parsed = new ParsedQueries(experimental);
      const queries = { engine, slots, counts, clock, timeoutMs, parsed };
      const series = { querier, counts, clock, experimental };
      return {
        instant: instantRoute(queries),
        batch: batchRoute(queries),
        range: rangeRoute(queries),
        exemplars: exemplarsRoute(series),
        labelNames: labelNamesRoute(series),
        labelValues: labelValuesRoute(series),
        series: seriesRoute(series),
        metadata: metadataRoute(series),
      };
    }
    case 'remote':
      return forwardTo({ remote: source.remote, slots, counts, clock, timeoutMs });
  }
}
