/** Metrics of objects, custom.metrics.k8s.io: by the rules of an adapter's configuration, or without one straight from the series. */
import type { Clock } from '@vigie/core/clock';
import { ApiRefusal, metricNotFound } from '../metrics-api/api-refusal.ts';
import type { LabelSelector } from '../metrics-api/label-selector.ts';
import type { DescribedObject, ObjectValue } from '../metrics-api/metric-values.ts';
import { describeResource, type GroupResource, NAMESPACES } from '../metrics-api/request-path.ts';
import type { DefaultMetrics } from './default-metrics.ts';
import type { DescribedObjects, StartTimes } from './described-objects.ts';
import {
  causesOf,
  describeGap,
  explainedSeries,
  type MetricExplanation,
  type MissingObject,
  namedSeries,
  RULE_GAPS,
  withoutLabel,
} from './explanation.ts';
import { ParsedQueries } from './parsed-queries.ts';
import type { MappedResource, RestMapper } from './rest-mapper.ts';
import { type Answerer, evaluateRule } from './rule-evaluation.ts';
import type { RuleMatch, RuleSeries } from './rule-series.ts';

export interface CustomQuestion {
  readonly object: GroupResource;
  /** undefined for what is in no namespace, and for namespaces themselves. */
  readonly namespace: string | undefined;
  /** '*' for all that the selector picks. */
  readonly name: string;
  readonly metric: string;
  readonly objectSelector: LabelSelector;
  readonly metricSelector: LabelSelector;
}

export interface CustomMetricsDeps {
  readonly mapper: RestMapper;
  readonly objects: DescribedObjects;
  readonly answerer: Answerer;
  readonly clock: Clock;
  readonly defaults: DefaultMetrics;
  /** undefined without a configuration: then every series has its metric. */
  readonly rules: RuleSeries | undefined;
  /** Of a query. */
  readonly timeoutMs: number;
}

interface CustomAnswer {
  readonly values: readonly ObjectValue[];
  readonly explanation: MetricExplanation;
}

interface Wanted extends CustomQuestion {
  readonly mapped: MappedResource;
  /** undefined: of whatever has series. */
  readonly objects: StartTimes | undefined;
}

export class CustomMetrics {
  readonly #parsed = new ParsedQueries();
  readonly #deps: CustomMetricsDeps;

  constructor(deps: CustomMetricsDeps) {
    this.#deps = deps;
  }

  /** @returns by name, not empty: a pod without a value is left out, and never 0
   *  @throws {ApiRefusal} NotFound with the reasons; what stands in the way of an answer */
  async values(question: CustomQuestion, signal: AbortSignal): Promise<readonly ObjectValue[]> {
    const { values, explanation } = await this.#answer(question, signal);
    if (values.length > 0) return values;
    const { metric, name, objectSelector } = question;
    const whom = { resource: describeResource(question.object), name, selector: objectSelector.text };
    throw metricNotFound(metric, whom, causesOf(explanation));
  }

  /** As values(), with how they came about, and why others did not.
   *  @throws {ApiRefusal} what stands in the way of an answer */
  async explain(question: CustomQuestion, signal: AbortSignal): Promise<MetricExplanation> {
    return (await this.#answer(question, signal)).explanation;
  }

  async #answer(question: CustomQuestion, signal: AbortSignal): Promise<CustomAnswer> {
    const { mapper, rules } = this.#deps;
    const { object, namespace, metric } = question;
    const mapped = await mapper.resolve(object);
    if (mapped === undefined || mapped.isNamespaced !== (namespace !== undefined)) {
      const where = mapped === undefined ? 'the cluster has no such resource' : scopeProblem(mapped);
      const whom = { resource: describeResource(object), name: question.name, selector: question.objectSelector.text };
      throw metricNotFound(metric, whom, [
        { reason: 'NoSuchResource', message: `${describeResource(object)}: ${where}` },
      ]);
    }
    const objects = await this.#objects(question, mapped, rules !== undefined);
    const wanted: Wanted = { ...question, mapped, objects };
    if (objects?.size === 0) {
      const selector = question.objectSelector.text || 'no selector';
      const missing = [{ name: selector, reason: 'NoObjects', message: `no ${mapped.resource} are picked by it` }];
      return { values: [], explanation: { ...nothing(metric, 'default'), wanted: 0, missing } };
    }
    return rules === undefined ? this.#byDefault(wanted, signal) : this.#byRules(wanted, rules, signal);
  }

  async #objects(
    { name, namespace, objectSelector }: CustomQuestion,
    mapped: MappedResource,
    isListed: boolean,
  ): Promise<StartTimes | undefined> {
    const isHeld = mapped.group === '' && (mapped.resource === 'pods' || mapped.resource === 'nodes');
    // Without a selector, of a kind that nobody watches, whatever has series is wanted.
    if (name === '*' && !isListed && !isHeld && objectSelector.requirements.length === 0) return undefined;
    return this.#deps.objects.select(mapped, namespace, name, objectSelector);
  }

  async #byDefault(wanted: Wanted, signal: AbortSignal): Promise<CustomAnswer> {
    const { defaults, clock } = this.#deps;
    const { mapped, namespace, objects, metric, metricSelector } = wanted;
    const names = objects && [...objects.keys()].sort();
    const subjects = { object: mapped, namespace, objects };
    const evaluated = await defaults.ofObjects(metric, subjects, metricSelector, clock.nowMs(), signal);
    if (evaluated === undefined) {
      const missing = (names ?? []).map((name) => ({ name, ...describeGap(undefined) }));
      return { values: [], explanation: { ...nothing(metric, undefined), wanted: names?.length, missing } };
    }
    const { values: readings, gaps, query, series } = evaluated;
    const values: ObjectValue[] = [];
    const missing: MissingObject[] = [];
    for (const name of names ?? [...readings.keys(), ...gaps.keys()].sort()) {
      const reading = readings.get(name);
      if (reading === undefined) {
        missing.push({ name, ...describeGap(gaps.get(name)) });
        continue;
      }
      const { value, timestampMs, windowMs } = reading;
      values.push({
        object: describedObject(mapped, namespace, name),
        value,
        timestampMs,
        windowMs: windowMs === 0 ? undefined : windowMs,
      });
    }
    const explanation: MetricExplanation = {
      metric,
      rule: 'default',
      query,
      // Only when somebody looks at it is it made text.
      get series() {
        return explainedSeries(series);
      },
      wanted: names?.length,
      get values() {
        return values.map(explainedValue);
      },
      missing,
    };
    return { values, explanation };
  }

  async #byRules(wanted: Wanted, rules: RuleSeries, signal: AbortSignal): Promise<CustomAnswer> {
    const answer = await rules.firstAnswer(wanted.metric, (match) => this.#byRule(wanted, match, signal));
    return (
      answer ?? { values: [], explanation: { ...nothing(wanted.metric, undefined), wanted: wanted.objects?.size } }
    );
  }

  async #byRule(
    wanted: Wanted,
    { rule, series, maxAgeMs, lookbackMs }: RuleMatch,
    signal: AbortSignal,
  ): Promise<CustomAnswer | undefined> {
    const { mapper, answerer, clock, timeoutMs } = this.#deps;
    const { mapped, namespace, objects, metricSelector, metric } = wanted;
    const names = [...(objects?.keys() ?? [])].sort();
    const namespaceResource = await mapper.resolve(NAMESPACES);
    if (namespaceResource === undefined) return undefined;
    const built = await rule.query.ofObjects({
      series,
      object: mapped,
      namespace,
      namespaceResource,
      names,
      selector: metricSelector,
      extraGroupBy: [],
    });
    if (built === undefined) {
      const missing = [withoutLabel(rule.path, describeResource(mapped), namespace)];
      return { values: [], explanation: { ...nothing(metric, rule.path), wanted: names.length, missing } };
    }
    const { query, label } = built;
    const nowMs = clock.nowMs();
    const asked = { query, parsed: this.#parsed, label, nowMs, timeoutMs, lookbackMs };
    const result = await evaluateRule(answerer, asked, signal);
    if (result.type !== 'vector') {
      throw new ApiRefusal('InternalError', `${rule.path}: the result is a ${result.type}, where a vector is needed`);
    }
    const byName = new Map<string, ObjectValue>();
    const old = new Set<string>();
    for (const { labels, value, timestampMs } of result.values) {
      const name = labels.get(label);
      if (nowMs - timestampMs > maxAgeMs) old.add(name);
      else if (!byName.has(name)) {
        byName.set(name, {
          object: describedObject(mapped, namespace, name),
          value,
          timestampMs,
          windowMs: result.windowMs,
        });
      }
    }
    const notNumbers = new Set(result.notNumbers.map((labels) => labels.get(label)));
    const values = names.flatMap((name) => byName.get(name) ?? []);
    const missing = names
      .filter((name) => !byName.has(name))
      .map((name) => ({ name, ...missingInResult(name, notNumbers, old) }));
    const explanation = {
      metric,
      rule: rule.path,
      query,
      get series() {
        return namedSeries(result.series);
      },
      wanted: names.length,
      get values() {
        return values.map(explainedValue);
      },
      missing,
    };
    return { values, explanation };
  }
}

function missingInResult(
  name: string,
  notNumbers: ReadonlySet<string>,
  old: ReadonlySet<string>,
): Pick<MissingObject, 'reason' | 'message'> {
  if (notNumbers.has(name)) return RULE_GAPS.notANumber;
  if (old.has(name)) return RULE_GAPS.tooOld;
  return { reason: 'NoSeries', message: 'the query has no result for it' };
}

function nothing(metric: string, rule: string | undefined): MetricExplanation {
  return { metric, rule, query: undefined, series: [], wanted: undefined, values: [], missing: [] };
}

function explainedValue({ object, value, timestampMs, windowMs }: ObjectValue) {
  return { name: object.name, value, timestampMs, windowMs };
}

function scopeProblem({ isNamespaced }: MappedResource): string {
  return isNamespaced ? 'is in namespaces, and the path names none' : 'is in no namespace, and the path names one';
}

function describedObject(
  { kind, group, version }: MappedResource,
  namespace: string | undefined,
  name: string,
): DescribedObject {
  return { kind, namespace: namespace ?? '', name, apiVersion: `${group}/${version}` };
}
