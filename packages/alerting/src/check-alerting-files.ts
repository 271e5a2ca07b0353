/** `vigie check alerting` */
import { reportBadConfig } from '@vigie/core/config/bad-config';
import type { Environment } from '@vigie/core/config/environment';
import { formatWarning } from '@vigie/core/config/findings';
import type { ExitCode } from '@vigie/core/lifecycle';
import { findFiles } from '@vigie/rules/file/glob-files';
import { loadRuleFiles } from '@vigie/rules/file/load-rule-files';
import { loadAlertingConfig } from './config/alerting-config-file.ts';
import { loadLogRules } from './logs/file/load-log-rules.ts';
import { allGroups } from './rules/all-groups.ts';

interface Output {
  readonly write: (text: string) => void;
}

/** Says of each file how much is in it, and in the alertmanager.yml and rule files that it names.
 *  @returns 2 where one is bad or cannot be read */
export async function checkAlertingFiles(
  files: readonly string[],
  environment: Environment,
  stdout: Output,
): Promise<ExitCode> {
  let worst: ExitCode = 0;
  for (const file of files) {
    try {
      const { config, warnings } = await loadAlertingConfig(file, environment);
      const [metrics, logs] = [await findFiles(config.ruleFiles), await findFiles(config.logRuleFiles)];
      const groups = await allGroups([loadRuleFiles(metrics.files), loadLogRules(config)]);
      const rules = groups.reduce((sum, group) => sum + group.rules.length, 0);
      const receivers = config.alertmanager?.config.receivers.length ?? 0;
      stdout.write(`${file}: ok, ${counted(receivers, 'receiver')}, ${counted(rules, 'rule')}\n`);
      for (const warning of warnings) stdout.write(`${formatWarning(warning)}\n`);
      for (const warning of groups.flatMap((group) => group.warnings)) stdout.write(`${warning}\n`);
      for (const pattern of metrics.unmatched) stdout.write(`${file}: warning: rule_files: no file is ${pattern}\n`);
      for (const pattern of logs.unmatched) stdout.write(`${file}: warning: log_rule_files: no file is ${pattern}\n`);
    } catch (error) {
      worst = reportBadConfig(error);
    }
  }
  return worst;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
