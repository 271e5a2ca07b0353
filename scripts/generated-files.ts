/** Every file of the repository that is made from code, wholly or in part. `npm run generate` writes them; a test holds what
 *  is committed against them. */
import { readFileSync } from 'node:fs';
import { ALERTS_API_METRICS } from '@vigie/alerting/api/telemetry';
import { HA_METRICS } from '@vigie/alerting/ha/telemetry';
import { LOG_RULE_METRICS } from '@vigie/alerting/logs/telemetry';
import { OPERATOR_METRICS as ALERTING_OPERATOR_METRICS } from '@vigie/alerting/operator/telemetry';
import { ALERTING_METRICS } from '@vigie/alerting/telemetry';
import { HPA_EVENT_METRICS } from '@vigie/collector/cluster/hpa-event-telemetry';
import { DISCOVERY_METRICS } from '@vigie/collector/discovery/telemetry';
import { KUBE_STATE_METRICS } from '@vigie/collector/kube-state/telemetry';
import { METRICS_API_METRICS } from '@vigie/collector/metrics-api/telemetry';
import { OPERATOR_METRICS } from '@vigie/collector/operator/telemetry';
import { PROBE_METRICS } from '@vigie/collector/probe/probe-samples';
import { PROBE_TELEMETRY } from '@vigie/collector/probe/telemetry';
import { COLLECTOR_TABLES } from '@vigie/collector/telemetry';
import { PROCESS_METRICS } from '@vigie/core/process-metrics';
import { AGENT_METRICS } from '@vigie/node-agent/telemetry';
import { RULE_METRICS } from '@vigie/rules/telemetry';
import { SHIP_METRICS } from '@vigie/sidecar/ship/telemetry';
import { STREAM_METRICS } from '@vigie/sidecar/stream/telemetry';
import { WEBHOOK_METRICS } from '@vigie/sidecar/webhook/telemetry';
import { TSDB_API_METRICS } from '@vigie/tsdb/api/telemetry';
import { TSDB_METRICS } from '@vigie/tsdb/telemetry';
import { dashboardFiles } from '../dashboards/dashboards.ts';
import { alertPackTables } from './alert-pack-table.ts';
import { hostMetricsTable } from './host-metrics-table.ts';
import { kubeStateRules, kubeStateTables } from './kube-state-table.ts';
import { metricsTable } from './metrics-table.ts';
import { optionsReference } from './options-reference.ts';

const AGENT_REFERENCE = 'docs/reference/node-agent.md';
const SIDECAR_REFERENCE = 'docs/reference/sidecar.md';
const SHIP_REFERENCE = 'docs/reference/sidecar-ship.md';
const INJECTION_REFERENCE = 'docs/reference/injection.md';
const TSDB_REFERENCE = 'docs/reference/tsdb.md';
const HOST_REFERENCE = 'docs/reference/host-metrics.md';
const KUBE_STATE_REFERENCE = 'docs/reference/kube-state.md';
const METRICS_API_REFERENCE = 'docs/reference/metrics-api.md';
const PROBES_REFERENCE = 'docs/reference/probes.md';
const OTLP_METRICS_REFERENCE = 'docs/reference/otlp-metrics.md';
const REMOTE_WRITE_REFERENCE = 'docs/reference/remote-write.md';
const RULES_REFERENCE = 'docs/reference/rules.md';
const OPERATOR_REFERENCE = 'docs/reference/operator-objects.md';
const HPA_REFERENCE = 'docs/reference/hpa.md';
const ALERTING_REFERENCE = 'docs/reference/alerting.md';
const LOG_RULES_REFERENCE = 'docs/reference/log-rules.md';
const ALERTS_API_REFERENCE = 'docs/reference/alerts-api.md';
const COLLECTOR_REFERENCE = 'docs/reference/collector.md';
const ALERT_PACK_REFERENCE = 'docs/reference/alert-pack.md';

/** Contents by path from the repository's root. */
export function generatedFiles(): Map<string, string> {
  const files = dashboardFiles();
  const metrics = metricsTable(AGENT_METRICS, PROCESS_METRICS);
  files.set(AGENT_REFERENCE, withBlock(AGENT_REFERENCE, 'agent-metrics', metrics));
  const streamMetrics = metricsTable(STREAM_METRICS, PROCESS_METRICS);
  files.set(SIDECAR_REFERENCE, withBlock(SIDECAR_REFERENCE, 'stream-metrics', streamMetrics));
  files.set(SHIP_REFERENCE, withBlock(SHIP_REFERENCE, 'ship-metrics', metricsTable(SHIP_METRICS, PROCESS_METRICS)));
  const webhookMetrics = metricsTable(WEBHOOK_METRICS, PROCESS_METRICS);
  files.set(INJECTION_REFERENCE, withBlock(INJECTION_REFERENCE, 'webhook-metrics', webhookMetrics));
  files.set(TSDB_REFERENCE, withBlock(TSDB_REFERENCE, 'tsdb-metrics', metricsTable(TSDB_METRICS, TSDB_API_METRICS)));
  const metricsApiMetrics = metricsTable(METRICS_API_METRICS);
  files.set(METRICS_API_REFERENCE, withBlock(METRICS_API_REFERENCE, 'metrics-api-metrics', metricsApiMetrics));
  const alertingMetrics = metricsTable(ALERTING_METRICS, HA_METRICS, PROCESS_METRICS);
  files.set(ALERTING_REFERENCE, withBlock(ALERTING_REFERENCE, 'alerting-metrics', alertingMetrics));
  const logRuleMetrics = metricsTable(LOG_RULE_METRICS);
  files.set(LOG_RULES_REFERENCE, withBlock(LOG_RULES_REFERENCE, 'log-rule-metrics', logRuleMetrics));
  files.set(RULES_REFERENCE, withBlock(RULES_REFERENCE, 'rule-metrics', metricsTable(RULE_METRICS)));
  files.set(HOST_REFERENCE, withBlock(HOST_REFERENCE, 'host-metrics', hostMetricsTable()));
  const kubeState = [
    ['kube-state-metrics', kubeStateTables()],
    ['kube-state-rules', kubeStateRules()],
    ['kube-state-telemetry', metricsTable(KUBE_STATE_METRICS)],
  ] as const;
  files.set(KUBE_STATE_REFERENCE, withBlocks(KUBE_STATE_REFERENCE, kubeState));
  const collectorMetrics = metricsTable(COLLECTOR_TABLES.scrape, DISCOVERY_METRICS, PROCESS_METRICS);
  files.set(COLLECTOR_REFERENCE, withBlock(COLLECTOR_REFERENCE, 'collector-metrics', collectorMetrics));
  const probes = [
    ['probe-metrics', metricsTable(PROBE_METRICS)],
    ['probe-telemetry', metricsTable(PROBE_TELEMETRY)],
  ] as const;
  files.set(PROBES_REFERENCE, withBlocks(PROBES_REFERENCE, probes));
  const operatorMetrics = metricsTable(OPERATOR_METRICS);
  const alertingOperatorMetrics = metricsTable(ALERTING_OPERATOR_METRICS);
  files.set(
    OPERATOR_REFERENCE,
    withBlocks(OPERATOR_REFERENCE, [
      ['alerting-operator-metrics', alertingOperatorMetrics],
      ['operator-metrics', operatorMetrics],
    ]),
  );
  files.set(HPA_REFERENCE, withBlock(HPA_REFERENCE, 'hpa-event-metrics', metricsTable(HPA_EVENT_METRICS)));
  const otlpMetrics = metricsTable(COLLECTOR_TABLES.otlp);
  files.set(OTLP_METRICS_REFERENCE, withBlock(OTLP_METRICS_REFERENCE, 'otlp-metrics', otlpMetrics));
  const writeMetrics = metricsTable(COLLECTOR_TABLES.remoteWrite);
  files.set(REMOTE_WRITE_REFERENCE, withBlock(REMOTE_WRITE_REFERENCE, 'remote-write-metrics', writeMetrics));
  const alertsApiMetrics = metricsTable(ALERTS_API_METRICS);
  files.set(ALERTS_API_REFERENCE, withBlock(ALERTS_API_REFERENCE, 'alerts-api-metrics', alertsApiMetrics));
  files.set(ALERT_PACK_REFERENCE, withBlock(ALERT_PACK_REFERENCE, 'alert-pack', alertPackTables()));
  files.set('docs/reference/options.md', optionsReference());
  return files;
}

/** The file with what stands between `<!-- generated:NAME -->` and `<!-- /generated -->` replaced.
 *  @throws when it has no such place */
function withBlock(path: string, name: string, content: string): string {
  return withBlocks(path, [[name, content]]);
}

/** The same of several. */
function withBlocks(path: string, blocks: readonly (readonly [name: string, content: string])[]): string {
  const file = readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
  return blocks.reduce((text, [name, content]) => replaced(path, text, name, content), file);
}

function replaced(path: string, text: string, name: string, content: string): string {
  const opening = `<!-- generated:${name} -->\n`;
  const start = text.indexOf(opening) + opening.length;
  const end = text.indexOf('<!-- /generated -->', start);
  if (start < opening.length || end === -1) throw new Error(`${path} has no place for ${name}`);
  return `${text.slice(0, start)}${content}\n${text.slice(end)}`;
}
