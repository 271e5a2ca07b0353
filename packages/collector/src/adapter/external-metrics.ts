/** Metrics of no object, external.metrics.k8s.io: by rules, or straight from the series of the namespace; what is not known here may be
 *  known to another adapter. An HPA adds up all values of an answer. */
import type { Clock } from '@vigie/core/clock';
import { describeObstacle } from '@vigie/kube/answer';
import type { KubeClient } from '@vigie/kube/client';
import { EXTERNAL_METRICS } from '../metrics-api/api-groups.ts';
import { ApiRefusal, metricNotFound } from '../metrics-api/api-refusal.ts';
import type { LabelSelector } from '../metrics-api/label-selector.ts';
import type { ExternalValue } from '../metrics-api/metric-values.ts';
import { NAMESPACES } from '../metrics-api/request-path.ts';
import { type DefaultMetrics, describeSeries } from './default-metrics.ts';
import { decodeExternalValues } from './delegated-values.ts';
import {
  causesOf,
  describeGap,
  explainedSeries,
  type MetricExplanation,
  namedSeries,
  RULE_GAPS,
  withoutLabel,
} from './explanation.ts';
import { ParsedQueries } from './parsed-queries.ts';
import type { RestMapper } from './rest-mapper.ts';
import { type Answerer, evaluateRule, type RuleValue } from './rule-evaluation.ts';
import type { RuleMatch, RuleSeries } from './rule-series.ts';

export interface ExternalQuestion {
  readonly namespace: string;
  readonly metric: string;
  readonly selector: LabelSelector;
}

export interface ExternalMetricsDeps {
  readonly mapper: RestMapper;
  readonly answerer: Answerer;
  readonly clock: Clock;
  readonly defaults: DefaultMetrics;
  /** undefined without a configuration. */
  readonly rules: RuleSeries | undefined;
  /** Another adapter's API server, asked about what is not known here. */
  readonly delegate: KubeClient | undefined;
  readonly timeoutMs: number;
}

interface ExternalAnswer {
  readonly values: readonly ExternalValue[];
  readonly explanation: MetricExplanation;
}

export class ExternalMetrics {
  readonly #parsed = new ParsedQueries();
  readonly #deps: ExternalMetricsDeps;

  constructor(deps: ExternalMetricsDeps) {
    this.#deps = deps;
  }

  /** @returns not empty
   *  @throws {ApiRefusal} NotFound with the reasons; what stands in the way of an answer */
  async values(question: ExternalQuestion, signal: AbortSignal): Promise<readonly ExternalValue[]> {
    const { values, explanation } = await this.#answer(question, signal);
    if (values.length > 0) return values;
    const { metric, selector } = question;
    throw metricNotFound(
      metric,
      { resource: 'externalmetrics', name: '', selector: selector.text },
      causesOf(explanation),
    );
  }

  /** @throws {ApiRefusal} what stands in the way of an answer */
  async explain(question: ExternalQuestion, signal: AbortSignal): Promise<MetricExplanation> {
    return (await this.#answer(question, signal)).explanation;
  }

  async #answer(question: ExternalQuestion, signal: AbortSignal): Promise<ExternalAnswer> {
    const { rules, delegate } = this.#deps;
    const own =
      rules === undefined
        ? await this.#byDefault(question, signal)
        : await rules.firstAnswer(question.metric, (match) => this.#byRule(question, match, signal));
    // What no rule can ask for is unknown here, and may be known there.
    const isAsked = own?.explanation.query !== undefined;
    if (!isAsked && delegate !== undefined) return delegated(question, delegate, signal);
    if (own !== undefined) return own;
    return { values: [], explanation: explanationOf(question.metric, undefined, undefined, []) };
  }

  /** @returns undefined where no series stand behind it */
  async #byDefault(question: ExternalQuestion, signal: AbortSignal): Promise<ExternalAnswer | undefined> {
    const { defaults, clock } = this.#deps;
    const { namespace, metric, selector } = question;
    const found = await defaults.external(metric, namespace, selector, clock.nowMs(), signal);
    if (found === undefined) return undefined;
    const { evaluated, labels } = found;
    const values = [...evaluated.values].map(([key, { value, timestampMs, windowMs }]) => ({
      labels: labels.get(key)?.toJSON() ?? {},
      value,
      timestampMs,
      windowMs: windowMs === 0 ? undefined : windowMs,
    }));
    const missing = [...evaluated.gaps].map(([key, gap]) => {
      const of = labels.get(key);
      return { name: of === undefined ? metric : describeSeries(of), ...describeGap(gap) };
    });
    const { query, series } = evaluated;
    return {
      values,
      explanation: {
        ...explanationOf(metric, 'default', query, values),
        missing,
        get series() {
          return explainedSeries(series);
        },
      },
    };
  }

  async #byRule(
    { namespace, metric, selector }: ExternalQuestion,
    { rule, series, maxAgeMs, lookbackMs }: RuleMatch,
    signal: AbortSignal,
  ): Promise<ExternalAnswer | undefined> {
    const { mapper, answerer, clock, timeoutMs } = this.#deps;
    const namespaceResource = await mapper.resolve(NAMESPACES);
    if (namespaceResource === undefined) return undefined;
    const within = rule.isNamespaced ? namespace : undefined;
    const query = await rule.query.ofExternal(series, within, namespaceResource, selector);
    if (query === undefined) {
      const missing = [withoutLabel(rule.path, '', within)];
      return { values: [], explanation: { ...explanationOf(metric, rule.path, undefined, []), missing } };
    }
    const nowMs = clock.nowMs();
    const asked = { query, parsed: this.#parsed, label: '', nowMs, timeoutMs, lookbackMs };
    const result = await evaluateRule(answerer, asked, signal);
    const isOld = ({ timestampMs }: RuleValue): boolean => nowMs - timestampMs > maxAgeMs;
    const values = result.values
      .filter((one) => !isOld(one))
      .map(({ labels, value, timestampMs }) => ({
        labels: labels.toJSON(),
        value,
        timestampMs,
        windowMs: result.windowMs,
      }));
    const missing = [
      ...result.notNumbers.map((labels) => ({ name: describeSeries(labels), ...RULE_GAPS.notANumber })),
      ...result.values.filter(isOld).map(({ labels }) => ({ name: describeSeries(labels), ...RULE_GAPS.tooOld })),
    ];
    return {
      values,
      explanation: {
        ...explanationOf(metric, rule.path, query, values),
        missing,
        get series() {
          return namedSeries(result.series);
        },
      },
    };
  }
}

/** @throws {ApiRefusal} with what the other one says; and the signal's reason */
async function delegated(
  { namespace, metric, selector }: ExternalQuestion,
  delegate: KubeClient,
  signal: AbortSignal,
): Promise<ExternalAnswer> {
  const path = `/apis/${EXTERNAL_METRICS}/v1beta1/namespaces/${encodeURIComponent(namespace)}/${encodeURIComponent(metric)}`;
  const query = { labelSelector: selector.text === '' ? undefined : selector.text };
  const answer = await delegate.request({ method: 'GET', path, query }, signal);
  if (answer.status === 'ok') {
    const values = decodeExternalValues(answer.body);
    return { values, explanation: explanationOf(metric, 'delegate', path, values) };
  }
  if (answer.status === 'refused' && answer.httpStatus === 404) {
    const explanation = explanationOf(metric, 'delegate', path, []);
    const missing = [{ name: metric, reason: 'Delegate', message: answer.message }];
    return { values: [], explanation: { ...explanation, missing } };
  }
  const detail = describeObstacle(answer);
  throw new ApiRefusal('ServiceUnavailable', `the adapter that ${metric} is delegated to does not answer: ${detail}`);
}

function explanationOf(
  metric: string,
  rule: string | undefined,
  query: string | undefined,
  values: readonly ExternalValue[],
): MetricExplanation {
  return {
    metric,
    rule,
    query,
    series: [],
    wanted: undefined,
    values: values.map(({ labels, ...rest }) => ({ name: JSON.stringify(labels), ...rest })),
    missing: [],
  };
}
