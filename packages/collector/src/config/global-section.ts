/** `global`, as it is written. Source: Prometheus 3, config.GlobalConfig. */
import { renamedTo, section } from '@vigie/core/config/fields';
import type { Findings } from '@vigie/core/config/findings';
import type { ConfigPath } from '@vigie/core/config/problem';
import { optionalFlag, optionalText, textMap } from '@vigie/core/config/written-fields';
import { formatDuration } from '@vigie/core/durations';
import * as v from 'valibot';
import type { ScrapeProtocol } from './collector-config.ts';
import { base2Size, count, wait } from './written-fields.ts';

const SCRAPE_PROTOCOLS = [
  'PrometheusProto',
  'OpenMetricsText0.0.1',
  'OpenMetricsText1.0.0',
  'PrometheusText0.0.4',
  'PrometheusText1.0.0',
] as const satisfies readonly ScrapeProtocol[];

export const scrapeProtocol = v.picklist(SCRAPE_PROTOCOLS);
export const scrapeProtocols = v.nullish(
  v.pipe(
    v.array(scrapeProtocol),
    v.nonEmpty('at least one protocol'),
    v.check((protocols) => new Set(protocols).size === protocols.length, 'every protocol once'),
  ),
);

/** Keys of `global` that a job may have too. A limit of 0 is none. */
export const scrapeDefaults = {
  body_size_limit: base2Size,
  sample_limit: count(0),
  target_limit: count(0),
  label_limit: count(0),
  label_name_length_limit: count(0),
  label_value_length_limit: count(0),
  keep_dropped_targets: count(0),
  scrape_protocols: scrapeProtocols,
  scrape_native_histograms: optionalFlag,
  convert_classic_histograms_to_nhcb: optionalFlag,
  always_scrape_classic_histograms: optionalFlag,
  scrape_classic_histograms: renamedTo('always_scrape_classic_histograms'),
  extra_scrape_metrics: optionalFlag,
  scrape_failure_log_file: optionalText,
  metric_name_validation_scheme: v.nullish(v.picklist(['', 'utf8', 'legacy']), ''),
  metric_name_escaping_scheme: v.nullish(v.picklist(['', 'allow-utf-8', 'underscores', 'dots', 'values']), ''),
};

export const globalSection = section({
  scrape_interval: wait('0s'),
  scrape_timeout: wait('0s'),
  evaluation_interval: wait('0s'),
  rule_query_offset: wait('0s'),
  query_log_file: optionalText,
  external_labels: textMap,
  ...scrapeDefaults,
});

export type WrittenGlobal = v.InferOutput<typeof globalSection>;

export interface GlobalConfig {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly evaluationIntervalMs: number;
  readonly ruleQueryOffsetMs: number;
}

const DEFAULT_INTERVAL_MS = 60_000;
const DEFAULT_TIMEOUT_MS = 10_000;

/** A time of 0 is one that is not given. */
export function readGlobal(written: WrittenGlobal, path: ConfigPath, findings: Findings): GlobalConfig {
  const intervalMs = written.scrape_interval || DEFAULT_INTERVAL_MS;
  if (written.scrape_timeout > intervalMs)
    findings.problem([...path, 'scrape_timeout'], `at most scrape_interval (${formatDuration(intervalMs)})`);
  if (written.query_log_file !== '')
    findings.warn([...path, 'query_log_file'], 'not supported: queries are not logged');
  warnOfScrapeDefaults(written, path, findings);
  return {
    intervalMs,
    timeoutMs: written.scrape_timeout || Math.min(DEFAULT_TIMEOUT_MS, intervalMs),
    evaluationIntervalMs: written.evaluation_interval || DEFAULT_INTERVAL_MS,
    ruleQueryOffsetMs: written.rule_query_offset,
  };
}

const noEffect = section(scrapeDefaults);

/** Of what is accepted without effect. */
export function warnOfScrapeDefaults(
  written: Pick<
    v.InferOutput<typeof noEffect>,
    'scrape_failure_log_file' | 'metric_name_validation_scheme' | 'metric_name_escaping_scheme'
  >,
  path: ConfigPath,
  findings: Findings,
): void {
  const { metric_name_validation_scheme: validation, metric_name_escaping_scheme: escaping } = written;
  if (written.scrape_failure_log_file !== '')
    findings.warn(
      [...path, 'scrape_failure_log_file'],
      'not supported: failures are in the log and at /api/v1/targets',
    );
  if (validation === 'legacy')
    findings.warn([...path, 'metric_name_validation_scheme'], 'not supported: names of any UTF-8 are taken');
  if (escaping !== '' && escaping !== 'allow-utf-8')
    findings.warn([...path, 'metric_name_escaping_scheme'], 'not supported: targets are asked for names of any UTF-8');
}
