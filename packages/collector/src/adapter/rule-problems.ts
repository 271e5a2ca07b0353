/** What keeps rules of prometheus-adapter from being used, each with its place: a rule that is wrong is refused when its file is read, and
 *  not when an HPA asks for its metric. */
import type { ConfigPath } from '@vigie/core/config/problem';
import { VigieError } from '@vigie/core/errors';
import { compileRegex, regexProblem } from '@vigie/core/regex';
import { parseSelector } from '@vigie/promql/syntax/parse';
import type { AdapterConfig, AdapterResourceRule, AdapterResources, AdapterRule } from '../config/adapter-config.ts';
import { tryTemplate } from './metrics-query.ts';
import { labelPattern } from './resource-labels.ts';

export interface RuleProblem {
  /** From the configuration of the adapter on. */
  readonly path: ConfigPath;
  /** Completes "expected …". */
  readonly expected: string;
}

export function ruleProblems({ rules, externalRules, resourceRules }: AdapterConfig): readonly RuleProblem[] {
  return [
    ...rules.flatMap((rule, index) => ofRule(rule, ['rules', index], true)),
    ...externalRules.flatMap((rule, index) => ofRule(rule, ['externalRules', index], false)),
    ...(resourceRules === undefined
      ? []
      : (['cpu', 'memory'] as const).flatMap((name) => ofResourceRule(resourceRules[name], ['resourceRules', name]))),
  ];
}

function ofRule(rule: AdapterRule, path: ConfigPath, isOfObjects: boolean): readonly RuleProblem[] {
  const { seriesQuery, seriesFilters, resources, name, metricsQuery } = rule;
  return [
    ...tried([...path, 'seriesQuery'], 'a selector of series', () => parseSelector(seriesQuery)),
    ...seriesFilters.flatMap((filter, index) => ofFilter(filter, [...path, 'seriesFilters', index])),
    ...ofResources(resources, [...path, 'resources'], isOfObjects),
    ...ofName(name, [...path, 'name']),
    ...ofTemplate(metricsQuery, [...path, 'metricsQuery'], isOfObjects ? 1 : 0),
  ];
}

function ofResourceRule(rule: AdapterResourceRule, path: ConfigPath): readonly RuleProblem[] {
  return [
    // By pod and container.
    ...ofTemplate(rule.containerQuery, [...path, 'containerQuery'], 2),
    // Without one, usage of nodes alone is not known.
    ...(rule.nodeQuery === '' ? [] : ofTemplate(rule.nodeQuery, [...path, 'nodeQuery'], 1)),
    ...ofResources(rule.resources, [...path, 'resources'], true),
  ];
}

function ofFilter({ is = '', isNot = '' }: AdapterRule['seriesFilters'][number], path: ConfigPath) {
  if ((is === '') === (isNot === '')) return [{ path, expected: 'either is or isNot' }];
  return is === '' ? ofRegex(isNot, [...path, 'isNot']) : ofRegex(is, [...path, 'is']);
}

function ofResources({ template, overrides }: AdapterResources, path: ConfigPath, isOfObjects: boolean) {
  if (template !== '') return tried([...path, 'template'], 'a template of labels', () => labelPattern(template));
  if (!isOfObjects || Object.keys(overrides).length > 0) return [];
  return [{ path, expected: 'a template or overrides that say which label is which resource' }];
}

function ofName({ matches, as }: AdapterRule['name'], path: ConfigPath): readonly RuleProblem[] {
  const problems = ofRegex(matches, [...path, 'matches']);
  if (problems.length > 0 || as !== '' || compileRegex(matches).groupNames.length <= 2) return problems;
  return [{ path: [...path, 'as'], expected: 'a name, for matches has several groups' }];
}

function ofRegex(source: string, path: ConfigPath): readonly RuleProblem[] {
  const problem = regexProblem(source);
  return problem === undefined ? [] : [{ path, expected: `a regular expression (${problem})` }];
}

/** @param groups see tryTemplate */
function ofTemplate(source: string, path: ConfigPath, groups: number): readonly RuleProblem[] {
  if (source === '') return [{ path, expected: 'the template of a query' }];
  return tried(path, 'the template of a query', () => tryTemplate(source, groups));
}

function tried(path: ConfigPath, expected: string, make: () => unknown): readonly RuleProblem[] {
  try {
    make();
    return [];
  } catch (error) {
    if (!(error instanceof VigieError)) throw error;
    return [{ path, expected: `${expected} (${error.message})` }];
  }
}
