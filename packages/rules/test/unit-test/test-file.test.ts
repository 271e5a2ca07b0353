import { describe, expect, it } from 'vitest';
import { parseTestFile } from '../../src/unit-test/test-file.ts';

function problemsOf(text: string): readonly string[] {
  try {
    parseTestFile(text, 't.yml');
  } catch (error) {
    return error instanceof Error ? error.message.split('\n') : [];
  }
  return [];
}

describe('unit-test files', () => {
  it('have defaults for everything', () => {
    expect(parseTestFile('tests: [{interval: 5s}, {}]', 't.yml')).toMatchObject({
      ruleFiles: [],
      evaluationIntervalMs: 60_000,
      groupEvalOrder: [],
      fuzzyCompare: false,
      groups: [{ intervalMs: 5000, startMs: 0, name: '' }, { intervalMs: 60_000 }],
    });
  });

  it.each([
    ['1', 1],
    ['-.inf', -Infinity],
    ['.NaN', Number.NaN],
    ['1e3', 1000],
    ['"0x10"', 16],
  ])('read the value %s as YAML does', (written, value) => {
    const text = `tests: [{promql_expr_test: [{expr: a, exp_samples: [{value: ${written}}]}]}]`;
    expect(parseTestFile(text, 't').groups[0]?.exprCases[0]?.samples[0]?.value).toBe(value);
  });

  it('begin at a time in either notation', () => {
    const startOf = (written: string) =>
      parseTestFile(`tests: [{start_timestamp: ${written}}]`, 't').groups[0]?.startMs;
    expect(startOf('2026-01-01T00:00:00Z')).toBe(1_767_225_600_000);
    expect(startOf('1767225600.5')).toBe(1_767_225_600_500);
    expect(problemsOf('tests: [{start_timestamp: 1 Jan 2026}]')).toEqual([
      't.yml:1:27: tests[0].start_timestamp: expected a time such as 2026-01-01T00:00:00Z, or Unix seconds, got "1 Jan 2026"',
    ]);
  });

  it('are refused with every problem at once', () => {
    const text = `rule_file: a
group_eval_order: [a, b, a]
fuzzy_compare: maybe
tests:
  - interval: 1 min
    input_series:
      - series: 'a{b="c'
        values: '1'
      - series: a
        values: 1x
    alert_rule_test:
      - eval_time: 5m
    promql_expr_test:
      - expr: a
        exp_samples:
          - value: one
          - histogram: '1'
          - labels: 'a{'
`;
    expect(problemsOf(text).filter((problem) => !/rule_file|fuzzy|interval|value/.test(problem))).toEqual([]);
    expect(problemsOf(text)).toMatchObject([
      expect.stringMatching(/^t.yml:1:1: rule_file: expected one of the keys rule_files, /),
      expect.stringMatching(/^t.yml:3:16: fuzzy_compare: expected true or false, got "maybe"/),
      expect.stringMatching(/^t.yml:5:15: tests\[0\].interval: expected a duration/),
      expect.stringMatching(
        /^t.yml:16:20: tests\[0\].promql_expr_test\[0\].exp_samples\[0\].value: expected a number, got "one"/,
      ),
    ]);
    const readable = text
      .replace('rule_file:', 'rule_files: []\n#')
      .replace('maybe', 'true')
      .replace('1 min', '1m')
      .replace('value: one', 'value: 1');
    expect(problemsOf(readable)).toMatchObject([
      expect.stringMatching(/^t.yml:3:26: group_eval_order\[2\]: expected each group once, got "a"/),
      expect.stringMatching(
        /^t.yml:8:9: tests\[0\].input_series\[0\]: expected a series with its values \(.+\), got a mapping/,
      ),
      expect.stringMatching(/^t.yml:10:9: tests\[0\].input_series\[1\]: expected a series with its values/),
      expect.stringMatching(/^t.yml:13:9: tests\[0\].alert_rule_test\[0\]: expected an alertname/),
      expect.stringMatching(/exp_samples\[1\]: expected labels, and a value or a histogram \(expected one histogram\)/),
      expect.stringMatching(/exp_samples\[2\]: expected labels, and a value or a histogram/),
    ]);
  });
});
