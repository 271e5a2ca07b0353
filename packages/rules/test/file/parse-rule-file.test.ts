import { errorCode } from '@vigie/core/errors';
import { describe, expect, it } from 'vitest';
import { parseRuleFile } from '../../src/file/parse-rule-file.ts';

function problemsOf(text: string): readonly string[] {
  try {
    parseRuleFile(text, 'rules.yml');
  } catch (error) {
    expect(errorCode(error)).toBe('CONFIG_INVALID');
    return error instanceof Error ? error.message.split('\n') : [];
  }
  return [];
}

const rule = (lines: string): string =>
  `groups:\n  - name: g\n    rules:\n${lines
    .split('\n')
    .map((line) => `      ${line}\n`)
    .join('')}`;

describe('rule files', () => {
  it('are read whole, with the labels of the group under those of the rule', () => {
    const [group] = parseRuleFile(
      `groups:
  - name: node
    interval: 30s
    query_offset: 1m
    limit: 5
    labels: { team: infra, severity: info }
    rules:
      - record: job:up:sum
        expr: sum by (job)(up)
        labels: { version: 1.10, empty: }
      - alert: Down
        expr: up   ==  0
        for: 5m
        keep_firing_for: 1h30m
        labels: { severity: page }
        annotations: { summary: "{{ $labels.instance }} is down", runbook: "https://x/\${name}" }
`,
      'node.yml',
    );
    expect(group).toMatchObject({
      name: 'node',
      file: 'node.yml',
      intervalMs: 30_000,
      queryOffsetMs: 60_000,
      limit: 5,
    });
    const [recording, alerting] = group?.rules ?? [];
    expect(recording).toMatchObject({ kind: 'recording', name: 'job:up:sum', query: { text: 'sum by (job) (up)' } });
    expect([...(recording?.labels.entries() ?? [])]).toEqual([
      ['empty', ''],
      ['severity', 'info'],
      ['team', 'infra'],
      ['version', '1.10'],
    ]);
    expect(alerting).toMatchObject({
      kind: 'alerting',
      name: 'Down',
      query: { text: 'up == 0' },
      holdMs: 300_000,
      keepFiringMs: 5_400_000,
    });
    expect(alerting?.labels.toJSON()).toEqual({ severity: 'page', team: 'infra' });
    expect(alerting?.kind === 'alerting' && alerting.annotations.toJSON()).toEqual({
      summary: '{{ $labels.instance }} is down',
      runbook: 'https://x/${name}',
    });
  });

  it('may be empty, and leave out everything that has a default', () => {
    expect(parseRuleFile('', 'f')).toEqual([]);
    expect(parseRuleFile('groups:\n', 'f')).toEqual([]);
    expect(parseRuleFile('groups: [{name: g, rules: }]', 'f')).toEqual([
      {
        name: 'g',
        file: 'f',
        intervalMs: undefined,
        queryOffsetMs: undefined,
        evalOffsetMs: undefined,
        concurrency: 1,
        extras: undefined,
        limit: 0,
        rules: [],
        warnings: [],
      },
    ]);
  });

  it('may be a PrometheusRule object', () => {
    const text = `apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: { name: x, labels: { a: b } }
spec:
  groups:
    - name: g
      rules:
        - record: a
          expr: sum(
`;
    expect(problemsOf(text)).toEqual([
      'rules.yml:9:17: spec.groups[0].rules[0].expr: expected a PromQL expression (1:5: parse error: unclosed left parenthesis), got "sum("',
    ]);
    expect(parseRuleFile(text.replace('sum(', 'sum(up)'), 'f')).toMatchObject([{ rules: [{ name: 'a' }] }]);
    expect(problemsOf('kind: Deployment\n')).toContain(
      'rules.yml:1:7: kind: expected "PrometheusRule", got "Deployment"',
    );
  });

  it.each([
    ['an unknown key', 'group: []\n', [/^rules.yml:1:1: group: expected one of the keys groups, got "group"$/]],
    [
      'a group without a name',
      'groups:\n  - rules: []\n',
      [/^rules.yml:2:5: groups\[0\].name: expected the name of the group/],
    ],
    [
      'two groups of one name',
      'groups:\n  - name: a\n  - name: a\n',
      [/^rules.yml:3:11: groups\[1\].name: expected a name that no other group of the file has, got "a"$/],
    ],
    [
      'neither record nor alert',
      rule('- expr: up'),
      [/^rules.yml:4:9: groups\[0\].rules\[0\]: expected record or alert/],
    ],
    [
      'both',
      rule('- record: a\n  alert: b\n  expr: up'),
      [/rules\[0\].alert: expected one of record and alert, not both/],
    ],
    ['no expression', rule('- record: a'), [/rules\[0\].expr: expected a PromQL expression, got nothing$/]],
    [
      'an expression that does not parse',
      rule('- record: a\n  expr: rate(up)'),
      [
        /^rules.yml:5:15: .*expected a PromQL expression \(1:6: parse error: expected type range vector in call to function "rate", got instant vector\)/,
      ],
    ],
    [
      'a name with braces',
      rule('- record: a{b="c"}\n  expr: up'),
      [/record: expected the name of a metric, without braces/],
    ],
    [
      'what only alerts have, in a recording rule',
      rule('- record: a\n  expr: up\n  for: 1m\n  keep_firing_for: 1m\n  annotations: { a: b }'),
      [
        /rules\[0\].for: expected no such key in a recording rule, got "for"/,
        /keep_firing_for: expected no such key/,
        /annotations: expected no such key/,
      ],
    ],
    [
      'a label that is the name',
      rule('- record: a\n  expr: up\n  labels: { __name__: b }'),
      [/labels.__name__: expected the name of a label/],
    ],
    [
      'templates that do not parse',
      rule('- alert: a\n  expr: up\n  labels: { x: "{{ y }}" }\n  annotations: { z: "{{ if }}" }'),
      [
        /labels.x: expected a template \(error parsing template __alert_a: template: __alert_a:1: function "y" not defined\)/,
        /annotations.z: expected a template \(.*missing value for if\)/,
      ],
    ],
    [
      'a template of the group that does not parse, where it stands',
      'groups:\n  - name: g\n    labels: { x: "{{ y }}" }\n    rules:\n      - alert: a\n        expr: up\n',
      [/^rules.yml:3:18: groups\[0\].labels.x: expected a template/],
    ],
    [
      'a duration that is none',
      'groups:\n  - name: g\n    interval: 1 minute\n',
      [/^rules.yml:3:15: groups\[0\].interval: expected a duration/],
    ],
    ['a limit that is none', 'groups:\n  - name: g\n    limit: many\n', [/limit: expected a whole number, got "many"/]],
    ['text where a list belongs', 'groups: none\n', [/groups: expected a list, got "none"/]],
    ['a second document', 'groups: []\n---\ngroups: []\n', [/expected one document, got a second one/]],
    ['experimental language', rule('- record: a\n  expr: limitk(1, up)'), [/limitk\(\) is experimental/]],
  ])('are refused with %s', (_, text, expected) => {
    const problems = problemsOf(text);
    expect(problems).toHaveLength(expected.length);
    for (const [index, pattern] of expected.entries()) expect(problems[index]).toMatch(pattern);
  });

  it('are refused with all of their problems at once, in the order of their lines', () => {
    const text =
      'groups:\n  - name: ""\n    interval: x\n    rulez: []\n    rules:\n      - alert: a\n        expr: up\n        fro: 1m\n';
    expect(problemsOf(text).map((problem) => problem.split(': expected')[0])).toEqual([
      'rules.yml:3:15: groups[0].interval',
      'rules.yml:4:5: groups[0].rulez',
      'rules.yml:8:9: groups[0].rules[0].fro',
    ]);
  });

  it('may use the experimental language where it is on', () => {
    const text = rule('- record: a\n  expr: limitk(1, up)');
    expect(parseRuleFile(text, 'f', { experimental: true })).toHaveLength(1);
  });
});
