/** The query for a metric, from its Go template. Source: prometheus-adapter, pkg/naming/metrics_query.go. */
import { VigieError } from '@vigie/core/errors';
import { quoteGo } from '@vigie/core/go-quote';
import { Template } from '@vigie/core/template';
import { GoList, GoStruct, stringMap } from '@vigie/core/template/values';
import type { MatchOperator } from '@vigie/promql/labels/matcher';
import { isLabelName } from '@vigie/promql/text/labels';
import { ApiRefusal } from '../metrics-api/api-refusal.ts';
import type { LabelSelector, Requirement } from '../metrics-api/label-selector.ts';
import { DELIMITERS, type ResourceLabels } from './resource-labels.ts';
import type { MappedResource } from './rest-mapper.ts';

/** A condition on a label, before it is text. */
export interface LabelCondition {
  readonly label: string;
  readonly operator: MatchOperator;
  readonly value: string;
  /** Joined by `|`, for LabelValuesByName. */
  readonly values: string;
}

export interface ObjectsQuestion {
  readonly series: string;
  readonly object: MappedResource;
  /** undefined for what is in no namespace. */
  readonly namespace: string | undefined;
  readonly namespaceResource: MappedResource;
  /** Of objects, not empty. */
  readonly names: readonly string[];
  readonly selector: LabelSelector;
  /** Beside the object's label. */
  readonly extraGroupBy: readonly string[];
}

export class MetricsQuery {
  /** As written. */
  readonly source: string;
  readonly #path: string;
  readonly #template: Template;
  readonly #labels: ResourceLabels;

  /** @throws {VigieError} ADAPTER_RULE_INVALID */
  constructor(path: string, source: string, labels: ResourceLabels) {
    this.source = source;
    this.#path = path;
    this.#labels = labels;
    try {
      this.#template = parsed(source);
    } catch (error) {
      if (!(error instanceof VigieError)) throw error;
      throw new VigieError('ADAPTER_RULE_INVALID', `${path}: ${error.message}`, { cause: error });
    }
  }

  /** @returns the query, and the label that names the object in its result; undefined where the rule has no label for such objects
   *  @throws {ApiRefusal} BadRequest for a selector that cannot be a query, InternalError for a template that makes none */
  async ofObjects(question: ObjectsQuestion): Promise<{ readonly query: string; readonly label: string } | undefined> {
    const { series, object, namespace, namespaceResource, names, selector, extraGroupBy } = question;
    const conditions = conditionsOf(selector);
    if (namespace !== undefined) {
      const label = await this.#labels.labelFor(namespaceResource);
      if (label === undefined) return undefined;
      conditions.push(equal(label, namespace));
    }
    const label = await this.#labels.labelFor(object);
    if (label === undefined) return undefined;
    // Names are not escaped: a dot in one matches itself among others, and rules that split LabelValuesByName count on it.
    const value = names.join('|');
    conditions.push({ label, operator: names.length > 1 ? '=~' : '=', value, values: value });
    const groupBy = [label, ...extraGroupBy];
    return { query: this.#execute(series, conditions, groupBy.join(','), groupBy), label };
  }

  /** @param namespace undefined for a metric that is of none
   *  @throws as ofObjects */
  async ofExternal(
    series: string,
    namespace: string | undefined,
    namespaceResource: MappedResource,
    selector: LabelSelector,
  ): Promise<string | undefined> {
    const conditions = conditionsOf(selector);
    if (namespace !== undefined) {
      const label = await this.#labels.labelFor(namespaceResource);
      if (label === undefined) return undefined;
      conditions.push(equal(label, namespace));
    }
    return this.#execute(series, conditions, '', []);
  }

  #execute(
    series: string,
    conditions: readonly LabelCondition[],
    groupBy: string,
    groupBySlice: readonly string[],
  ): string {
    let query: string;
    try {
      query = this.#template.execute(templateArgs(series, conditions, groupBy, groupBySlice));
    } catch (error) {
      if (!(error instanceof VigieError)) throw error;
      throw new ApiRefusal('InternalError', `${this.#path}: ${error.message}`, undefined, { cause: error });
    }
    if (query === '') throw new ApiRefusal('InternalError', `${this.#path} has made an empty query`);
    return query;
  }
}

/** Makes a query of names that nothing has, as long as names are: what a template asks for that there is not, is found before an HPA asks.
 *  @param groups how many labels the query is to group by; none for external metrics
 *  @throws {VigieError} TEMPLATE_INVALID, TEMPLATE_FAILED */
export function tryTemplate(source: string, groups: number): void {
  const name = 'a'.repeat(LONG_NAME);
  const labels = Array.from({ length: groups }, () => name);
  parsed(source).execute(templateArgs(name, [equal(name, name)], labels.join(','), labels));
}

const LONG_NAME = 253;

function parsed(source: string): Template {
  return new Template('metrics-query', { delimiters: DELIMITERS }).parse(source);
}

function templateArgs(
  series: string,
  conditions: readonly LabelCondition[],
  groupBy: string,
  groupBySlice: readonly string[],
): GoStruct {
  const values = new Map(conditions.map(({ label, values: joined }) => [label, joined]));
  return new GoStruct(
    'naming.queryTemplateArgs',
    new Map<string, string | GoList | ReturnType<typeof stringMap>>([
      ['Series', series],
      ['LabelMatchers', conditions.map(conditionText).join(',')],
      ['LabelValuesByName', stringMap(values)],
      ['GroupBy', groupBy],
      ['GroupBySlice', new GoList(groupBySlice, '[]string')],
    ]),
  );
}

/** Of the metric's own labels. Values are passed on as they are: with `in` they may be regular expressions.
 *  @throws {ApiRefusal} BadRequest for > and <, which no series can be picked by */
export function conditionsOf({ requirements }: LabelSelector): LabelCondition[] {
  return requirements.map((requirement) => {
    const value = requirement.values.join('|');
    return { label: requirement.key, operator: operatorOf(requirement), value, values: value };
  });
}

function operatorOf({ operator, key }: Requirement): MatchOperator {
  switch (operator) {
    case '=':
    case '!exists':
      return '=';
    case '!=':
    case 'exists':
      return '!=';
    case 'in':
      return '=~';
    case 'notin':
      return '!~';
    case '>':
    case '<':
      throw new ApiRefusal(
        'BadRequest',
        `the selector's ${key}${operator} is not supported for metrics: use =, !=, in, notin`,
      );
  }
}

function equal(label: string, value: string): LabelCondition {
  return { label, operator: '=', value, values: value };
}

function conditionText({ label, operator, value }: LabelCondition): string {
  return `${isLabelName(label) ? label : quoteGo(label)}${operator}${quoteGo(value)}`;
}
