/** The rules that are shipped in deploy/alerting: whole, tested, and of metrics that somebody serves. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openMemoryStorage } from '@vigie/promql/script/memory';
import type { Expr } from '@vigie/promql/syntax/ast';
import { walkExpr } from '@vigie/promql/syntax/walk';
import { checkRuleFiles } from '@vigie/rules/check-rule-files';
import { loadRuleFiles } from '@vigie/rules/file/load-rule-files';
import type { AlertingRule } from '@vigie/rules/rule';
import { runTestFile } from '@vigie/rules/unit-test/run-test-file';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { FIRED, type Receiver } from '../real/fired-alerts.ts';

const CHECKOUT = fileURLToPath(new URL('../..', import.meta.url));
const RULES = join(CHECKOUT, 'deploy/alerting/rules');
const TESTS = join(CHECKOUT, 'deploy/alerting/tests');
const RUNBOOKS = join(CHECKOUT, 'docs/runbooks');
const RUNBOOK_URL = /^https:\/\/github\.com\/OWNER\/vigie\/blob\/main\/docs\/runbooks\/([\w-]+\.md)$/;

const ruleFiles = readdirSync(RULES).sort();
const groups = await loadRuleFiles(ruleFiles.map((name) => join(RULES, name)));
const rules = groups.flatMap((group) => group.rules).filter((rule): rule is AlertingRule => rule.kind === 'alerting');
const alerts = new Set(rules.map(({ name }) => name));

/** What somebody else serves, and where it was seen. */
const SEEN_ELSEWHERE: Readonly<Record<string, string>> = {
  up: 'of every target',
  container_cpu_cfs_periods_total: "kubelet's /metrics/cadvisor",
  container_cpu_cfs_throttled_periods_total: "kubelet's /metrics/cadvisor",
  kubelet_volume_stats_available_bytes: "kubelet's /metrics",
  kubelet_volume_stats_capacity_bytes: "kubelet's /metrics",
  kubelet_volume_stats_inodes: "kubelet's /metrics",
  kubelet_volume_stats_inodes_free: "kubelet's /metrics",
  kubelet_certificate_manager_client_ttl_seconds: "kubelet's /metrics, where it renews its certificate",
  kubelet_certificate_manager_server_ttl_seconds: "kubelet's /metrics, where it renews its certificate",
  apiserver_client_certificate_expiration_seconds_bucket: "API server's /metrics, where it is scraped",
  apiserver_client_certificate_expiration_seconds_count: "API server's /metrics, where it is scraped",
  log_messages_total: 'node agent, as overlays/node-agent-log-metrics has it',
};

/** Names in the tables of metrics in the reference, which are generated from the code that serves them. */
function served(): ReadonlySet<string> {
  const folder = join(CHECKOUT, 'docs/reference');
  const pages = readdirSync(folder).filter((name) => name.endsWith('.md'));
  const names = new Set<string>();
  for (const page of pages) {
    const text = readFileSync(join(folder, page), 'utf8');
    for (const [, name = '', type] of text.matchAll(/^\| `(\w+)` \| (gauge|counter|untyped|histogram) \|/gm)) {
      names.add(name);
      if (type === 'histogram') for (const suffix of ['bucket', 'count', 'sum']) names.add(`${name}_${suffix}`);
    }
  }
  return names;
}

function metricsOf(expr: Expr): readonly string[] {
  const names: string[] = [];
  walkExpr(expr, (one) => {
    if (one.kind === 'vector') names.push(one.name);
  });
  return names;
}

/** By the shipped alertmanager.yml. */
function receiverOf(rule: AlertingRule): Receiver {
  switch (rule.labels.get('severity')) {
    case 'critical':
      return 'on-call';
    case 'none':
      return 'heartbeat';
    default:
      return 'chat';
  }
}

interface TestFile {
  readonly tests: readonly {
    readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts?: readonly unknown[] }[];
  }[];
}

describe.each(ruleFiles)('%s', (name) => {
  it('is a rule file without a warning', async () => {
    const written: string[] = [];
    expect(await checkRuleFiles([join(RULES, name)], {}, { write: (text) => written.push(text) })).toBe(0);
    expect(written.join('')).toMatch(/: ok, \d+ rules?\n$/);
  });

  it('has a unit test that passes', async () => {
    const { failures, unmatched } = await runTestFile(
      join(TESTS, name),
      openMemoryStorage,
      new AbortController().signal,
    );
    expect(unmatched).toEqual([]);
    expect(failures.join('\n')).toBe('');
  });

  it('has an alert of each name fire in its unit test', async () => {
    const { tests } = parse(readFileSync(join(TESTS, name), 'utf8')) as TestFile;
    const fired = tests.flatMap(({ alert_rule_test }) =>
      alert_rule_test.filter(({ exp_alerts = [] }) => exp_alerts.length > 0).map(({ alertname }) => alertname),
    );
    const own = (await loadRuleFiles([join(RULES, name)])).flatMap((group) => group.rules.map((rule) => rule.name));
    expect([...new Set(fired)].sort()).toEqual([...new Set(own)].sort());
  });
});

describe.each(rules.map((rule) => [`${rule.name}, ${rule.labels.get('severity')}`, rule] as const))('%s', (_, rule) => {
  it('says how bad it is, what it is about, and what to do', () => {
    expect(['critical', 'warning', 'info', 'none']).toContain(rule.labels.get('severity'));
    expect(rule.annotations.get('summary')).not.toBe('');
    expect(rule.annotations.get('description')).toMatch(/[.}]$/);
    const [, runbook = ''] = RUNBOOK_URL.exec(rule.annotations.get('runbook_url')) ?? [];
    const text = readFileSync(join(RUNBOOKS, runbook), 'utf8');
    expect(text.split('\n')[1]).toContain(`\`${rule.name}\``);
  });

  it('reads metrics that are served', () => {
    const known = served();
    const unknown = metricsOf(rule.query.expr).filter((name) => !known.has(name) && !(name in SEEN_ELSEWHERE));
    expect(unknown).toEqual([]);
  });
});

it('has every rule made true in a real cluster by test:real, and waits there for no others', () => {
  const shipped = rules.map((rule) => `${receiverOf(rule)}: ${rule.name}`);
  const awaited = FIRED.map(([receiver, { alertname }]) => `${receiver}: ${alertname}`);
  expect([...new Set(awaited)].sort()).toEqual([...new Set(shipped)].sort());
});

it('reads every metric that is said to be seen elsewhere', () => {
  const read = new Set(rules.flatMap((rule) => metricsOf(rule.query.expr)));
  expect(Object.keys(SEEN_ELSEWHERE).filter((name) => !read.has(name))).toEqual([]);
});

it('gives alerts of one name one meaning: they differ in severity alone', () => {
  for (const name of alerts) {
    const ofName = rules.filter((rule) => rule.name === name);
    expect(new Set(ofName.map((rule) => rule.labels.get('severity'))).size).toBe(ofName.length);
    expect(new Set(ofName.map((rule) => rule.annotations.get('runbook_url'))).size).toBe(1);
  }
});

describe.each(readdirSync(RUNBOOKS).filter((name) => name !== 'README.md'))('runbook %s', (name) => {
  const text = readFileSync(join(RUNBOOKS, name), 'utf8');

  it('is of alerts that there are, and says what they mean, lead to, come from, and what helps', () => {
    const [title = '', of = ''] = text.split('\n');
    expect(title).toMatch(/^# \S/);
    const names = Array.from(of.matchAll(/`(\w+)`/g), ([, alert = '']) => alert);
    expect(names.length).toBeGreaterThan(0);
    expect(names.filter((alert) => !alerts.has(alert))).toEqual([]);
    const headings = Array.from(text.matchAll(/^## (.+)$/gm), ([, heading]) => heading);
    expect(headings).toEqual(['Meaning', 'Impact', 'Diagnosis', 'Mitigation']);
    expect(readFileSync(join(RUNBOOKS, 'README.md'), 'utf8')).toContain(`| [${title.slice(2)}](${name}) | ${of} |`);
  });

  it('has links that lead somewhere', () => {
    for (const [, target = ''] of text.matchAll(/\]\(((?!https?:)[^)#]+)[^)]*\)/g))
      expect(() => readFileSync(join(RUNBOOKS, target)), target).not.toThrow();
  });
});
