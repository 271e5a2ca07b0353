/** Every metric of discovery. `kind` is one of six. */
import type { MetricTable, Report } from '@vigie/core/telemetry';
import type { SharedWatches } from '../cluster/shared-watches.ts';
import { DISCOVERY_KINDS, type DiscoveryCounters } from './discovery-counters.ts';

export const DISCOVERY_METRICS = {
  discoveryUpdates: {
    name: 'vigie_discovery_updates_total',
    type: 'counter',
    help: 'Updates of target groups handed to scraping.',
    labels: ['kind'],
  },
  discoveryFailures: {
    name: 'vigie_discovery_failures_total',
    type: 'counter',
    help: 'Files, answers, lookups, lists and watches that failed; the targets of before stay.',
    labels: ['kind'],
  },
  discoveryWatches: {
    name: 'vigie_discovery_watches',
    type: 'gauge',
    help: 'Watches of API servers, each shared by all jobs, the metrics APIs and the state of objects.',
    labels: [],
  },
} as const satisfies MetricTable;

export function reportDiscovery(
  report: Report<typeof DISCOVERY_METRICS>,
  counters: DiscoveryCounters,
  watches: Pick<SharedWatches, 'failures' | 'size'>,
): void {
  for (const kind of DISCOVERY_KINDS) {
    report('discoveryUpdates', { kind }, counters[kind].updates);
    report('discoveryFailures', { kind }, counters[kind].failures);
  }
  report('discoveryFailures', { kind: 'kubernetes' }, watches.failures);
  report('discoveryWatches', {}, watches.size);
}
