/** What of a job's configuration makes its samples what they are. */
import type { ScrapeConfig } from '../config/collector-config.ts';
import { configText } from '../config/config-text.ts';

/** Whether all of it is the same. */
export function sameConfig(a: ScrapeConfig, b: ScrapeConfig): boolean {
  return configText(a) === configText(b);
}

/** Whether targets that both have give the same series under both, so that what is known of them stays. */
export function sameSamples(a: ScrapeConfig, b: ScrapeConfig): boolean {
  return configText(samplesPart(a)) === configText(samplesPart(b));
}

function samplesPart(config: ScrapeConfig): object {
  const { honorLabels, honorTimestamps, trackTimestampsStaleness, metricRelabel, limits, fallbackProtocol } = config;
  const { histogramLimits } = config;
  const { scrapeNativeHistograms, alwaysScrapeClassicHistograms, convertsClassicHistograms, extraScrapeMetrics } =
    config;
  return {
    honorLabels,
    honorTimestamps,
    trackTimestampsStaleness,
    metricRelabel,
    limits,
    histogramLimits,
    fallbackProtocol,
    scrapeNativeHistograms,
    alwaysScrapeClassicHistograms,
    convertsClassicHistograms,
    extraScrapeMetrics,
  };
}
