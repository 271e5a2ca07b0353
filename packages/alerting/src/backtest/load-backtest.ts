/** What is tested over the past: rule files and files of rules on logs, or those of an alerting.yaml, and whom they would have told. */
import type { Environment } from '@vigie/core/config/environment';
import { VigieError } from '@vigie/core/errors';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { findFiles } from '@vigie/rules/file/glob-files';
import { loadRuleFiles, readRuleFiles } from '@vigie/rules/file/load-rule-files';
import type { RuleGroup } from '@vigie/rules/rule';
import { DEFAULT_POLICY, type RulePolicy } from '@vigie/rules/rule-policy';
import { DEFAULT_RESEND_DELAY_MS } from '@vigie/rules/rule-runner';
import type { AlertingConfig, LogDatasource } from '../config/alerting-config.ts';
import { loadAlertingConfig, loadWrittenAlertmanager, withAlertmanager } from '../config/alerting-config-file.ts';
import { type ConfiguredEngine, configuredEngine } from '../configured-engine.ts';
import { parseLogRuleFile } from '../logs/file/parse-log-rule-file.ts';
import { logRuleOf } from '../logs/log-rule.ts';
import { allGroups } from '../rules/all-groups.ts';

export interface BacktestFiles {
  readonly ruleFiles: readonly string[];
  readonly logRuleFiles: readonly string[];
  /** alerting.yaml: what it says holds where nothing else here does, and where no file of rules is named, its own are tested. */
  readonly config: string | undefined;
  /** alertmanager.yml */
  readonly alertmanager: string | undefined;
  /** Of groups that name none. */
  readonly intervalMs: number | undefined;
}

export interface LoadedBacktest {
  readonly groups: readonly RuleGroup[];
  /** Whether some of them ask a server with metrics. */
  readonly asksMetrics: boolean;
  /** Whom the others ask; undefined where there are none. */
  readonly logs: LogDatasource | undefined;
  /** undefined: nobody says who is told. */
  readonly told: ConfiguredEngine | undefined;
  readonly policy: RulePolicy;
  readonly resendDelayMs: number;
  readonly intervalMs: number;
  readonly externalLabels: LabelSet;
}

const DEFAULT_INTERVAL_MS = 60_000;

/** @throws {ConfigError} with every problem of the rules, of alerting.yaml, or of alertmanager.yml
 *  @throws {VigieError} CONFIG_UNREADABLE; CONFIG_INVALID, where there is nothing to test, or no log store for rules on logs */
export async function loadBacktest(files: BacktestFiles, environment: Environment): Promise<LoadedBacktest> {
  const config = files.config === undefined ? undefined : (await loadAlertingConfig(files.config, environment)).config;
  const intervalMs = files.intervalMs ?? config?.evaluationIntervalMs ?? DEFAULT_INTERVAL_MS;
  const { ruleFiles, logRuleFiles } = await rulesOf(files, config);
  if (ruleFiles.length + logRuleFiles.length === 0)
    throw new VigieError(
      'CONFIG_INVALID',
      'there are no rules to test: name rule files, --log-rules or a --config that has some',
    );
  const logs = config?.logs;
  if (logRuleFiles.length > 0 && logs === undefined) {
    throw new VigieError(
      'CONFIG_INVALID',
      '--log-rules: expected --config beside it, an alerting.yaml whose datasources.logs is asked',
    );
  }
  const options = { type: logs?.type, intervalMs };
  const groups = await allGroups([
    loadRuleFiles(ruleFiles),
    readRuleFiles(logRuleFiles, (text, file) => parseLogRuleFile(text, file, options)),
  ]);
  const alerting = groups.flatMap(({ rules }) => rules.filter(({ kind }) => kind === 'alerting'));
  return {
    groups: groups.map((group) => ({ ...group, queryOffsetMs: group.queryOffsetMs ?? config?.queryOffsetMs })),
    asksMetrics: alerting.some(({ query }) => logRuleOf(query.expr) === undefined),
    logs: logRuleFiles.length > 0 ? logs : undefined,
    told: await toldBy(files, config),
    policy: config?.rules.policy ?? DEFAULT_POLICY,
    resendDelayMs: config?.rules.resendDelayMs ?? DEFAULT_RESEND_DELAY_MS,
    intervalMs,
    externalLabels: config?.externalLabels ?? LabelSet.empty,
  };
}

async function toldBy(
  { alertmanager: file }: Pick<BacktestFiles, 'alertmanager'>,
  config: AlertingConfig | undefined,
): Promise<ConfiguredEngine | undefined> {
  if (file === undefined) return config && configuredEngine(config);
  return configuredEngine(await withAlertmanager(config, await loadWrittenAlertmanager(file)));
}

async function rulesOf(
  { ruleFiles, logRuleFiles }: BacktestFiles,
  config: AlertingConfig | undefined,
): Promise<Pick<BacktestFiles, 'ruleFiles' | 'logRuleFiles'>> {
  if (config === undefined || ruleFiles.length + logRuleFiles.length > 0) return { ruleFiles, logRuleFiles };
  const [metrics, logs] = [await findFiles(config.ruleFiles), await findFiles(config.logRuleFiles)];
  return { ruleFiles: metrics.files, logRuleFiles: logs.files };
}
