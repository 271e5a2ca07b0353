/** What of a job's configuration makes its samples what they are. */
import type { Regex } from '@vigie/core/regex';
import type { ScrapeConfig } from '../config/collector-config.ts';

/** Whether all of it is the same. */
export function sameConfig(a: ScrapeConfig, b: ScrapeConfig): boolean {
  return configText(a) === configText(b);
}

/** Whether targets that both have give the same series under both, so that what is known of them stays. */
export function sameSamples(a: ScrapeConfig, b: ScrapeConfig): boolean {
  return configText(samplesPart(a)) === configText(samplesPart(b));
}

/** Equal for values of a configuration that mean the same. */
export function configText(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => (isRegex(part) ? part.source : part));
}

function samplesPart(config: ScrapeConfig): object {
  const { honorLabels, honorTimestamps, trackTimestampsStaleness, metricRelabel, limits, fallbackProtocol } = config;
  const { scrapeNativeHistograms, alwaysScrapeClassicHistograms, convertsClassicHistograms, extraScrapeMetrics } =
    config;
  return {
    honorLabels,
    honorTimestamps,
    trackTimestampsStaleness,
    metricRelabel,
    limits,
    fallbackProtocol,
    scrapeNativeHistograms,
    alwaysScrapeClassicHistograms,
    convertsClassicHistograms,
    extraScrapeMetrics,
  };
}

/** Its tables are not looked at: they are large. */
function isRegex(value: unknown): value is Regex {
  return typeof value === 'object' && value !== null && 'source' in value && 'automaton' in value;
}
