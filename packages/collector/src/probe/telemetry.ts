/** What the collector counts of its probes. What a probe finds out is told to its scrape, and not here. */
import type { MetricTable, Report } from '@vigie/core/telemetry';
import type { Probes } from './probes.ts';

export const PROBE_TELEMETRY = {
  probes: {
    name: 'vigie_collector_probes_total',
    type: 'counter',
    help: 'Probes that were done, by prober and result.',
    labels: ['prober', 'result'],
  },
  probesRefused: {
    name: 'vigie_collector_probes_refused_total',
    type: 'counter',
    help: 'Probes that were not done, by reason: no such module, no target, a prober that is not possible, too many at a time.',
    labels: ['reason'],
  },
  probesInFlight: {
    name: 'vigie_collector_probes_in_flight',
    type: 'gauge',
    help: 'Probes under way.',
    labels: [],
  },
  probeModules: {
    name: 'vigie_collector_probe_modules',
    type: 'gauge',
    help: 'Modules of the configuration in force.',
    labels: [],
  },
  probeSeconds: {
    name: 'vigie_collector_probe_seconds',
    type: 'histogram',
    help: 'Time that probes take, by prober.',
    labels: ['prober'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  },
} as const satisfies MetricTable;

export function reportProbes(probes: Probes, report: Report<typeof PROBE_TELEMETRY>): void {
  for (const [prober, { succeeded, failed }] of probes.counts) {
    report('probes', { prober, result: 'success' }, succeeded);
    report('probes', { prober, result: 'failure' }, failed);
  }
  for (const [reason, count] of probes.refusals) report('probesRefused', { reason }, count);
  report('probesInFlight', {}, probes.inFlight);
  report('probeModules', {}, probes.moduleCount);
}
