/** `vigie test rules`: files of scenarios. */
import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { VigieError } from '@vigie/core/errors';
import { globFiles } from '@vigie/rules/file/glob-files';
import { loadRuleFiles } from '@vigie/rules/file/load-rule-files';
import type { RuleFileOptions } from '@vigie/rules/file/parse-rule-file';
import type { TestOutcome } from '@vigie/rules/unit-test/run-test-file';
import { loadAlertmanagerConfig } from '../config/load-config.ts';
import { buildRoutes } from '../routing/route.ts';
import { checkOutcome } from './check-outcome.ts';
import { runScenario } from './run-scenario.ts';
import { hasScenarios, parseScenarioFile } from './scenario-file.ts';

/** @returns undefined for a file without scenarios
 *  @throws {ConfigError} of the file, or of one that it names
 *  @throws {VigieError} CONFIG_UNREADABLE; the signal's reason */
export async function runScenarioFile(
  file: string,
  signal: AbortSignal,
  options: RuleFileOptions = {},
): Promise<TestOutcome | undefined> {
  const source = await readSource(file);
  if (!hasScenarios(source)) return undefined;
  const written = parseScenarioFile(source, file);
  const folder = dirname(file);
  const unmatched: string[] = [];
  const ruleFiles: string[] = [];
  for (const pattern of written.ruleFiles) {
    const found = await globFiles(pattern, folder);
    if (found.length === 0) unmatched.push(isAbsolute(pattern) ? pattern : join(folder, pattern));
    ruleFiles.push(...found);
  }
  const parts = {
    rules: await loadRuleFiles(ruleFiles, options),
    alertmanager: await loadAlertmanagerConfig(resolve(folder, written.alertmanagerConfig)),
  };
  const root = buildRoutes(parts.alertmanager.route);
  const failures: string[] = [];
  for (const scenario of written.scenarios) {
    const outcome = await runScenario(written, scenario, parts, signal);
    failures.push(...checkOutcome(scenario, outcome, root).map((failure) => `    ${failure}`));
  }
  return { failures, unmatched };
}

async function readSource(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new VigieError('CONFIG_UNREADABLE', `cannot read the test file ${file}`, { cause: error });
  }
}
