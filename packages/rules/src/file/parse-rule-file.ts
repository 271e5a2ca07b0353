/** Rule files: Prometheus' format, strictly, and what vmalert has besides, with every problem at once. Source: Prometheus,
 *  model/rulefmt/rulefmt.go. */
import { AS_WRITTEN } from '@vigie/core/config/environment';
import { type LoadedConfig, parseConfig } from '@vigie/core/config/load';
import { ConfigError, type ConfigPath, type ConfigProblem, formatPath } from '@vigie/core/config/problem';
import { describeError } from '@vigie/core/errors';
import { alertTemplate } from '@vigie/core/template/prometheus-template';
import { METRIC_NAME } from '@vigie/promql/labels/label-set';
import { parseExpr } from '@vigie/promql/syntax/parse';
import { printExpr } from '@vigie/promql/syntax/print';
import { type AlertText, type Rule, type RuleGroup, type RuleQuery, writtenLabels } from '../rule.ts';
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
  const { groups, path } = groupsOf(loaded.value);
  const reader = new RuleFileReader(loaded, file, options);
  const read = groups.map((group, index) => reader.group(group, [...path, index]));
  if (reader.problems.length > 0) throw new ConfigError(reader.problems);
  return read;
}

class RuleFileReader {
  readonly problems: ConfigProblem[] = [];
  readonly #at: Pick<LoadedConfig<unknown>, 'problemAt' | 'problemAtKey'>;
  readonly #file: string;
  readonly #options: RuleFileOptions;
  readonly #names = new Set<string>();

  constructor(at: Pick<LoadedConfig<unknown>, 'problemAt' | 'problemAtKey'>, file: string, options: RuleFileOptions) {
    this.#at = at;
    this.#file = file;
    this.#options = options;
  }

  group(group: WrittenGroup, path: ConfigPath): RuleGroup {
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
  #rule(rule: WrittenRule, group: WrittenGroup, path: ConfigPath): Rule | undefined {
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
    const query = this.#query(rule.expr, [...path, 'expr']);
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
      options: readAlertOptions(
        rule.annotations,
        query,
        (text) => this.#parse(text),
        (name, expected) => this.#problem([...path, 'annotations', name], expected),
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

  #query(text: string, path: ConfigPath): RuleQuery | undefined {
    if (text === '') {
      this.#problem(path, 'a PromQL expression');
      return undefined;
    }
    try {
      return this.#parse(text);
    } catch (error) {
      this.#problem(path, `a PromQL expression (${describeError(error)})`);
      return undefined;
    }
  }

  /** @throws {ParseError} */
  #parse(text: string): RuleQuery {
    const expr = parseExpr(text, { experimental: this.#options.experimental ?? false });
    return { text: printExpr(expr), expr };
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
      labelTexts: this.#texts(alert, labels, labelPath),
      annotationTexts: this.#texts(alert, told, (name) => [...path, 'annotations', name]),
    };
  }

  #texts(
    alert: string,
    texts: Readonly<Record<string, string>>,
    pathOf: (name: string) => ConfigPath,
  ): readonly AlertText[] {
    return Object.entries(texts).map(([name, text]) => {
      if (!text.includes('{{')) return { name, text };
      try {
        return { name, text: alertTemplate(alert, text) };
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
