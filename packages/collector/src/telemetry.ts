/** Every metric of a collector, beside those of its process. */
import type { ReloadCounts } from '@vigie/core/reload-counts';
import type { MetricTable, Report } from '@vigie/core/telemetry';
import { QUERY_METRICS } from '@vigie/promql/api/query-counts';
import { RULE_METRICS } from '@vigie/rules/telemetry';
import { TSDB_API_METRICS } from '@vigie/tsdb/api/telemetry';
import { TSDB_METRICS } from '@vigie/tsdb/telemetry';
import { OTLP_METRICS } from './otlp/telemetry.ts';
import { REMOTE_WRITE_METRICS } from './remote-write/telemetry.ts';
import { SCRAPE_METRICS } from './scrape/telemetry.ts';

/** Of the collector itself, not of one of its parts. */
const CONFIG_METRICS = {
  reloads: {
    name: 'vigie_collector_config_reloads_total',
    type: 'counter',
    help: 'Reloads of the configuration, by result.',
    labels: ['result'],
  },
  reloadSucceeded: {
    name: 'vigie_collector_config_last_reload_successful',
    type: 'gauge',
    help: 'Whether the configuration in force is that of the file, as it was when it was read last.',
    labels: [],
  },
  reloadTime: {
    name: 'vigie_collector_config_last_reload_success_timestamp_seconds',
    type: 'gauge',
    help: 'When the configuration in force was read, Unix time.',
    labels: [],
  },
  alertingRulesLeft: {
    name: 'vigie_collector_alerting_rules_left',
    type: 'gauge',
    help: 'Alerting rules in its rule files, which vigie alerting evaluates and the collector does not.',
    labels: [],
  },
} as const satisfies MetricTable;

/** Tables of their own, for their keys are short: what each of them names is exposed one behind the other. */
export const COLLECTOR_TABLES = {
  scrape: { ...SCRAPE_METRICS, ...CONFIG_METRICS },
  data: { ...TSDB_METRICS, ...TSDB_API_METRICS, ...QUERY_METRICS },
  rules: RULE_METRICS,
  remoteWrite: REMOTE_WRITE_METRICS,
  otlp: OTLP_METRICS,
} as const satisfies Readonly<Record<string, MetricTable>>;

export function reportConfig(counts: ReloadCounts, left: number, report: Report<typeof CONFIG_METRICS>): void {
  report('reloads', { result: 'success' }, counts.succeeded);
  report('reloads', { result: 'failure' }, counts.failed);
  report('reloadSucceeded', {}, counts.isInForce ? 1 : 0);
  report('reloadTime', {}, counts.atMs / 1000);
  report('alertingRulesLeft', {}, left);
}
