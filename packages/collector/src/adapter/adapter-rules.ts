/** prometheus-adapter's configuration, compiled. Source: prometheus-adapter, pkg/config/config.go and pkg/naming. */
import { VigieError } from '@vigie/core/errors';
import { compileRegex, type Regex } from '@vigie/core/regex';
import type { Matcher } from '@vigie/promql/labels/matcher';
import { parseSelector } from '@vigie/promql/syntax/parse';
import type { AdapterConfig, AdapterResourceRule, AdapterRule } from '../config/adapter-config.ts';
import { expandFirst } from './expand-name.ts';
import { MetricsQuery } from './metrics-query.ts';
import { ResourceLabels } from './resource-labels.ts';
import type { RestMapper } from './rest-mapper.ts';

export interface AdapterRules {
  readonly custom: readonly SeriesRule[];
  readonly external: readonly SeriesRule[];
  readonly resources: ResourceRules | undefined;
}

export interface ResourceRules {
  readonly cpu: ResourceRule;
  readonly memory: ResourceRule;
  readonly windowMs: number;
}

export interface ResourceRule {
  readonly containerQuery: MetricsQuery;
  readonly nodeQuery: MetricsQuery;
  readonly labels: ResourceLabels;
  readonly containerLabel: string;
}

/** Which series a rule is about, what their metrics are called, and what is asked for their values. */
export class SeriesRule {
  /** `rules[0]`, for people. */
  readonly path: string;
  /** As written. */
  readonly seriesQuery: string;
  readonly matchers: readonly Matcher[];
  readonly labels: ResourceLabels;
  readonly query: MetricsQuery;
  readonly isNamespaced: boolean;
  /** See AdapterRule. */
  readonly maxAgeMs: number | undefined;
  readonly #filters: readonly { readonly regex: Regex; readonly isWanted: boolean }[];
  readonly #nameMatches: Regex;
  readonly #nameAs: string;

  /** @throws {VigieError} ADAPTER_RULE_INVALID */
  constructor(path: string, rule: AdapterRule, mapper: RestMapper) {
    this.path = path;
    this.seriesQuery = rule.seriesQuery;
    this.matchers = inRule(`${path}.seriesQuery`, () => parseSelector(rule.seriesQuery));
    this.labels = new ResourceLabels(`${path}.resources`, rule.resources, mapper);
    this.query = new MetricsQuery(`${path}.metricsQuery`, rule.metricsQuery, this.labels);
    this.isNamespaced = rule.resources.namespaced ?? true;
    this.maxAgeMs = rule.maxAgeMs;
    const filters = rule.seriesFilters.map((filter, index) => filterOf(`${path}.seriesFilters[${index}]`, filter));
    const { matches, as } = rule.name;
    this.#nameMatches = inRule(`${path}.name.matches`, () => compileRegex(matches === '' ? '.*' : matches));
    // What does not match has no name.
    this.#filters = matches === '' ? filters : [...filters, { regex: this.#nameMatches, isWanted: true }];
    this.#nameAs = as === '' ? defaultName(path, this.#nameMatches) : as;
  }

  /** What a metric of this series is called; undefined where the rule is not about it.
   *  @param series its name */
  metricOf(series: string): string | undefined {
    if (!this.#filters.every(({ regex, isWanted }) => regex.test(series) === isWanted)) return undefined;
    return expandFirst(this.#nameMatches, series, this.#nameAs);
  }
}

/** @throws {VigieError} ADAPTER_RULE_INVALID for the first rule that cannot be used */
export function compileAdapterRules(config: AdapterConfig, mapper: RestMapper): AdapterRules {
  const { resourceRules } = config;
  return {
    custom: config.rules.map((rule, index) => {
      const path = `rules[${index}]`;
      if (rule.resources.template === '' && Object.keys(rule.resources.overrides).length === 0) {
        throw ruleError(`${path}.resources`, 'a template or overrides that say which label is which resource');
      }
      return new SeriesRule(path, rule, mapper);
    }),
    external: config.externalRules.map((rule, index) => new SeriesRule(`externalRules[${index}]`, rule, mapper)),
    resources: resourceRules && {
      cpu: resourceRule('resourceRules.cpu', resourceRules.cpu, mapper),
      memory: resourceRule('resourceRules.memory', resourceRules.memory, mapper),
      windowMs: resourceRules.windowMs,
    },
  };
}

function resourceRule(path: string, rule: AdapterResourceRule, mapper: RestMapper): ResourceRule {
  const labels = new ResourceLabels(`${path}.resources`, rule.resources, mapper);
  return {
    containerQuery: new MetricsQuery(`${path}.containerQuery`, rule.containerQuery, labels),
    nodeQuery: new MetricsQuery(`${path}.nodeQuery`, rule.nodeQuery, labels),
    labels,
    containerLabel: rule.containerLabel,
  };
}

function filterOf(path: string, { is = '', isNot = '' }: AdapterRule['seriesFilters'][number]) {
  if ((is === '') === (isNot === '')) throw ruleError(path, 'either is or isNot');
  return { regex: inRule(path, () => compileRegex(is === '' ? isNot : is)), isWanted: is !== '' };
}

/** The whole name without a group, the group where there is one. */
function defaultName(path: string, { groupNames }: Regex): string {
  if (groupNames.length > 2) throw ruleError(`${path}.name.as`, 'a name, for matches has several groups');
  return groupNames.length === 2 ? '$1' : '$0';
}

function inRule<T>(path: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof VigieError)) throw error;
    throw new VigieError('ADAPTER_RULE_INVALID', `${path}: ${error.message}`, { cause: error });
  }
}

function ruleError(path: string, expected: string): VigieError {
  return new VigieError('ADAPTER_RULE_INVALID', `${path}: expected ${expected}`);
}
