/** Rule files from disk. */
import { readFile } from 'node:fs/promises';
import { ConfigError, type ConfigProblem } from '@vigie/core/config/problem';
import { VigieError } from '@vigie/core/errors';
import type { RuleGroup } from '../rule.ts';
import { parseRuleFile, type RuleFileOptions } from './parse-rule-file.ts';

/** @param files paths, globs expanded; one that comes twice is read once
 *  @throws {ConfigError} with every problem of every file
 *  @throws {VigieError} CONFIG_UNREADABLE */
export function loadRuleFiles(files: readonly string[], options: RuleFileOptions = {}): Promise<readonly RuleGroup[]> {
  return readRuleFiles(files, (text, file) => parseRuleFile(text, file, options));
}

/** The same of files in another language.
 *  @param parse throws {ConfigError} with every problem of a file */
export async function readRuleFiles(
  files: readonly string[],
  parse: (text: string, file: string) => readonly RuleGroup[],
): Promise<readonly RuleGroup[]> {
  const groups: RuleGroup[] = [];
  const problems: ConfigProblem[] = [];
  for (const file of new Set(files)) {
    try {
      groups.push(...parse(await readRuleFile(file), file));
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems);
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return groups;
}

async function readRuleFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new VigieError('CONFIG_UNREADABLE', `cannot read the rule file ${file}`, { cause: error });
  }
}
