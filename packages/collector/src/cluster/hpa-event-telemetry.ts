/** What the collector counts of the Events that it tells. */
import type { MetricTable, Report } from '@vigie/core/telemetry';

export const HPA_EVENT_METRICS = {
  hpaEvents: {
    name: 'vigie_collector_hpa_events_total',
    type: 'counter',
    help: 'Events about HPAs whose metrics cannot be served, by result; repeated: counted at the one that is there; known: another replica has told it; limited: it was told a short time ago.',
    labels: ['result'],
  },
} as const satisfies MetricTable;

export function reportHpaEvents(counts: HpaEventCounts, report: Report<typeof HPA_EVENT_METRICS>): void {
  for (const result of ['sent', 'repeated', 'known', 'limited', 'failed'] as const)
    report('hpaEvents', { result }, counts[result]);
}

export interface HpaEventCounts {
  sent: number;
  /** There is one already, which counts it. */
  repeated: number;
  /** Another replica has told it less than five minutes ago. */
  known: number;
  /** It was told less than five minutes ago. */
  limited: number;
  failed: number;
}
