/** Every query about the shipping sidecar. */
import { SHIP_METRICS } from '@vigie/sidecar/ship/telemetry';
import { AGENT, logRuntimeQueries } from './log-runtime.ts';
import { perSecond, TOP } from './promql.ts';
import type { Queries } from './query.ts';

export const sidecarShipQueries = {
  ...logRuntimeQueries,

  busiest: {
    expr: `topk(${TOP}, sum by (instance) (${perSecond(SHIP_METRICS.readBytes.name, AGENT)}))`,
    legend: '{{instance}}',
  },
  ownLinesDropped: {
    expr: `topk(${TOP}, ${perSecond(SHIP_METRICS.ownLinesDropped.name, AGENT)})`,
    legend: '{{instance}}',
  },
} as const satisfies Queries;
