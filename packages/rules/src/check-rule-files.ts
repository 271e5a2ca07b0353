/** `vigie check rules` */
import { reportBadConfig } from '@vigie/core/config/bad-config';
import type { ExitCode } from '@vigie/core/lifecycle';
import { describeLabels } from '@vigie/promql/text/labels';
import { duplicateRules } from './file/duplicate-rules.ts';
import { loadRuleFiles } from './file/load-rule-files.ts';
import type { RuleFileOptions } from './file/parse-rule-file.ts';
import type { RuleGroup } from './rule.ts';

interface Output {
  readonly write: (text: string) => void;
}

/** Says of each file how many rules it has; rules that write the same series are a warning.
 *  @returns 2 where one is bad or cannot be read */
export function checkRuleFiles(files: readonly string[], options: RuleFileOptions, stdout: Output): Promise<ExitCode> {
  return checkRules(files, (file) => loadRuleFiles([file], options), stdout);
}

/** The same of files in another language.
 *  @param load throws {ConfigError}, {VigieError} CONFIG_UNREADABLE */
export async function checkRules(
  files: readonly string[],
  load: (file: string) => Promise<readonly RuleGroup[]>,
  stdout: Output,
): Promise<ExitCode> {
  let worst: ExitCode = 0;
  for (const file of files) {
    try {
      const groups = await load(file);
      const count = groups.reduce((sum, { rules }) => sum + rules.length, 0);
      stdout.write(`${file}: ok, ${count} ${count === 1 ? 'rule' : 'rules'}\n`);
      for (const warning of groups.flatMap(({ warnings }) => warnings)) stdout.write(`${warning}\n`);
      for (const { name, labels } of duplicateRules(groups)) {
        stdout.write(`${file}: warning: more than one rule writes ${name}${describeLabels(labels)}\n`);
      }
    } catch (error) {
      worst = reportBadConfig(error);
    }
  }
  return worst;
}
