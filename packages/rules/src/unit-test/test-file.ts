/** Unit tests of rules, in promtool's format. Source: Prometheus, cmd/promtool/unittest.go, docs/configuration/unit_testing_rules.md. */
import { AS_WRITTEN } from '@vigie/core/config/environment';
import { duration, named, parsed, section } from '@vigie/core/config/fields';
import { parseConfig } from '@vigie/core/config/load';
import { ConfigError, type ConfigPath, type ConfigProblem } from '@vigie/core/config/problem';
import { describeError } from '@vigie/core/errors';
import { scriptHistogram } from '@vigie/promql/histogram/describe';
import { compact } from '@vigie/promql/histogram/sparse';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { parseLabelsText, parseSeriesLine, type SeriesLine } from '@vigie/promql/script/series-line';
import { parseFloatText } from '@vigie/promql/text/float';
import * as v from 'valibot';

export interface ExpectedAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface AlertCase {
  readonly evalTimeMs: number;
  readonly alertname: string;
  /** Those firing. */
  readonly alerts: readonly ExpectedAlert[];
}

export interface ExpectedSample {
  readonly labels: LabelSet;
  readonly value: number;
  /** In place of the value, as scriptHistogram writes it; '' for none. */
  readonly histogram: string;
}

export interface ExprCase {
  readonly expr: string;
  readonly evalTimeMs: number;
  readonly samples: readonly ExpectedSample[];
}

export interface TestGroup {
  /** '' for none. */
  readonly name: string;
  readonly intervalMs: number;
  readonly series: readonly SeriesLine[];
  readonly alertCases: readonly AlertCase[];
  readonly exprCases: readonly ExprCase[];
  readonly externalLabels: ReadonlyMap<string, string>;
  readonly externalUrl: string;
  /** Of the first samples; times of cases count from it. */
  readonly startMs: number;
}

export interface TestFile {
  /** Patterns, relative to the file. */
  readonly ruleFiles: readonly string[];
  readonly evaluationIntervalMs: number;
  readonly groupEvalOrder: readonly string[];
  /** Whether floats may differ in their last bit. */
  readonly fuzzyCompare: boolean;
  readonly groups: readonly TestGroup[];
}

const DEFAULT_INTERVAL_MS = 60_000;

const text = v.nullish(v.string(), '');
const texts = v.nullish(v.array(text), []);
const labels = v.nullish(named(text), {});
const time = v.nullish(duration(), 0);

const testSchema = section({
  interval: time,
  name: text,
  input_series: v.nullish(v.array(section({ series: text, values: text })), []),
  alert_rule_test: v.nullish(
    v.array(
      section({
        eval_time: time,
        alertname: text,
        exp_alerts: v.nullish(v.array(section({ exp_labels: labels, exp_annotations: labels })), []),
      }),
    ),
    [],
  ),
  promql_expr_test: v.nullish(
    v.array(
      section({
        expr: text,
        eval_time: time,
        exp_samples: v.nullish(
          v.array(section({ labels: text, value: v.nullish(parsed('a number', yamlFloat), 0), histogram: text })),
          [],
        ),
      }),
    ),
    [],
  ),
  external_labels: labels,
  external_url: text,
  start_timestamp: v.nullish(parsed('a time such as 2026-01-01T00:00:00Z, or Unix seconds', timestampMs), 0),
});

const fileSchema = section({
  rule_files: texts,
  evaluation_interval: time,
  group_eval_order: texts,
  fuzzy_compare: v.nullish(
    parsed('true or false', (written) => (/^(true|false)$/.test(written) ? written === 'true' : undefined)),
  ),
  tests: v.nullish(v.array(testSchema), []),
});

type WrittenTest = v.InferOutput<typeof testSchema>;

/** @param file only named, in problems
 *  @throws {ConfigError} with every problem in it */
export function parseTestFile(source: string, file: string): TestFile {
  const { value, problemAt } = parseConfig(source, file, fileSchema, AS_WRITTEN);
  const problems: ConfigProblem[] = [];
  const report = (path: ConfigPath, expected: string): void => void problems.push(problemAt(path, expected));
  for (const [index, name] of value.group_eval_order.entries()) {
    if (value.group_eval_order.indexOf(name) < index) report(['group_eval_order', index], 'each group once');
  }
  const evaluationIntervalMs = value.evaluation_interval === 0 ? DEFAULT_INTERVAL_MS : value.evaluation_interval;
  const groups = value.tests.map((test, index) => testGroup(test, evaluationIntervalMs, ['tests', index], report));
  if (problems.length > 0) throw new ConfigError(problems);
  return {
    ruleFiles: value.rule_files,
    evaluationIntervalMs,
    groupEvalOrder: value.group_eval_order,
    fuzzyCompare: value.fuzzy_compare ?? false,
    groups,
  };
}

type Report = (path: ConfigPath, expected: string) => void;

function testGroup(test: WrittenTest, evaluationIntervalMs: number, path: ConfigPath, report: Report): TestGroup {
  const series = test.input_series.flatMap(({ series: metric, values }, index) => {
    const at = [...path, 'input_series', index];
    return attempt(() => parseSeriesLine(`${metric} ${values}`, 0), 'a series with its values', at, report) ?? [];
  });
  const exprCases = test.promql_expr_test.map(({ expr, eval_time, exp_samples }, index) => ({
    expr,
    evalTimeMs: eval_time,
    samples: exp_samples.flatMap((sample, at) => {
      const samplePath = [...path, 'promql_expr_test', index, 'exp_samples', at];
      return attempt(() => expectedSample(sample), 'labels, and a value or a histogram', samplePath, report) ?? [];
    }),
  }));
  return {
    name: test.name,
    intervalMs: test.interval === 0 ? evaluationIntervalMs : test.interval,
    series,
    alertCases: test.alert_rule_test.map(({ eval_time, alertname, exp_alerts }, index) => {
      if (alertname === '') report([...path, 'alert_rule_test', index], 'an alertname');
      return {
        evalTimeMs: eval_time,
        alertname,
        alerts: exp_alerts.map(({ exp_labels, exp_annotations }) => ({
          labels: exp_labels,
          annotations: exp_annotations,
        })),
      };
    }),
    exprCases,
    externalLabels: new Map(Object.entries(test.external_labels)),
    externalUrl: test.external_url,
    startMs: test.start_timestamp,
  };
}

function attempt<T>(parse: () => T, expected: string, path: ConfigPath, report: Report): T | undefined {
  try {
    return parse();
  } catch (error) {
    report(path, `${expected} (${describeError(error)})`);
    return undefined;
  }
}

type WrittenSample = WrittenTest['promql_expr_test'][number]['exp_samples'][number];

function expectedSample({ labels: written, value, histogram }: WrittenSample): ExpectedSample {
  const series = written.trim() === '' ? LabelSet.empty : parseLabelsText(written.trim(), 0);
  if (histogram === '') return { labels: series, value, histogram };
  const [only, ...others] = parseSeriesLine(`{} ${histogram}`, 0).values;
  if (typeof only?.value !== 'object' || others.length > 0) throw new Error('expected one histogram');
  return { labels: series, value: 0, histogram: scriptHistogram(compact(only.value)) };
}

/** YAML's own names of what is no number have a dot. */
function yamlFloat(written: string): number | undefined {
  return parseFloatText(written.replace(/^([+-]?)\.(?=inf$|nan$)/i, '$1'));
}

const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;

function timestampMs(written: string): number | undefined {
  const seconds = parseFloatText(written) ?? (RFC_3339.test(written) ? Date.parse(written) / 1000 : Number.NaN);
  return Number.isFinite(seconds) ? Math.round(seconds * 1000) : undefined;
}
