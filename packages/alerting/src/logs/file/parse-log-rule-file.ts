/** Files of log rules: the shape of Prometheus' rule files, strictly, with every problem at once. */
import { AS_WRITTEN } from '@vigie/core/config/environment';
import { parseConfig } from '@vigie/core/config/load';
import type { ConfigPath } from '@vigie/core/config/problem';
import { describeError } from '@vigie/core/errors';
import { alertTemplate, lineAlertTemplate } from '@vigie/core/template/prometheus-template';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { readAlertOptions } from '@vigie/rules/file/alert-options';
import { type RuleLanguage, readRuleGroups } from '@vigie/rules/file/parse-rule-file';
import type { RuleGroup } from '@vigie/rules/rule';
import { DEFAULT_INTERVAL_MS } from '@vigie/rules/rule-runner';
import type { LogDatasource } from '../../config/alerting-config.ts';
import { type LogRule, queryOfLogRule } from '../log-rule.ts';
import type { Comparison } from '../query/condition.ts';
import { labelOf } from '../query/field-names.ts';
import type { LogQuery } from '../query/log-query.ts';
import { logqlOf } from '../query/logql.ts';
import { queryDsl } from '../query/query-dsl.ts';
import { logRuleFile, type WrittenLogGroup, type WrittenLogRule } from './log-rule-schema.ts';

export interface LogRuleFileOptions {
  /** Of the log store that is asked; undefined: not known, and what only one of them can answer passes. */
  readonly type?: LogDatasource['type'] | undefined;
  readonly lateLinesMs?: number;
  /** Of groups that name none. */
  readonly intervalMs?: number;
}

const DEFAULT_LATE_LINES_MS = 600_000;
const DEFAULT_PATTERN_RANGE_MS = 300_000;

/** @param file only named, in problems and as part of the groups' identity
 *  @throws {ConfigError} with every problem in it */
export function parseLogRuleFile(text: string, file: string, options: LogRuleFileOptions = {}): readonly RuleGroup[] {
  const loaded = parseConfig(text, file, logRuleFile, AS_WRITTEN);
  const groups = { groups: loaded.value.groups, path: ['groups'] };
  return readRuleGroups(groups, loaded, file, new LogRuleLanguage(file, options));
}

type Tell = (path: ConfigPath, expected: string) => void;

const KINDS = ['rate', 'pattern', 'absence', 'new_term'] as const;

const THRESHOLDS = [
  ['above', '>'],
  ['at_least', '>='],
  ['below', '<'],
  ['at_most', '<='],
] as const satisfies readonly (readonly [string, Comparison])[];

class LogRuleLanguage implements RuleLanguage<WrittenLogRule> {
  readonly #file: string;
  readonly #options: LogRuleFileOptions;
  /** How many there are of each identity. */
  readonly #ids = new Map<string, number>();

  constructor(file: string, options: LogRuleFileOptions) {
    this.#file = file;
    this.#options = options;
  }

  // A line is another each time: as a label it would make an alert of each.
  readonly template: RuleLanguage<WrittenLogRule>['template'] = (alert, text, place) =>
    place === 'annotation' ? lineAlertTemplate(alert, text) : alertTemplate(alert, text);

  readonly options: RuleLanguage<WrittenLogRule>['options'] = (annotations, query, report) => {
    for (const name of ['vigie_no_data', 'vigie_clear_expr'])
      if (Object.hasOwn(annotations, name))
        report(name, 'no such option of a rule on logs: absence is a kind of its own');
    const flapOnly = Object.fromEntries(Object.entries(annotations).filter(([name]) => name === 'vigie_flap'));
    const { flap } = readAlertOptions(flapOnly, query, () => query, report);
    return { noData: undefined, clear: undefined, presence: undefined, flap };
  };

  readonly query: RuleLanguage<WrittenLogRule>['query'] = (written, path, group, problem) => {
    const rule = this.#rule(written, path, group, problem);
    return rule === undefined ? undefined : queryOfLogRule(rule);
  };

  #rule(
    written: WrittenLogRule,
    path: ConfigPath,
    group: Pick<WrittenLogGroup, 'name' | 'interval'>,
    tell: Tell,
  ): LogRule | undefined {
    const kinds = KINDS.filter((kind) => written[kind] != null);
    const given = [...(written.expr === '' ? [] : ['expr']), ...kinds];
    if (given.length !== 1) {
      tell(path, `one of expr, ${KINDS.join(', ')}`);
      return undefined;
    }
    if (written.record !== '' && written.expr === '') tell(path, 'expr in a rule that records');
    const id = this.#id(written, group.name);
    const { lateLinesMs = DEFAULT_LATE_LINES_MS, intervalMs = DEFAULT_INTERVAL_MS } = this.#options;
    const any = {
      id,
      intervalMs: group.interval === 0 ? intervalMs : group.interval,
      lateMs: written.late_lines ?? lateLinesMs,
    };
    if (written.expr !== '') return this.#expression(written, any, path, tell);
    return this.#counting(written, any, path, tell);
  }

  #expression(
    { expr, record, annotations }: WrittenLogRule,
    any: Pick<LogRule, 'id' | 'intervalMs' | 'lateMs'>,
    path: ConfigPath,
    tell: Tell,
  ): LogRule | undefined {
    const at = [...path, 'expr'];
    if (this.#options.type !== undefined && this.#options.type !== 'loki') {
      tell(at, 'rate, pattern, absence or new_term: only Loki answers LogQL');
      return undefined;
    }
    const isLogQuery = /^(?:\s|#[^\n]*\n)*\{/.test(expr);
    if (!isLogQuery) {
      if (showsLine(annotations)) tell(path, 'no $line in annotations: a metric query has no lines');
      return { ...any, kind: 'expression', expression: expr };
    }
    if (record !== '') tell(at, 'a metric query: a log query records nothing');
    return {
      ...any,
      kind: 'pattern',
      query: { kind: 'text', text: expr },
      by: [],
      rangeMs: DEFAULT_PATTERN_RANGE_MS,
      wantsLine: showsLine(annotations),
    };
  }

  #counting(
    written: WrittenLogRule,
    any: Pick<LogRule, 'id' | 'intervalMs' | 'lateMs'>,
    path: ConfigPath,
    tell: Tell,
  ): LogRule | undefined {
    const { rate, pattern, absence, new_term: newTerm } = written;
    const wantsLine = showsLine(written.annotations);
    if (rate != null) {
      const at = [...path, 'rate'];
      this.#checkQuery(rate.query, [...at, 'query'], tell);
      const [threshold, other] = THRESHOLDS.flatMap(([key, operator]) => {
        const value = rate[key];
        return value === undefined ? [] : [{ operator, threshold: value }];
      });
      if (threshold === undefined || other !== undefined) {
        tell(at, `one of ${THRESHOLDS.map(([key]) => key).join(', ')}`);
        return undefined;
      }
      return { ...any, kind: 'rate', query: rate.query, by: rate.by, rangeMs: rate.range, wantsLine, ...threshold };
    }
    if (pattern != null) {
      this.#checkQuery(pattern.query, [...path, 'pattern', 'query'], tell);
      return { ...any, kind: 'pattern', query: pattern.query, by: pattern.by, rangeMs: pattern.range, wantsLine };
    }
    if (absence != null) {
      const at = [...path, 'absence'];
      this.#checkQuery(absence.query, [...at, 'query'], tell);
      if (wantsLine) tell(path, 'no $line in annotations: there is no line');
      const own = new Set(absence.by.map(labelOf));
      for (const [index, labels] of absence.expect.entries())
        if (Object.keys(labels).some((name) => !own.has(name)))
          tell([...at, 'expect', index], 'labels of what by names, and no others');
      const expected = absence.by.length === 0 ? [LabelSet.empty] : absence.expect.map((labels) => LabelSet.of(labels));
      return {
        ...any,
        kind: 'absence',
        query: absence.query,
        by: absence.by,
        rangeMs: absence.range,
        wantsLine: false,
        expected,
        knownForMs: Math.max(absence.known_for, absence.range),
      };
    }
    if (newTerm == null) return undefined;
    this.#checkQuery(newTerm.query, [...path, 'new_term', 'query'], tell);
    const { query, by, field, range, learn } = newTerm;
    return { ...any, kind: 'new_term', query, by, field, rangeMs: range, learnMs: learn, wantsLine };
  }

  #checkQuery(query: LogQuery, path: ConfigPath, tell: Tell): void {
    const { type } = this.#options;
    if (type === undefined) return;
    try {
      if (type === 'loki') logqlOf(query);
      else queryDsl(query, (field) => field);
    } catch (error) {
      tell(path, `a condition that ${type} can be asked (${describeError(error)})`);
    }
  }

  #id({ alert, record, labels }: WrittenLogRule, group: string): string {
    const id = JSON.stringify([this.#file, group, alert || record, LabelSet.of(labels)]);
    const before = this.#ids.get(id) ?? 0;
    this.#ids.set(id, before + 1);
    return before === 0 ? id : `${id} ${before}`;
  }
}

function showsLine(annotations: Readonly<Record<string, string>>): boolean {
  return Object.values(annotations).some((text) => /\{\{[^}]*(?:\$line|\.Line)\b/.test(text));
}
