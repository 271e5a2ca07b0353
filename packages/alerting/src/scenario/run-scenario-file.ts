/** `vigie test rules`: files of scenarios. */
import { readFile } from 'node:fs/promises';
import type { Environment } from '@vigie/core/config/environment';
import { bug, VigieError } from '@vigie/core/errors';
import { findFiles } from '@vigie/rules/file/glob-files';
import { loadRuleFiles, readRuleFiles } from '@vigie/rules/file/load-rule-files';
import type { RuleFileOptions } from '@vigie/rules/file/parse-rule-file';
import type { RuleGroup } from '@vigie/rules/rule';
import type { TestOutcome } from '@vigie/rules/unit-test/run-test-file';
import { parseLogRuleFile } from '../logs/file/parse-log-rule-file.ts';
import { buildRoutes } from '../routing/route.ts';
import { allGroups } from '../rules/all-groups.ts';
import { checkOutcome } from './check-outcome.ts';
import type { ContainerLogs } from './recorded/container-logs.ts';
import { withRecordedLines } from './recorded/recorded-files.ts';
import { runScenario } from './run-scenario.ts';
import type { ScenarioFile } from './scenario.ts';
import { hasScenarios, parseScenarioFile } from './scenario-file.ts';

export interface ScenarioFileOptions extends RuleFileOptions {
  /** Of the alerting.yaml that it names. */
  readonly environment: Environment;
  /** Reads recorded logs of containers. */
  readonly containerLogs: ContainerLogs;
}

/** @returns undefined for a file without scenarios
 *  @throws {ConfigError} of the file, or of one that it names
 *  @throws {VigieError} CONFIG_UNREADABLE; the signal's reason */
export async function runScenarioFile(
  file: string,
  signal: AbortSignal,
  options: ScenarioFileOptions,
): Promise<TestOutcome | undefined> {
  const source = await readSource(file);
  if (!hasScenarios(source)) return undefined;
  const written = await parseScenarioFile(source, file, options.environment);
  const { config, logs } = written;
  const metricRules = await findFiles(config.ruleFiles, '');
  const logRules = await findFiles(config.logRuleFiles, '');
  const rules = await allGroups([loadRuleFiles(metricRules.files, options), loadLogRules(logRules.files, written)]);
  if (config.alertmanager === undefined) throw bug('a file of scenarios in which nobody is told');
  const root = buildRoutes(config.alertmanager.config.route);
  const failures: string[] = [];
  for (const one of written.scenarios) {
    const scenario = await withRecordedLines(one, options.containerLogs, signal);
    const outcome = await runScenario({ config, logs }, scenario, rules, signal);
    failures.push(...checkOutcome(scenario, outcome, root).map((failure) => `    ${failure}`));
  }
  return { failures, unmatched: [...metricRules.unmatched, ...logRules.unmatched] };
}

function loadLogRules(
  files: readonly string[],
  { logs, config }: Pick<ScenarioFile, 'logs' | 'config'>,
): Promise<readonly RuleGroup[]> {
  const options = { type: logs.type, lateLinesMs: logs.lateLinesMs, intervalMs: config.evaluationIntervalMs };
  return readRuleFiles(files, (text, file) => parseLogRuleFile(text, file, options));
}

async function readSource(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new VigieError('CONFIG_UNREADABLE', `cannot read the test file ${file}`, { cause: error });
  }
}
