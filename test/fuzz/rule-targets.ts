/** Rule files and their unit tests. */
import { ConfigError } from '../../packages/core/src/config/problem.ts';
import { parseRuleFile } from '../../packages/rules/src/file/parse-rule-file.ts';
import { parseTestFile } from '../../packages/rules/src/unit-test/test-file.ts';
import type { Target } from './target.ts';

const texts = (...samples: readonly string[]): readonly Buffer[] => samples.map((sample) => Buffer.from(sample));

const RULE_FILES = texts(
  'groups:\n  - name: g\n    interval: 30s\n    limit: 5\n    labels: { a: b }\n    rules:\n      - record: "x:y"\n        expr: sum(rate(a[5m])) > 1\n        labels: { v: 1.10, e: }\n',
  'groups:\n  - name: g\n    query_offset: 1m\n    rules:\n      - alert: A\n        expr: up == 0\n        for: 5m\n        keep_firing_for: 1h\n        labels: { s: page }\n        annotations: { d: \'{{ $labels.x | toUpper }} {{ with query "up" }}{{ . | first | value }}{{ end }}\' }\n',
  "groups:\n  - name: g\n    type: prometheus\n    interval: 5m\n    eval_offset: 1m\n    eval_delay: 30s\n    concurrency: 2\n    params: { a: [b, c] }\n    headers: ['A: b']\n    debug: true\n    rules:\n      - alert: A\n        expr: a > 5 unless topk(3, b) > bool 1\n        annotations: { vigie_no_data: keep, vigie_clear_expr: a < 3, vigie_flap: 3 in 10m }\n",
  'kind: PrometheusRule\nspec:\n  groups: &g\n    - name: g\n      rules: [{ alert: A, expr: "1" }]\nstatus: *g\n',
);

const TEST_FILES = texts(
  "rule_files: [a.yml]\nevaluation_interval: 30s\ngroup_eval_order: [g, h]\nfuzzy_compare: true\ntests:\n  - interval: 1m\n    start_timestamp: 2026-01-01T00:00:00Z\n    input_series:\n      - series: 'up{job=\"a\"}'\n        values: '1+2x5 _x2 stale {{schema:1 count:3 buckets:[1 2]}}x2'\n    alert_rule_test:\n      - eval_time: 5m\n        alertname: A\n        exp_alerts: [{ exp_labels: { a: b }, exp_annotations: { c: d } }]\n    promql_expr_test:\n      - expr: up\n        eval_time: 1m30s\n        exp_samples: [{ labels: 'up{a=\"b\"}', value: .inf }, { labels: '{}', histogram: '{{count:1}}' }]\n",
);

function refusing(parse: (text: string) => unknown): (input: Buffer) => void {
  return (input) => {
    try {
      parse(input.toString());
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      for (const { line, column, expected } of error.problems) {
        if (!(line >= 1 && column >= 1) || expected === '') throw new Error(`${line}:${column}: ${expected}`);
      }
    }
  };
}

export const ruleTargets: readonly Target[] = [
  {
    name: 'rule files',
    samples: RULE_FILES,
    iterations: 512,
    parse: refusing((text) => parseRuleFile(text, 'rules.yml')),
  },
  {
    name: 'unit tests of rules',
    samples: TEST_FILES,
    iterations: 512,
    parse: refusing((text) => parseTestFile(text, 'test.yml')),
  },
];
