/** Rules on logs as they are evaluated. */
import type { LabelSet } from '@vigie/promql/labels/label-set';
import type { Expr } from '@vigie/promql/syntax/ast';
import type { RuleQuery } from '@vigie/rules/rule';
import type { Comparison } from './query/condition.ts';
import { describeLogQuery, type LogQuery } from './query/log-query.ts';

interface AnyLogRule {
  /** Tells it apart from all others, over reloads and restarts. */
  readonly id: string;
  /** How often it is evaluated. */
  readonly intervalMs: number;
  /** For how long lines are waited for that come late. */
  readonly lateMs: number;
}

interface CountingRule extends AnyLogRule {
  readonly query: LogQuery;
  /** Names of fields; field-names.ts. */
  readonly by: readonly string[];
  /** Of a window, or how long an alert fires. */
  readonly rangeMs: number;
  /** Whether an annotation shows a line. */
  readonly wantsLine: boolean;
}

export interface ExpressionRule extends AnyLogRule {
  readonly kind: 'expression';
  /** A metric query of LogQL. */
  readonly expression: string;
}

export interface RateRule extends CountingRule {
  readonly kind: 'rate';
  readonly operator: Comparison;
  readonly threshold: number;
}

export interface PatternRule extends CountingRule {
  readonly kind: 'pattern';
}

export interface AbsenceRule extends CountingRule {
  readonly kind: 'absence';
  readonly expected: readonly LabelSet[];
  readonly knownForMs: number;
}

export interface NewTermRule extends CountingRule {
  readonly kind: 'new_term';
  readonly field: string;
  readonly learnMs: number;
}

export type LogRule = ExpressionRule | RateRule | PatternRule | AbsenceRule | NewTermRule;

/** What the expressions of log rules stand for: the machinery of rules carries an expression of PromQL, whatever becomes of it. */
const RULES = new WeakMap<Expr, LogRule>();

export function queryOfLogRule(rule: LogRule): RuleQuery {
  const text = describeLogRule(rule);
  const expr: Expr = { kind: 'string', value: text, range: { start: 0, end: text.length } };
  RULES.set(expr, rule);
  return { text, expr };
}

/** undefined for an expression of PromQL. */
export function logRuleOf(expr: Expr): LogRule | undefined {
  return RULES.get(expr);
}

/** All that it does, as people read it, and equal only for rules that do the same. */
function describeLogRule(rule: LogRule): string {
  if (rule.kind === 'expression') return rule.expression;
  const query = describeLogQuery(rule.query);
  const by = rule.by.length === 0 ? '' : ` by (${rule.by.join(', ')})`;
  const range = `[${rule.rangeMs / 1000}s]`;
  switch (rule.kind) {
    case 'rate':
      return `count${by}(${query} ${range}) ${rule.operator} ${rule.threshold}`;
    case 'pattern':
      return `pattern${by}(${query} ${range})`;
    case 'absence': {
      const expected = rule.expected.map((labels) => JSON.stringify(labels)).join(', ');
      return `absence${by}(${query} ${range}, known for ${rule.knownForMs / 1000}s${expected === '' ? '' : `, expect ${expected}`})`;
    }
    case 'new_term':
      return `new_term${by}(${rule.field}, ${query} ${range}, learn ${rule.learnMs / 1000}s)`;
  }
}
