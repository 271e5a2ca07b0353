/** Every file of the repository that is made from code, wholly or in part. `npm run generate` writes them; a test holds what
 *  is committed against them. */
import { readFileSync } from 'node:fs';
import { PROCESS_METRICS } from '@vigie/core/process-metrics';
import { AGENT_METRICS } from '@vigie/node-agent/telemetry';
import { RULE_METRICS } from '@vigie/rules/telemetry';
import { SHIP_METRICS } from '@vigie/sidecar/ship/telemetry';
import { STREAM_METRICS } from '@vigie/sidecar/stream/telemetry';
import { WEBHOOK_METRICS } from '@vigie/sidecar/webhook/telemetry';
import { TSDB_API_METRICS } from '@vigie/tsdb/api/telemetry';
import { TSDB_METRICS } from '@vigie/tsdb/telemetry';
import { dashboardFiles } from '../dashboards/dashboards.ts';
import { metricsTable } from './metrics-table.ts';
import { optionsReference } from './options-reference.ts';

const AGENT_REFERENCE = 'docs/reference/node-agent.md';
const SIDECAR_REFERENCE = 'docs/reference/sidecar.md';
const SHIP_REFERENCE = 'docs/reference/sidecar-ship.md';
const INJECTION_REFERENCE = 'docs/reference/injection.md';
const TSDB_REFERENCE = 'docs/reference/tsdb.md';
const RULES_REFERENCE = 'docs/reference/rules.md';

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
  files.set(RULES_REFERENCE, withBlock(RULES_REFERENCE, 'rule-metrics', metricsTable(RULE_METRICS)));
  files.set('docs/reference/options.md', optionsReference());
  return files;
}

/** The file with what stands between `<!-- generated:NAME -->` and `<!-- /generated -->` replaced.
 *  @throws when it has no such place */
function withBlock(path: string, name: string, content: string): string {
  const text = readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
  const opening = `<!-- generated:${name} -->\n`;
  const start = text.indexOf(opening) + opening.length;
  const end = text.indexOf('<!-- /generated -->', start);
  if (start < opening.length || end === -1) throw new Error(`${path} has no place for ${name}`);
  return `${text.slice(0, start)}${content}\n${text.slice(end)}`;
}
