import { existsSync, readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { checkCollectorConfig } from '../../src/check/check-collector-config.ts';
import { tempFolder } from '../temp-folder.ts';

/** @returns what is printed, without the folder of the files */
async function check(files: Readonly<Record<string, string>>, options = { test: false }) {
  const folder = await tempFolder();
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  let printed = '';
  const stderr = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
  const write = (text: string): void => {
    printed += text;
  };
  const exitCode = await checkCollectorConfig([join(folder, 'collector.yaml')], {}, options, { write });
  stderr.mockRestore();
  return { exitCode, printed: printed.replaceAll(`${folder}/`, '') };
}

describe('check collector', () => {
  it('counts jobs and rules, and warns of what has no effect', async () => {
    const files = {
      'collector.yaml':
        'rule_files: [rules.yml, none/*.yml]\nalerting: {alertmanagers: []}\nscrape_configs: [{job_name: a}]',
      'rules.yml': [
        'groups:',
        '  - name: g',
        '    rules:',
        '      - {record: a:b, expr: "avg_over_time(x[5h] offset 30m)"}',
        '      - {record: a:c, expr: "max_over_time(rate(x[1d])[2d:1h])"}',
        '      - {alert: Down, expr: up == 0}',
      ].join('\n'),
    };
    expect(await check(files)).toEqual({
      exitCode: 0,
      printed: [
        'collector.yaml: ok, 1 job, 3 rules',
        'collector.yaml:2:1: warning: alerting: alerts are sent by `vigie alerting`: its alertmanagers stand in alerting.yaml',
        'collector.yaml: warning: rule_files: no file is none/*.yml',
        'rules.yml: warning: g: 1 alerting rule left to `vigie alerting`',
        'rules.yml: warning: g: a:c looks back 3d, samples are kept for 6h',
        '',
      ].join('\n'),
    });
  });

  it('says everything that is wrong, in the configuration or in its rules', async () => {
    expect(await check({ 'collector.yaml': 'storage: {pat: x}\nscrape_configs: [{}]' })).toEqual({
      exitCode: 2,
      printed: [
        'collector.yaml:1:11: storage.pat: expected one of the keys path, retention, series, snapshot_interval, tsdb, exemplars, got "pat"',
        'collector.yaml:2:18: scrape_configs[0].job_name: expected a value, got nothing',
        '',
      ].join('\n'),
    });
    const rules = await check({ 'collector.yaml': 'rule_files: [r.yml]', 'r.yml': 'groups: [{name: g, rules: [{}]}]' });
    expect(rules.exitCode).toBe(2);
    expect(rules.printed).toContain('r.yml:1:28: groups[0].rules[0]');
  });

  it('runs the tests of a file', async () => {
    const yaml = [
      'scrape_configs:',
      '  - job_name: a',
      '    relabel_configs: [{source_labels: [__address__], regex: "(.*):.*", target_label: host}]',
      '    metric_relabel_configs: [{source_labels: [__name__], regex: go_.*, action: drop}]',
      'tests:',
      '  - {name: takes the host, job: a, target: {__address__: "x:1"}, expect: {host: x}}',
      '  - {name: drops the runtime, job: a, series: {__name__: go_threads}, expect: dropped}',
      '  - {name: keeps the rest, job: a, series: {__name__: up}, expect: {__name__: up}}',
    ];
    expect(await check({ 'collector.yaml': yaml.join('\n') }, { test: true })).toEqual({
      exitCode: 0,
      printed: [
        'collector.yaml: ok, 1 job, 0 rules',
        'collector.yaml: passed: takes the host',
        'collector.yaml: passed: drops the runtime',
        'collector.yaml: passed: keeps the rest',
        '3 passed, 0 failed',
        '',
      ].join('\n'),
    });
    yaml.push('  - {name: wrong, job: a, target: {__address__: "x:1"}, expect: {host: y, env: z}}');
    yaml.push('  - {name: kept, job: a, series: {__name__: up}, expect: dropped}');
    const failed = await check({ 'collector.yaml': yaml.join('\n') }, { test: true });
    expect(failed.exitCode).toBe(1);
    expect(failed.printed.split('\n').slice(4)).toEqual([
      'collector.yaml: FAILED: wrong',
      '    env: expected "z", got ""',
      '    host: expected "y", got "x"',
      'collector.yaml: FAILED: kept',
      '    expected it to be dropped, it was kept',
      '3 passed, 2 failed',
      '',
    ]);
  });

  it('refuses a test of no job, or of nothing', async () => {
    const { printed } = await check({ 'collector.yaml': 'tests: [{name: x, job: a, expect: dropped}]' });
    expect(printed).toBe(
      [
        'collector.yaml:1:9: tests[0]: expected either target or series, got a mapping',
        'collector.yaml:1:24: tests[0].job: expected the name of a job, got "a"',
        '',
      ].join('\n'),
    );
  });
});

const conformance = fileURLToPath(new URL('../../../../../shared/conformance/', import.meta.url));
const isThere = existsSync(conformance);

/** Read beside the checkout and not part of it. */
describe.skipIf(!isThere)('rules of kube-prometheus (skipped without ../shared/conformance)', () => {
  it('are checked as rule_files', async () => {
    const files = readdirSync(join(conformance, 'rules')).map((name) => join(conformance, 'rules', name));
    const { exitCode, printed } = await check({ 'collector.yaml': `rule_files: ${JSON.stringify(files)}` });
    expect(exitCode).toBe(0);
    expect(printed).toMatch(/^collector\.yaml: ok, 0 jobs, \d{2,} rules/);
    expect(printed).toContain('looks back');
  });
});
