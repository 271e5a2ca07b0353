/** Runs one group of unit tests: rules are evaluated over its series from the first time to the last that a case asks for. Source:
 *  Prometheus, cmd/promtool/unittest.go, promql/promqltest (LazyLoader). */
import { systemClock } from '@vigie/core/clock';
import { describeError } from '@vigie/core/errors';
import type { Log } from '@vigie/core/log';
import { Engine } from '@vigie/promql/evaluate/engine';
import { scriptHistogram } from '@vigie/promql/histogram/describe';
import { compact } from '@vigie/promql/histogram/sparse';
import type { ScriptStorage } from '@vigie/promql/script/run-script';
import { ALERT_NAME } from '../alerts/alert-series.ts';
import { isAlertOption } from '../file/alert-options.ts';
import type { RuleFileOptions } from '../file/parse-rule-file.ts';
import { GroupEvaluator } from '../group/group-evaluator.ts';
import { engineQuery, type QueryVector } from '../query.ts';
import { type RuleGroup, writtenLabels } from '../rule.ts';
import { DEFAULT_POLICY } from '../rule-policy.ts';
import { isSameValue } from './compare-floats.ts';
import {
  describeAlertFailure,
  describeExprError,
  describeExprFailure,
  describeRuleError,
  type LabelledAlert,
} from './describe.ts';
import type { AlertCase, ExpectedSample, ExprCase, TestFile, TestGroup } from './test-file.ts';
import { appendTo, InputSeries } from './test-storage.ts';

const SILENT: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => SILENT,
};

/** @param rules of the file's rule files
 *  @returns what fails, as promtool prints it
 *  @throws the signal's reason */
export async function runTestGroup(
  file: TestFile,
  test: TestGroup,
  rules: readonly RuleGroup[],
  storage: ScriptStorage,
  signal: AbortSignal,
  options: RuleFileOptions,
): Promise<readonly string[]> {
  const run = new TestRun(file, test, rules, storage, signal, options);
  const failures = await run.evaluateRules();
  if (run.isBroken) return failures;
  const exprFailures = await run.checkExprs();
  return [...failures, ...exprFailures];
}

class TestRun {
  /** A rule could not be evaluated: nothing that follows would be true. */
  isBroken = false;
  readonly #file: TestFile;
  readonly #test: TestGroup;
  readonly #storage: ScriptStorage;
  readonly #signal: AbortSignal;
  readonly #query: QueryVector;
  readonly #groups: readonly GroupEvaluator[];
  readonly #series: InputSeries;

  constructor(
    file: TestFile,
    test: TestGroup,
    rules: readonly RuleGroup[],
    storage: ScriptStorage,
    signal: AbortSignal,
    options: RuleFileOptions,
  ) {
    this.#file = file;
    this.#test = test;
    this.#storage = storage;
    this.#signal = signal;
    const engine = new Engine({ ...options, subqueryStepMs: file.evaluationIntervalMs });
    this.#query = engineQuery(engine, storage.querier);
    const settings = {
      intervalMs: test.intervalMs,
      queryOffsetMs: 0,
      resendDelayMs: 0,
      externalLabels: test.externalLabels,
      externalUrl: test.externalUrl,
      policy: DEFAULT_POLICY,
    };
    const world = {
      query: this.#query,
      append: appendTo(storage),
      notify: () => undefined,
      clock: systemClock,
      log: SILENT,
    };
    this.#groups = ordered(rules, file.groupEvalOrder).map((group) => new GroupEvaluator(group, settings, world, true));
    this.#series = new InputSeries(test);
  }

  async evaluateRules(): Promise<readonly string[]> {
    const { evaluationIntervalMs } = this.#file;
    const { startMs, alertCases, exprCases } = this.#test;
    const lastMs = Math.max(0, ...[...alertCases, ...exprCases].map(({ evalTimeMs }) => evalTimeMs));
    const failures: string[] = [];
    for (let sinceMs = 0; sinceMs <= lastMs; sinceMs += evaluationIntervalMs) {
      const errors = await this.#evaluateAt(startMs + sinceMs);
      failures.push(...errors);
      if (errors.length > 0) {
        this.isBroken = true;
        break;
      }
      const due = alertCases
        .filter(({ evalTimeMs }) => evalTimeMs >= sinceMs && evalTimeMs < sinceMs + evaluationIntervalMs)
        .toSorted((a, b) => a.evalTimeMs - b.evalTimeMs);
      for (const one of due) failures.push(...this.#checkAlerts(one));
    }
    return failures;
  }

  async checkExprs(): Promise<readonly string[]> {
    const failures: string[] = [];
    for (const one of this.#test.exprCases) failures.push(...(await this.#checkExpr(one)));
    return failures;
  }

  async #evaluateAt(timestampMs: number): Promise<readonly string[]> {
    await this.#series.load(this.#storage, timestampMs);
    const signals = { ending: this.#signal, abort: this.#signal };
    const errors: string[] = [];
    for (const group of this.#groups) {
      await group.evaluate(timestampMs, signals);
      for (const { rule, lastError, isWithoutData } of group.rules) {
        if (lastError !== undefined && !isWithoutData)
          errors.push(describeRuleError(rule.name, timestampMs, lastError));
      }
    }
    this.#signal.throwIfAborted();
    return errors;
  }

  #checkAlerts({ alertname, alerts, evalTimeMs }: AlertCase): readonly string[] {
    const expected = alerts.map(({ labels, annotations }) => ({
      labels: writtenLabels({ ...labels, [ALERT_NAME]: alertname }),
      // promtool has those that are options here among the expected; nobody is told of them.
      annotations: writtenLabels(annotations).filter((name) => !isAlertOption(name)),
    }));
    const got = this.#groups
      .flatMap(({ rules }) => rules)
      .filter(({ rule }) => rule.kind === 'alerting' && rule.name === alertname)
      .flatMap(({ activeAlerts }) => activeAlerts.filter(({ state }) => state === 'firing'));
    const [sortedExpected, sortedGot] = [expected, got].map((list) => list.toSorted(compareAlerts));
    if (sortedExpected === undefined || sortedGot === undefined) return [];
    const isSame =
      expected.length === got.length &&
      sortedExpected.every((alert, index) => compareAlerts(alert, sortedGot[index] ?? alert) === 0);
    return isSame ? [] : [describeAlertFailure(this.#test.name, alertname, evalTimeMs, sortedExpected, sortedGot)];
  }

  async #checkExpr({ expr, evalTimeMs, samples }: ExprCase): Promise<readonly string[]> {
    let got: ExpectedSample[];
    try {
      const vector = await this.#query(expr, this.#test.startMs + evalTimeMs, this.#signal);
      got = vector.map(({ labels, value, histogram }) => ({
        labels,
        value: histogram === undefined ? value : 0,
        histogram: histogram === undefined ? '' : scriptHistogram(compact(histogram)),
      }));
    } catch (error) {
      this.#signal.throwIfAborted();
      return [describeExprError(expr, evalTimeMs, describeError(error))];
    }
    const expected = samples.toSorted((a, b) => a.labels.compare(b.labels));
    got.sort((a, b) => a.labels.compare(b.labels));
    const isSame =
      expected.length === got.length &&
      expected.every((sample, index) => isSameSample(sample, got[index], this.#file.fuzzyCompare));
    return isSame ? [] : [describeExprFailure(expr, evalTimeMs, expected, got)];
  }
}

function isSameSample(expected: ExpectedSample, got: ExpectedSample | undefined, isFuzzy: boolean): boolean {
  return (
    got !== undefined &&
    expected.labels.equals(got.labels) &&
    expected.histogram === got.histogram &&
    isSameValue(expected.value, got.value, isFuzzy)
  );
}

function compareAlerts(a: LabelledAlert, b: LabelledAlert): number {
  return a.labels.compare(b.labels) || a.annotations.compare(b.annotations);
}

/** Groups that are not named come with the first. */
function ordered(groups: readonly RuleGroup[], names: readonly string[]): readonly RuleGroup[] {
  const place = ({ name }: RuleGroup): number => Math.max(0, names.indexOf(name));
  return groups.toSorted((a, b) => place(a) - place(b));
}
