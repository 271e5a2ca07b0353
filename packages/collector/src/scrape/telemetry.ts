/** Every metric of scraping. The label `scrape_job`, which Prometheus has for the same, is bounded by the
 *  configuration; reasons are finite. */
import type { MetricTable, Report } from '@vigie/core/telemetry';
import { SCRAPE_FAILURES } from './scrape-error.ts';
import type { ScrapePool } from './scrape-pool.ts';

export const SCRAPE_METRICS = {
  targets: {
    name: 'vigie_scrape_pool_targets',
    type: 'gauge',
    help: 'Targets that are scraped.',
    labels: ['scrape_job'],
  },
  droppedTargets: {
    name: 'vigie_scrape_pool_dropped_targets',
    type: 'gauge',
    help: 'Targets that relabeling dropped.',
    labels: ['scrape_job'],
  },
  elsewhereTargets: {
    name: 'vigie_scrape_pool_targets_elsewhere',
    type: 'gauge',
    help: 'Targets that other shards scrape.',
    labels: ['scrape_job'],
  },
  invalidTargets: {
    name: 'vigie_scrape_pool_invalid_targets_total',
    type: 'counter',
    help: 'Targets that discovery gave and that cannot be scraped: no address, an interval that is none.',
    labels: ['scrape_job'],
  },
  syncs: {
    name: 'vigie_scrape_pool_syncs_total',
    type: 'counter',
    help: 'Updates of the targets of a job.',
    labels: ['scrape_job'],
  },
  scrapes: {
    name: 'vigie_scrapes_total',
    type: 'counter',
    help: 'Scrapes, those that failed included.',
    labels: ['scrape_job'],
  },
  failures: {
    name: 'vigie_scrape_failures_total',
    type: 'counter',
    help: 'Scrapes that failed, by reason.',
    labels: ['scrape_job', 'reason'],
  },
  missed: {
    name: 'vigie_scrapes_missed_total',
    type: 'counter',
    help: 'Scrapes left out because the one before took longer than the interval.',
    labels: ['scrape_job'],
  },
  samples: {
    name: 'vigie_scrape_samples_total',
    type: 'counter',
    help: 'Samples that targets gave, before relabeling.',
    labels: ['scrape_job'],
  },
  refused: {
    name: 'vigie_scrape_refused_samples_total',
    type: 'counter',
    help: 'Samples that the database did not take, by reason; no_series: a budget or a limit keeps it from making their series.',
    labels: ['scrape_job', 'reason'],
  },
  startDelay: {
    name: 'vigie_scrape_start_delay_seconds',
    type: 'histogram',
    help: 'How late scrapes begin.',
    labels: [],
    buckets: [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5],
  },
  duration: {
    name: 'vigie_scrape_seconds',
    type: 'histogram',
    help: 'Time from the request to the samples in the database.',
    labels: [],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  },
} as const satisfies MetricTable;

export function reportScrapes(pools: ReadonlyMap<string, ScrapePool>, report: Report<typeof SCRAPE_METRICS>): void {
  for (const [name, { counts, targetCount, droppedCount, elsewhereCount }] of pools) {
    const job = { scrape_job: name };
    report('targets', job, targetCount);
    report('droppedTargets', job, droppedCount);
    report('elsewhereTargets', job, elsewhereCount);
    report('invalidTargets', job, counts.invalidTargets);
    report('syncs', job, counts.syncs);
    report('scrapes', job, counts.scrapes);
    for (const reason of SCRAPE_FAILURES) {
      if (counts.failures[reason] > 0) report('failures', { ...job, reason }, counts.failures[reason]);
    }
    report('missed', job, counts.missed);
    report('samples', job, counts.samples);
    for (const [reason, count] of counts.refused) report('refused', { ...job, reason }, count);
  }
}
