/** The log rules of an alerting.yaml. */
import { findFiles } from '@vigie/rules/file/glob-files';
import { readRuleFiles } from '@vigie/rules/file/load-rule-files';
import type { RuleGroup } from '@vigie/rules/rule';
import type { AlertingConfig } from '../../config/alerting-config.ts';
import { parseLogRuleFile } from './parse-log-rule-file.ts';

/** @throws {ConfigError} with every problem of every file; {VigieError} CONFIG_UNREADABLE */
export async function loadLogRules({
  logRuleFiles,
  logs,
  evaluationIntervalMs,
}: Pick<AlertingConfig, 'logRuleFiles' | 'logs' | 'evaluationIntervalMs'>): Promise<readonly RuleGroup[]> {
  const { files } = await findFiles(logRuleFiles);
  const options = {
    intervalMs: evaluationIntervalMs,
    ...(logs === undefined ? {} : { type: logs.type, lateLinesMs: logs.lateLinesMs }),
  };
  return readRuleFiles(files, (text, file) => parseLogRuleFile(text, file, options));
}
