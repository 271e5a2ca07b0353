/** The rules on logs that are shipped in deploy/overlays/alerting-log-rules: whole, and tested by scenarios with lines. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runScenarioFile } from '@vigie/alerting/scenario/run-scenario-file';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseLogRuleFile } from '../../packages/alerting/src/logs/file/parse-log-rule-file.ts';
import { recordedContainerLogs } from '../../packages/cli/src/recorded-container-logs.ts';

const CHECKOUT = fileURLToPath(new URL('../..', import.meta.url));
const OVERLAY = join(CHECKOUT, 'deploy/overlays/alerting-log-rules');
const { signal } = new AbortController();

const ruleFiles = readdirSync(join(OVERLAY, 'log-rules'));

interface WrittenScenarios {
  readonly scenarios: readonly {
    readonly notified?: readonly { readonly firing?: readonly string[] }[];
  }[];
}

describe.each(ruleFiles)('%s', (name) => {
  const path = join(OVERLAY, 'log-rules', name);
  const rules = parseLogRuleFile(readFileSync(path, 'utf8'), path).flatMap((group) => group.rules);
  const scenarios = join(OVERLAY, 'tests', name.replace(/\.yaml$/, '.scenarios.yaml'));

  it.each(['loki', 'elasticsearch', 'opensearch'] as const)('asks what %s can be asked', (type) => {
    expect(parseLogRuleFile(readFileSync(path, 'utf8'), path, { type })).toHaveLength(1);
  });

  it('has scenarios that come out as expected, in which each of its alerts is told', async () => {
    expect(
      await runScenarioFile(scenarios, signal, { environment: {}, containerLogs: recordedContainerLogs() }),
    ).toEqual({ failures: [], unmatched: [] });
    const written = parse(readFileSync(scenarios, 'utf8')) as WrittenScenarios;
    const told = written.scenarios
      .flatMap(({ notified = [] }) => notified.flatMap(({ firing = [] }) => firing))
      .map((alert) => alert.replace(/\{.*$/, ''));
    expect([...new Set(told)].sort()).toEqual(rules.map((rule) => rule.name).sort());
  });

  it.each(rules.map((rule) => [rule.name, rule] as const))('says of %s how bad it is, and what to do', (_, rule) => {
    if (rule.kind !== 'alerting') throw new Error(`${rule.name} records`);
    expect(['critical', 'warning', 'info']).toContain(rule.labels.get('severity'));
    for (const text of ['summary', 'description']) expect(rule.annotations.get(text)).not.toBe('');
    const [, runbook = ''] =
      /\/blob\/main\/(docs\/runbooks\/[\w-]+\.md)$/.exec(rule.annotations.get('runbook_url')) ?? [];
    expect(readFileSync(join(CHECKOUT, runbook), 'utf8')).toMatch(/^# /);
  });
});
