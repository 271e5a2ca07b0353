/** `vigie test rules`: files of scenarios. */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { VigieError } from '@vigie/core/errors';
import { findFiles } from '@vigie/rules/file/glob-files';
import { loadRuleFiles, readRuleFiles } from '@vigie/rules/file/load-rule-files';
import type { RuleFileOptions } from '@vigie/rules/file/parse-rule-file';
import type { RuleGroup } from '@vigie/rules/rule';
import type { TestOutcome } from '@vigie/rules/unit-test/run-test-file';
import { loadAlertmanagerConfig } from '../config/load-config.ts';
import { parseLogRuleFile } from '../logs/file/parse-log-rule-file.ts';
import { buildRoutes } from '../routing/route.ts';
import { allGroups } from '../rules/all-groups.ts';
import { checkOutcome } from './check-outcome.ts';
import { runScenario } from './run-scenario.ts';
import type { ScenarioFile } from './scenario.ts';
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
  const metricRules = await findFiles(written.ruleFiles, folder);
  const logRules = await findFiles(written.logRuleFiles, folder);
  const rules = await allGroups([loadRuleFiles(metricRules.files, options), loadLogRules(logRules.files, written)]);
  const alertmanager = await loadAlertmanagerConfig(resolve(folder, written.alertmanagerConfig));
  const receiverOptions = written.receiverOptions(new Set(alertmanager.receivers.map(({ name }) => name)));
  const parts = { rules, alertmanager, receiverOptions };
  const root = buildRoutes(parts.alertmanager.route);
  const failures: string[] = [];
  for (const scenario of written.scenarios) {
    const outcome = await runScenario(written, scenario, parts, signal);
    failures.push(...checkOutcome(scenario, outcome, root).map((failure) => `    ${failure}`));
  }
  return { failures, unmatched: [...metricRules.unmatched, ...logRules.unmatched] };
}

function loadLogRules(
  files: readonly string[],
  { logs, evaluationIntervalMs }: Pick<ScenarioFile, 'logs' | 'evaluationIntervalMs'>,
): Promise<readonly RuleGroup[]> {
  const options = { type: logs.type, lateLinesMs: logs.lateLinesMs, intervalMs: evaluationIntervalMs };
  return readRuleFiles(files, (text, file) => parseLogRuleFile(text, file, options));
}

async function readSource(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new VigieError('CONFIG_UNREADABLE', `cannot read the test file ${file}`, { cause: error });
  }
}
