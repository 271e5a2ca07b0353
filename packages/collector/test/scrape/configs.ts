import { DEFAULT_HTTP_CLIENT } from '@vigie/core/config/http-client-config';
import { LabelSet } from '@vigie/promql/labels/label-set';
import type { ScrapeConfig } from '../../src/config/collector-config.ts';
import { NO_HISTOGRAM_LIMITS } from '../../src/scrape/histogram-limits.ts';

/** As Prometheus fills in its defaults, where a test does not say otherwise. */
export function scrapeConfig(parts: Partial<ScrapeConfig> = {}): ScrapeConfig {
  return {
    jobName: 'shop',
    intervalMs: 15_000,
    timeoutMs: 10_000,
    protocols: ['OpenMetricsText1.0.0', 'OpenMetricsText0.0.1', 'PrometheusText1.0.0', 'PrometheusText0.0.4'],
    fallbackProtocol: undefined,
    metricsPath: '/metrics',
    scheme: 'http',
    params: {},
    honorLabels: false,
    honorTimestamps: true,
    trackTimestampsStaleness: false,
    enableCompression: true,
    scrapeNativeHistograms: false,
    alwaysScrapeClassicHistograms: false,
    convertsClassicHistograms: false,
    extraScrapeMetrics: false,
    client: DEFAULT_HTTP_CLIENT,
    discovery: [],
    relabel: [],
    metricRelabel: [],
    limits: {
      bodyBytes: undefined,
      samples: undefined,
      labels: undefined,
      labelNameLength: undefined,
      labelValueLength: undefined,
      targets: undefined,
    },
    histogramLimits: NO_HISTOGRAM_LIMITS,
    keepDroppedTargets: undefined,
    ...parts,
  };
}

/** Of a target. */
export const TARGET = LabelSet.of({ job: 'shop', instance: 'a:1' });
