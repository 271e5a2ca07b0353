/** `vigie check rules --logs` */
import type { ExitCode } from '@vigie/core/lifecycle';
import { checkRules } from '@vigie/rules/check-rule-files';
import { readRuleFiles } from '@vigie/rules/file/load-rule-files';
import type { LogDatasource } from './config/alerting-config.ts';
import { parseLogRuleFile } from './logs/file/parse-log-rule-file.ts';

interface Output {
  readonly write: (text: string) => void;
}

/** Says of each file how many rules it has.
 *  @param type of the log store that is asked; undefined: what only one of them can answer passes
 *  @returns 2 where one is bad or cannot be read */
export function checkLogRuleFiles(
  files: readonly string[],
  type: LogDatasource['type'] | undefined,
  stdout: Output,
): Promise<ExitCode> {
  const load = (file: string) => readRuleFiles([file], (text) => parseLogRuleFile(text, file, { type }));
  return checkRules(files, load, stdout);
}
