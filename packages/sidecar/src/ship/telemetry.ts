/** The metrics of `vigie sidecar ship`: those of every agent, and of its own log. */
import { collectProcessMetrics, PROCESS_METRICS } from '@vigie/core/process-metrics';
import { type MetricTable, Telemetry } from '@vigie/core/telemetry';
import { RUNTIME_METRICS } from '@vigie/log-pipeline/agent/telemetry';
import { STREAM_METRICS } from '../stream/telemetry.ts';

export const SHIP_METRICS = {
  ...RUNTIME_METRICS,
  ownLinesDropped: STREAM_METRICS.ownLinesDropped,
} as const satisfies MetricTable;

const METRICS = { ...SHIP_METRICS, ...PROCESS_METRICS };

export type ShipMetrics = Telemetry<typeof METRICS>;

export function createShipMetrics(): ShipMetrics {
  const metrics = new Telemetry(METRICS);
  metrics.collect(collectProcessMetrics);
  return metrics;
}
