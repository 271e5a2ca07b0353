/** What holds in the scenarios of a file: the alerting.yaml that it names, with what it says itself in place of that. */
import { isAbsolute, join } from 'node:path';
import type { Environment } from '@vigie/core/config/environment';
import type { ReadContext } from '@vigie/core/config/findings';
import { LabelSet } from '@vigie/promql/labels/label-set';
import type { AlertingConfig } from '../config/alerting-config.ts';
import { loadAlertingConfig, loadWrittenAlertmanager, withAlertmanager } from '../config/alerting-config-file.ts';
import { readLogDelays, readReceiverOptions } from '../config/alerting-config-sections.ts';
import type { ScenarioStore } from './scenario.ts';
import type { WrittenScenarioFile } from './scenario-sections.ts';

export interface ScenarioConfig {
  readonly config: AlertingConfig;
  readonly logs: ScenarioStore;
}

/** @param context of the file of scenarios
 *  @param folder of it, as it was named: so are the files that it names
 *  @param environment of alerting.yaml
 *  @returns undefined where nobody says who is told, which is a problem by then
 *  @throws {ConfigError} of the files that it names; {VigieError} CONFIG_UNREADABLE */
export async function scenarioConfig(
  written: WrittenScenarioFile,
  context: ReadContext,
  folder: string,
  environment: Environment,
): Promise<ScenarioConfig | undefined> {
  const { findings } = context;
  const base = await baseConfig(written, findings, folder, environment);
  if (base === undefined) return undefined;
  const names = new Set(base.alertmanager?.config.receivers.map(({ name }) => name));
  const below = (patterns: readonly string[]): readonly string[] =>
    patterns.map((pattern) => besideFile(folder, pattern));
  const config: AlertingConfig = {
    ...base,
    ruleFiles: written.rule_files == null ? base.ruleFiles : below(written.rule_files),
    logRuleFiles: written.log_rule_files == null ? base.logRuleFiles : below(written.log_rule_files),
    evaluationIntervalMs: written.evaluation_interval ?? base.evaluationIntervalMs,
    externalLabels: written.external_labels == null ? base.externalLabels : LabelSet.of(written.external_labels),
    externalUrl: written.external_url === '' ? base.externalUrl : written.external_url.replace(/\/+$/, ''),
    receivers: written.receivers == null ? base.receivers : readReceiverOptions(written.receivers, names, context),
  };
  const type = written.logs?.type ?? base.logs?.type;
  if (type === undefined && config.logRuleFiles.length > 0)
    findings.problemAtKey(
      written.log_rule_files == null ? ['alerting_config'] : ['log_rule_files'],
      'logs.type beside it: loki, elasticsearch or opensearch, which they ask',
    );
  const delays = written.logs == null ? base.logs : readLogDelays(written.logs, ['logs'], context);
  return { config, logs: { type: type ?? 'loki', ...(delays ?? DEFAULT_DELAYS) } };
}

/** A path as the user would write it: in messages it is looked for there.
 *  @param folder of the file that names it, '' for the working directory */
export function besideFile(folder: string, path: string): string {
  return isAbsolute(path) ? path : join(folder, path);
}

/** Of lines that no rule asks for. */
const DEFAULT_DELAYS = { queryDelayMs: 0, maxQueryDelayMs: 0, lateLinesMs: 0 };

async function baseConfig(
  written: WrittenScenarioFile,
  findings: ReadContext['findings'],
  folder: string,
  environment: Environment,
): Promise<AlertingConfig | undefined> {
  const own =
    written.alertmanager_config === ''
      ? undefined
      : await loadWrittenAlertmanager(besideFile(folder, written.alertmanager_config));
  const config =
    written.alerting_config === ''
      ? undefined
      : (await loadAlertingConfig(besideFile(folder, written.alerting_config), environment)).config;
  if (own !== undefined) return withAlertmanager(config, own);
  if (config?.alertmanager !== undefined) return config;
  if (config === undefined)
    findings.problem([], 'alerting_config or alertmanager_config, the file that says who is told');
  else
    findings.problem(
      ['alerting_config'],
      'alertmanager_config in it, or beside it: it sends to Alertmanagers, and nobody says whom they tell',
    );
  return undefined;
}
