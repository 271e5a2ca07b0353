/** `scrape_configs`, as they are written. Source: Prometheus 3, config.ScrapeConfig. */
import { named, section, text } from '@vigie/core/config/fields';
import type { ReadContext } from '@vigie/core/config/findings';
import { httpClientEntries, readHttpClient } from '@vigie/core/config/http-client-section';
import type { ConfigPath } from '@vigie/core/config/problem';
import { flag, textList, textOr } from '@vigie/core/config/written-fields';
import { formatDuration } from '@vigie/core/durations';
import * as v from 'valibot';
import { schemaOfFactor } from '../scrape/histogram-limits.ts';
import type { ScrapeConfig, ScrapeProtocol } from './collector-config.ts';
import { checkStaticTargets, discoveryEntries, readDiscoveries } from './discovery-section.ts';
import {
  type GlobalConfig,
  scrapeDefaults,
  scrapeProtocol,
  type WrittenGlobal,
  warnOfScrapeDefaults,
} from './global-section.ts';
import { readRelabelRules, relabelSection } from './relabel-section.ts';
import { count, factor, oneOf, wait } from './written-fields.ts';

const scrapeSection = section({
  job_name: text(),
  honor_labels: flag(false),
  honor_timestamps: flag(true),
  track_timestamps_staleness: flag(false),
  params: v.nullish(named(textList), {}),
  scrape_interval: wait('0s'),
  scrape_timeout: wait('0s'),
  fallback_scrape_protocol: v.nullish(v.union([scrapeProtocol, v.literal('')], 'the name of a protocol'), ''),
  metrics_path: textOr('/metrics'),
  scheme: oneOf(['http', 'https'], 'http'),
  enable_compression: flag(true),
  native_histogram_bucket_limit: count(0),
  native_histogram_min_bucket_factor: factor,
  relabel_configs: relabelSection,
  metric_relabel_configs: relabelSection,
  ...scrapeDefaults,
  ...httpClientEntries(),
  ...discoveryEntries,
});

/** Nothing is other than an empty list, which wants no jobs. */
export const scrapeSections = v.nullish(v.array(scrapeSection));

type WrittenScrape = v.InferOutput<typeof scrapeSection>;

/** What jobs inherit. */
export interface ScrapeGlobals {
  readonly written: WrittenGlobal;
  readonly read: GlobalConfig;
}

/** Where a job of a name was first found. */
export type JobNames = Map<string, string>;

/** @param file that they are in
 *  @param jobs of the files before; takes those of this one */
export function readScrapes(
  written: readonly WrittenScrape[],
  path: ConfigPath,
  context: ReadContext,
  globals: ScrapeGlobals,
  file: string,
  jobs: JobNames,
): readonly ScrapeConfig[] {
  return written.map((scrape, index) => {
    const at = [...path, index];
    const first = jobs.get(scrape.job_name);
    if (first !== undefined) {
      const elsewhere = first === file ? '' : ` (it is in ${first})`;
      context.findings.problem([...at, 'job_name'], `a job_name that no other job has${elsewhere}`);
    }
    jobs.set(scrape.job_name, first ?? file);
    return readScrape(scrape, at, context, globals);
  });
}

/** Prometheus' order of preference; protobuf alone carries native histograms. */
const TEXT_PROTOCOLS: readonly ScrapeProtocol[] = [
  'OpenMetricsText1.0.0',
  'OpenMetricsText0.0.1',
  'PrometheusText1.0.0',
  'PrometheusText0.0.4',
];
const PROTO_FIRST: readonly ScrapeProtocol[] = ['PrometheusProto', ...TEXT_PROTOCOLS];

function readScrape(
  written: WrittenScrape,
  path: ConfigPath,
  context: ReadContext,
  { written: global, read }: ScrapeGlobals,
): ScrapeConfig {
  const { findings } = context;
  const intervalMs = written.scrape_interval || read.intervalMs;
  if (written.scrape_timeout > intervalMs)
    findings.problem([...path, 'scrape_timeout'], `at most the scrape interval (${formatDuration(intervalMs)})`);
  warnOfScrapeDefaults(written, path, findings);
  const relabel = readRelabelRules(written.relabel_configs, [...path, 'relabel_configs'], findings);
  if (written.relabel_configs.length === 0) checkStaticTargets(written, path, context);
  const nativeHistograms = written.scrape_native_histograms ?? global.scrape_native_histograms ?? false;
  return {
    jobName: written.job_name,
    intervalMs,
    timeoutMs: written.scrape_timeout || Math.min(read.timeoutMs, intervalMs),
    protocols: written.scrape_protocols ?? global.scrape_protocols ?? (nativeHistograms ? PROTO_FIRST : TEXT_PROTOCOLS),
    fallbackProtocol: written.fallback_scrape_protocol === '' ? undefined : written.fallback_scrape_protocol,
    metricsPath: written.metrics_path,
    scheme: written.scheme,
    params: written.params,
    honorLabels: written.honor_labels,
    honorTimestamps: written.honor_timestamps,
    trackTimestampsStaleness: written.track_timestamps_staleness,
    enableCompression: written.enable_compression,
    scrapeNativeHistograms: nativeHistograms,
    alwaysScrapeClassicHistograms:
      written.always_scrape_classic_histograms ?? global.always_scrape_classic_histograms ?? false,
    convertsClassicHistograms:
      written.convert_classic_histograms_to_nhcb ?? global.convert_classic_histograms_to_nhcb ?? false,
    extraScrapeMetrics: written.extra_scrape_metrics ?? global.extra_scrape_metrics ?? false,
    client: readHttpClient(written, path, context),
    discovery: readDiscoveries(written, path, context),
    relabel,
    metricRelabel: readRelabelRules(written.metric_relabel_configs, [...path, 'metric_relabel_configs'], findings),
    limits: {
      bodyBytes: limit(written.body_size_limit, global.body_size_limit),
      samples: limit(written.sample_limit, global.sample_limit),
      labels: limit(written.label_limit, global.label_limit),
      labelNameLength: limit(written.label_name_length_limit, global.label_name_length_limit),
      labelValueLength: limit(written.label_value_length_limit, global.label_value_length_limit),
      targets: limit(written.target_limit, global.target_limit),
    },
    histogramLimits: {
      buckets: written.native_histogram_bucket_limit || undefined,
      maxSchema: schemaOfFactor(written.native_histogram_min_bucket_factor),
    },
    keepDroppedTargets: limit(written.keep_dropped_targets, global.keep_dropped_targets),
  };
}

/** 0 is what is not given. */
function limit(own: number, global: number): number | undefined {
  return own || global || undefined;
}
