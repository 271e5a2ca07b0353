/** `vigie check collector FILE... [--test]` */
import { reportBadConfig } from '@vigie/core/config/bad-config';
import type { Environment } from '@vigie/core/config/environment';
import { formatWarning } from '@vigie/core/config/findings';
import { formatDuration } from '@vigie/core/durations';
import type { ExitCode } from '@vigie/core/lifecycle';
import { findFiles } from '@vigie/rules/file/glob-files';
import { loadRuleFiles } from '@vigie/rules/file/load-rule-files';
import type { RuleGroup } from '@vigie/rules/rule';
import { DEFAULT_HEAD_OPTIONS } from '@vigie/tsdb/head/options';
import type { CollectorConfig } from '../config/collector-config.ts';
import { loadCollectorConfig } from '../config/load-config.ts';
import { runRelabelTests } from './relabel-tests.ts';
import { reachMs } from './rule-reach.ts';

interface Output {
  readonly write: (text: string) => void;
}

/** Says of each file how many jobs and rules it has, and warns of what has no effect: sections that Vigie does not know, patterns that
 *  lead to nothing, alerting rules, and rules that look back further than samples are kept.
 *  @param options with `test`, the file's `tests` run too
 *  @returns 2 where one is bad or cannot be read, else 1 where a test failed */
export async function checkCollectorConfig(
  files: readonly string[],
  environment: Environment,
  options: { readonly test: boolean },
  stdout: Output,
): Promise<ExitCode> {
  let worst: ExitCode = 0;
  const counts = { passed: 0, failed: 0 };
  for (const file of files) {
    try {
      const { config, warnings } = await loadCollectorConfig(file, environment);
      const { groups, unmatched } = await readRules(config.ruleFiles);
      const rules = groups.flatMap((group) => group.rules);
      stdout.write(`${file}: ok, ${counted(config.scrapes.length, 'job')}, ${counted(rules.length, 'rule')}\n`);
      for (const warning of warnings) stdout.write(`${formatWarning(warning)}\n`);
      for (const pattern of unmatched) stdout.write(`${file}: warning: rule_files: no file is ${pattern}\n`);
      for (const warning of ruleWarnings(groups, config)) stdout.write(`${warning}\n`);
      if (options.test) testFile(file, config, counts, stdout);
    } catch (error) {
      worst = reportBadConfig(error);
    }
  }
  if (!options.test) return worst;
  stdout.write(`${counts.passed} passed, ${counts.failed} failed\n`);
  return worst === 0 && counts.failed > 0 ? 1 : worst;
}

function testFile(
  file: string,
  config: CollectorConfig,
  counts: { passed: number; failed: number },
  stdout: Output,
): void {
  for (const { name, failures } of runRelabelTests(config)) {
    if (failures.length === 0) counts.passed++;
    else counts.failed++;
    stdout.write(`${file}: ${failures.length === 0 ? 'passed' : 'FAILED'}: ${name}\n`);
    for (const failure of failures) stdout.write(`    ${failure}\n`);
  }
}

interface Rules {
  readonly groups: readonly RuleGroup[];
  /** Patterns that lead to no file. */
  readonly unmatched: readonly string[];
}

async function readRules(patterns: readonly string[]): Promise<Rules> {
  const { files, unmatched } = await findFiles(patterns);
  return { groups: await loadRuleFiles(files), unmatched };
}

function ruleWarnings(groups: readonly RuleGroup[], config: CollectorConfig): readonly string[] {
  const warnings: string[] = [];
  const retentionMs = config.storage.retentionMs ?? DEFAULT_HEAD_OPTIONS.retentionMs;
  for (const { file, name: group, rules } of groups) {
    const alerts = rules.filter(({ kind }) => kind === 'alerting').length;
    if (alerts > 0)
      warnings.push(`${file}: warning: ${group}: ${counted(alerts, 'alerting rule')} left to \`vigie alerting\``);
    // A remote engine has a retention of its own.
    if (config.engine !== undefined) continue;
    for (const { name, query } of rules) {
      const reach = reachMs(query.expr);
      if (reach <= retentionMs) continue;
      const kept = formatDuration(retentionMs);
      warnings.push(
        `${file}: warning: ${group}: ${name} looks back ${formatDuration(reach)}, samples are kept for ${kept}`,
      );
    }
  }
  return warnings;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
