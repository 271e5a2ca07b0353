import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { type LogRuleFileOptions, parseLogRuleFile } from '../../../src/logs/file/parse-log-rule-file.ts';
import { logRuleOf } from '../../../src/logs/log-rule.ts';

const fileOf = (rule: string): string => `groups:\n  - name: g\n    rules:\n      - ${rule}\n`;

function rulesOf(text: string, options: LogRuleFileOptions = {}) {
  return parseLogRuleFile(text, 'f.yml', options).flatMap(({ rules }) =>
    rules.map((rule) => ({ rule, logRule: logRuleOf(rule.query.expr) })),
  );
}

function problemsOf(text: string, options: LogRuleFileOptions = {}): readonly string[] {
  try {
    parseLogRuleFile(text, 'f.yml', options);
    return [];
  } catch (error) {
    return error instanceof Error ? error.message.split('\n') : [];
  }
}

describe('a file of log rules', () => {
  it('has the shape of a rule file, and LogQL in it', () => {
    const [one] = rulesOf(
      fileOf(
        `{alert: A, expr: 'sum(rate({a="b"}[5m])) > 1', for: 2m, labels: {s: p}, annotations: {t: '{{ $value }}'}}`,
      ),
      { intervalMs: 30_000 },
    );
    expect(one?.rule).toMatchObject({ kind: 'alerting', name: 'A', holdMs: 120_000 });
    expect(one?.rule.query.text).toBe('sum(rate({a="b"}[5m])) > 1');
    expect(one?.logRule).toMatchObject({ kind: 'expression', intervalMs: 30_000, lateMs: 600_000 });
  });

  it('takes a log query for a pattern, and a recorded expression for what it is', () => {
    const [pattern, recorded] = rulesOf(
      `groups: [{name: g, rules: [{alert: A, expr: '{a="b"} |= "x"', late_lines: 0s}, {record: r, expr: 'rate({a="b"}[5m])'}]}]`,
    );
    expect(pattern?.logRule).toMatchObject({ kind: 'pattern', rangeMs: 300_000, by: [], lateMs: 0 });
    expect([recorded?.rule.kind, recorded?.logRule?.kind]).toEqual(['recording', 'expression']);
  });

  it('tells rules apart that have the same name and labels', () => {
    const rules = rulesOf(
      'groups: [{name: g, rules: [{alert: A, pattern: {query: x}}, {alert: A, pattern: {query: x}}]}]',
    );
    const ids = rules.map(({ logRule }) => logRule?.id);
    expect(new Set(ids).size).toBe(2);
  });

  it('is told all its problems at once, with their places', () => {
    const text = `groups:
  - name: g
    rules:
      - alert: A
        rate: { query: x, range: 1500ms, above: 1 }
      - alert: B
        rate: { query: x, range: 5m, above: 1, below: 2 }
        pattern: { query: x }
      - alert: C
        rate: { query: x, range: 5m }
        labels: { line: '{{ $line }}' }
      - alert: D
        absence: { query: { level: { re: '(' } }, range: 5m }
      - record: e
        pattern: { query: x, colour: red }
`;
    expect(problemsOf(text).map((line) => line.replace(/, got .*/, ''))).toEqual([
      'f.yml:5:34: groups[0].rules[0].rate.range: expected a duration of whole seconds, at least 1s',
      'f.yml:13:42: groups[0].rules[3].absence.query.level.re: expected a regular expression of RE2',
      expect.stringMatching(/^f\.yml:15:30: groups\[0\]\.rules\[4\]\.pattern\.colour: expected one of the keys/),
    ]);
    const rest = text.replace('1500ms', '2s').replace("'('", 'x').replace(', colour: red', '');
    expect(problemsOf(rest).map((line) => line.replace(/, got .*/, ''))).toEqual([
      expect.stringContaining('f.yml:6:9: groups[0].rules[1]: expected one of expr, rate, pattern, absence, new_term'),
      expect.stringContaining('f.yml:10:15: groups[0].rules[2].rate: expected one of above, at_least, below, at_most'),
      expect.stringMatching(/^f\.yml:11:25: groups\[0\]\.rules\[2\]\.labels\.line: expected a template/),
      expect.stringContaining('f.yml:14:9: groups[0].rules[4]: expected expr in a rule that records'),
    ]);
  });

  it.each([
    [`{alert: A, expr: '{a="b"}'}`, 'elasticsearch', 'only Loki answers LogQL'],
    ['{alert: A, pattern: {query: {message: {re: x}}}}', 'opensearch', 'a condition that opensearch can be asked'],
    ['{alert: A, pattern: {query: {a: {gt: x}}}}', 'loki', 'a condition that loki can be asked'],
    [`{alert: A, expr: 'rate({a="b"}[1m])', annotations: {a: '{{ $line }}'}}`, undefined, 'no $line in annotations'],
    ['{alert: A, absence: {query: x, range: 5m}, annotations: {a: "{{ .Line }}"}}', undefined, 'there is no line'],
    ['{alert: A, absence: {query: x, range: 5m, expect: [{pod: a}]}}', undefined, 'labels of what by names'],
    ['{alert: A, new_term: {query: x}}', undefined, 'new_term.field'],
    ['{alert: A, pattern: {query: ""}}', undefined, 'a query'],
    ['{alert: A, pattern: {query: {}}}', undefined, 'a condition'],
    [`{record: r, expr: '{a="b"}'}`, undefined, 'a log query records nothing'],
  ] as const)('is refused: %s for %s', (rule, type, problem) => {
    expect(problemsOf(fileOf(rule), { type })).toEqual([expect.stringContaining(problem)]);
  });

  it.each(['loki', 'elasticsearch'] as const)('is the example of the reference, for %s', async (type) => {
    const page = await readFile(new URL('../../../../../docs/reference/log-rules.md', import.meta.url), 'utf8');
    const examples = Array.from(page.matchAll(/^```yaml\n([\s\S]*?)^```$/gm), ([, text = '']) => text);
    const rules = rulesOf(examples.find((text) => text.startsWith('# log-rules')) ?? '', { type });
    expect(rules.map(({ logRule }) => logRule?.kind)).toEqual(['rate', 'pattern', 'absence', 'absence', 'new_term']);
    expect(rules[0]?.rule.query.text).toBe(
      'count by (namespace, container)(all(namespace in ["shop"], level in ["error","fatal"]) [300s]) > 100',
    );
  });
});
