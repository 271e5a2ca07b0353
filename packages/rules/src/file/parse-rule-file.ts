/** Rule files: Prometheus' format, strictly, and what vmalert has besides, with every problem at once. Source: Prometheus,
 *  model/rulefmt/rulefmt.go. */
import { AS_WRITTEN } from '@vigie/core/config/environment';
import { type LoadedConfig, parseConfig } from '@vigie/core/config/load';
import { ConfigError, type ConfigPath, type ConfigProblem, formatPath } from '@vigie/core/config/problem';
import { describeError } from '@vigie/core/errors';
import { alertTemplate, type PrometheusTemplate } from '@vigie/core/template/prometheus-template';
import { METRIC_NAME } from '@vigie/promql/labels/label-set';
import { parseExpr } from '@vigie/promql/syntax/parse';
import { printExpr } from '@vigie/promql/syntax/print';
import { type AlertText, type Rule, type RuleGroup, type RuleQuery, writtenLabels } from '../rule.ts';
import type { AlertOptions } from '../rule-policy.ts';
import { isAlertOption, readAlertOptions } from './alert-options.ts';
import { groupsOf, ruleFileSchema, type WrittenGroup, type WrittenRule } from './schema.ts';

export interface RuleFileOptions {
  /** Whether expressions may use the experimental language; default false, as in Prometheus. */
  readonly experimental?: boolean;
}

/** @param file only named, in problems and as part of the groups' identity
 *  @throws {ConfigError} with every problem in it */
export function parseRuleFile(text: string, file: string, options: RuleFileOptions = {}): readonly RuleGroup[] {
  const loaded = parseConfig(text, file, ruleFileSchema, AS_WRITTEN);
  return readRuleGroups(groupsOf(loaded.value), loaded, file, promql(options));
}

type Positions = Pick<LoadedConfig<unknown>, 'problemAt' | 'problemAtKey'>;

/** In what the rules of a file say what they ask, and what there is in their templates. */
export interface RuleLanguage<Rule extends WrittenRule> {
  /** @param problem takes what is wrong with it
   *  @returns undefined where it could not be evaluated */
  readonly query: (
    rule: Rule,
    path: ConfigPath,
    group: WrittenGroup<Rule>,
    problem: (path: ConfigPath, expected: string) => void,
  ) => RuleQuery | undefined;
  /** @throws {TemplateError} TEMPLATE_INVALID */
  readonly template: (alert: string, text: string, place: 'label' | 'annotation') => PrometheusTemplate;
  /** @param report is told the annotation, and what is expected of it */
  readonly options: (
    annotations: Readonly<Record<string, string>>,
    query: RuleQuery,
    report: (annotation: string, expected: string) => void,
  ) => AlertOptions;
}

/** @throws {ConfigError} with every problem in them */
export function readRuleGroups<Rule extends WrittenRule>(
  { groups, path }: { readonly groups: readonly WrittenGroup<Rule>[]; readonly path: ConfigPath },
  at: Positions,
  file: string,
  language: RuleLanguage<Rule>,
): readonly RuleGroup[] {
  const reader = new RuleFileReader(at, file, language);
  const read = groups.map((group, index) => reader.group(group, [...path, index]));
  if (reader.problems.length > 0) throw new ConfigError(reader.problems);
  return read;
}

function promql({ experimental = false }: RuleFileOptions): RuleLanguage<WrittenRule> {
  const parse = (text: string): RuleQuery => {
    const expr = parseExpr(text, { experimental });
    return { text: printExpr(expr), expr };
  };
  return {
    query: ({ expr: text }, path, _group, problem) => {
      const at = [...path, 'expr'];
      if (text === '') {
        problem(at, 'a PromQL expression');
        return undefined;
      }
      try {
        return parse(text);
      } catch (error) {
        problem(at, `a PromQL expression (${describeError(error)})`);
        return undefined;
      }
    },
    options: (annotations, query, report) => readAlertOptions(annotations, query, parse, report),
    template: alertTemplate,
  };
}

class RuleFileReader<Written extends WrittenRule> {
  readonly problems: ConfigProblem[] = [];
  readonly #at: Positions;
  readonly #file: string;
  readonly #language: RuleLanguage<Written>;
  readonly #names = new Set<string>();

  constructor(at: Positions, file: string, language: RuleLanguage<Written>) {
    this.#at = at;
    this.#file = file;
    this.#language = language;
  }

  group(group: WrittenGroup<Written>, path: ConfigPath): RuleGroup {
    if (group.name === '') this.#problem([...path, 'name'], 'the name of the group');
    else if (this.#names.has(group.name))
      this.#problem([...path, 'name'], 'a name that no other group of the file has');
    this.#names.add(group.name);
    this.#checkNames(group.labels, [...path, 'labels']);
    const rules = group.rules.flatMap((rule, index) => this.#rule(rule, group, [...path, 'rules', index]) ?? []);
    // 0 is Prometheus' way to say nothing here.
    const intervalMs = group.interval === 0 ? undefined : group.interval;
    return {
      name: group.name,
      file: this.#file,
      intervalMs,
      queryOffsetMs: this.#queryOffset(group, path),
      evalOffsetMs: this.#evalOffset(group, intervalMs, path),
      concurrency: Math.max(1, group.concurrency),
      extras: extrasOf(group),
      limit: group.limit,
      rules,
      warnings: this.#ignored(group, path),
    };
  }

  /** vmalert's name of the offset is another. */
  #queryOffset({ query_offset, eval_delay }: WrittenGroup, path: ConfigPath): number | undefined {
    if (query_offset != null && eval_delay != null)
      this.#problemAtKey([...path, 'eval_delay'], 'one of query_offset and eval_delay, not both');
    return query_offset ?? eval_delay ?? undefined;
  }

  #evalOffset({ eval_offset }: WrittenGroup, intervalMs: number | undefined, path: ConfigPath): number | undefined {
    if (eval_offset == null) return undefined;
    if (intervalMs === undefined || eval_offset >= intervalMs)
      this.#problem([...path, 'eval_offset'], 'less than the interval of the group, which has to stand beside it');
    return eval_offset;
  }

  #ignored(group: WrittenGroup, path: ConfigPath): readonly string[] {
    const without = (written: object, keys: readonly string[], at: ConfigPath): readonly string[] =>
      keys
        .filter((key) => key in written)
        .map((key) => {
          const { file, line, column } = this.#at.problemAtKey([...at, key], '');
          return `${file}:${line}:${column}: warning: ${formatPath([...at, key])} of vmalert has no effect here`;
        });
    return [
      ...without(group, ['notifier_headers', 'eval_alignment', 'debug'], path),
      ...group.rules.flatMap((rule, index) =>
        without(rule, ['debug', 'update_entries_limit'], [...path, 'rules', index]),
      ),
    ];
  }

  /** @returns undefined where it could not be evaluated */
  #rule(rule: Written, group: WrittenGroup<Written>, path: ConfigPath): Rule | undefined {
    const { record, alert } = rule;
    if (record !== '' && alert !== '') this.#problemAtKey([...path, 'alert'], 'one of record and alert, not both');
    if (record === '' && alert === '') this.#problem(path, 'record or alert, with a name');
    if (record !== '') this.#checkRecording(rule, path);
    this.#checkNames(rule.labels, [...path, 'labels']);
    for (const name of Object.keys(rule.annotations)) {
      if (name === '') this.#problemAtKey([...path, 'annotations', name], 'the name of an annotation');
    }
    const labels = { ...group.labels, ...rule.labels };
    const texts = alert === '' ? undefined : this.#alertTexts(rule, labels, path);
    const query = this.#language.query(rule, path, group, (at, expected) => this.#problem(at, expected));
    if (query === undefined) return undefined;
    if (texts === undefined) return { kind: 'recording', name: record, query, labels: writtenLabels(labels) };
    return {
      kind: 'alerting',
      name: alert,
      query,
      labels: writtenLabels(labels),
      holdMs: rule.for,
      keepFiringMs: rule.keep_firing_for,
      annotations: writtenLabels(rule.annotations),
      ...texts,
      options: this.#language.options(rule.annotations, query, (name, expected) =>
        this.#problem([...path, 'annotations', name], expected),
      ),
    };
  }

  #checkRecording(rule: WrittenRule, path: ConfigPath): void {
    if (Object.keys(rule.annotations).length > 0) this.#onlyForAlerts([...path, 'annotations']);
    if (rule.for !== 0) this.#onlyForAlerts([...path, 'for']);
    if (rule.keep_firing_for !== 0) this.#onlyForAlerts([...path, 'keep_firing_for']);
    if (/[{}]/.test(rule.record)) {
      this.#problem([...path, 'record'], 'the name of a metric, without braces (does it belong into expr?)');
    }
  }

  #onlyForAlerts(path: ConfigPath): void {
    this.#problemAtKey(path, 'no such key in a recording rule');
  }

  #checkNames(labels: Readonly<Record<string, string>>, path: ConfigPath): void {
    for (const name of Object.keys(labels)) {
      if (name === '' || name === METRIC_NAME) this.#problemAtKey([...path, name], 'the name of a label');
    }
  }

  #alertTexts(
    { alert, annotations, labels: own }: WrittenRule,
    labels: Readonly<Record<string, string>>,
    path: ConfigPath,
  ): { readonly labelTexts: readonly AlertText[]; readonly annotationTexts: readonly AlertText[] } {
    // A label of the group is reported where the group has it.
    const labelPath = (name: string): ConfigPath => [
      ...(Object.hasOwn(own, name) ? path : path.slice(0, -2)),
      'labels',
      name,
    ];
    const told = Object.fromEntries(Object.entries(annotations).filter(([name]) => !isAlertOption(name)));
    return {
      labelTexts: this.#texts(alert, labels, 'label', labelPath),
      annotationTexts: this.#texts(alert, told, 'annotation', (name) => [...path, 'annotations', name]),
    };
  }

  #texts(
    alert: string,
    texts: Readonly<Record<string, string>>,
    place: 'label' | 'annotation',
    pathOf: (name: string) => ConfigPath,
  ): readonly AlertText[] {
    return Object.entries(texts).map(([name, text]) => {
      if (!text.includes('{{')) return { name, text };
      try {
        return { name, text: this.#language.template(alert, text, place) };
      } catch (error) {
        this.#problem(pathOf(name), `a template (${error instanceof Error ? error.message : String(error)})`);
        return { name, text };
      }
    });
  }

  #problem(path: ConfigPath, expected: string): void {
    this.problems.push(this.#at.problemAt(path, expected));
  }

  #problemAtKey(path: ConfigPath, expected: string): void {
    this.problems.push(this.#at.problemAtKey(path, expected));
  }
}

function extrasOf({ params, headers }: WrittenGroup): RuleGroup['extras'] {
  const pairs = Object.entries(params).flatMap(([name, values]) => values.map((value) => [name, value] as const));
  return pairs.length + headers.length === 0 ? undefined : { params: pairs, headers: Object.fromEntries(headers) };
}
