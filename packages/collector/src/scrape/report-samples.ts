/** What a scrape tells of itself. Source: Prometheus, scrape/scrape.go, report. */
import type { MetricMetadata } from '@vigie/promql/storage/querier';

export interface ScrapeReport {
  readonly up: boolean;
  readonly durationSeconds: number;
  readonly scraped: number;
  readonly postRelabeling: number;
  readonly seriesAdded: number;
  readonly timeoutSeconds: number;
  /** 0 without one. */
  readonly sampleLimit: number;
  /** -1 where it was too large, 0 where there was none. */
  readonly bodyBytes: number;
}

interface ReportMetric {
  readonly metadata: MetricMetadata;
  readonly value: (report: ScrapeReport) => number;
}

function gauge(metric: string, unit: string, help: string, value: (report: ScrapeReport) => number): ReportMetric {
  return { metadata: { metric, type: 'gauge', help, unit }, value };
}

export const REPORT_METRICS: readonly ReportMetric[] = [
  gauge(
    'up',
    'targets',
    'Health of the scrape target. 1 means the target is healthy, 0 if the scrape failed.',
    ({ up }) => (up ? 1 : 0),
  ),
  gauge(
    'scrape_duration_seconds',
    'seconds',
    'Duration of the last scrape in seconds.',
    ({ durationSeconds }) => durationSeconds,
  ),
  gauge('scrape_samples_scraped', 'samples', 'Number of samples last scraped.', ({ scraped }) => scraped),
  gauge(
    'scrape_samples_post_metric_relabeling',
    'samples',
    'Number of samples remaining after metric relabeling was applied.',
    ({ postRelabeling }) => postRelabeling,
  ),
  gauge('scrape_series_added', 'series', 'Number of series in the last scrape.', ({ seriesAdded }) => seriesAdded),
];

/** With extra_scrape_metrics. */
export const EXTRA_REPORT_METRICS: readonly ReportMetric[] = [
  gauge(
    'scrape_timeout_seconds',
    'seconds',
    'The configured scrape timeout for a target.',
    ({ timeoutSeconds }) => timeoutSeconds,
  ),
  gauge(
    'scrape_sample_limit',
    'samples',
    'The configured sample limit for a target. Returns zero if there is no limit configured.',
    ({ sampleLimit }) => sampleLimit,
  ),
  gauge(
    'scrape_body_size_bytes',
    'bytes',
    'The uncompressed size of the last scrape response, if successful. Scrapes failing because body_size_limit is exceeded report -1, other scrape failures report 0.',
    ({ bodyBytes }) => bodyBytes,
  ),
];
