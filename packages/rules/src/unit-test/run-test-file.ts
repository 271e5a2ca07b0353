/** `vigie test rules`: promtool's unit-test files. */
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { VigieError } from '@vigie/core/errors';
import type { ScriptStorage } from '@vigie/promql/script/run-script';
import { findFiles } from '../file/glob-files.ts';
import { loadRuleFiles } from '../file/load-rule-files.ts';
import type { RuleFileOptions } from '../file/parse-rule-file.ts';
import { runTestGroup } from './run-test-group.ts';
import { parseTestFile } from './test-file.ts';

export interface TestOutcome {
  /** As promtool prints them. */
  readonly failures: readonly string[];
  /** Patterns of rule files that lead to none. */
  readonly unmatched: readonly string[];
}

/** @param open a new, empty storage, for each group of tests
 *  @throws {ConfigError} of the file, or of a rule file that it names
 *  @throws {VigieError} CONFIG_UNREADABLE */
export async function runTestFile(
  file: string,
  open: () => Promise<ScriptStorage>,
  signal: AbortSignal,
  options: RuleFileOptions = {},
): Promise<TestOutcome> {
  const tests = parseTestFile(await readTestFile(file), file);
  const { files: ruleFiles, unmatched } = await findFiles(tests.ruleFiles, dirname(file));
  const rules = await loadRuleFiles(ruleFiles, options);
  const failures: string[] = [];
  for (const group of tests.groups) {
    const storage = await open();
    try {
      failures.push(...(await runTestGroup(tests, group, rules, storage, signal, options)));
    } finally {
      await storage.close();
    }
  }
  return { failures, unmatched };
}

async function readTestFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new VigieError('CONFIG_UNREADABLE', `cannot read the test file ${file}`, { cause: error });
  }
}
