/** Rules as they are evaluated: parsed, with the labels of their group, templates compiled. */
import type { PrometheusTemplate } from '@vigie/core/template/prometheus-template';
import { compareText, LabelSet } from '@vigie/promql/labels/label-set';
import type { Expr } from '@vigie/promql/syntax/ast';

export interface RuleQuery {
  /** As Prometheus prints the expression. */
  readonly text: string;
  readonly expr: Expr;
}

interface NamedRule {
  /** Of the metric that is recorded, or of the alert. */
  readonly name: string;
  readonly query: RuleQuery;
  /** With those of the group, as written; an empty value is one, and removes the label from what the rule makes. */
  readonly labels: LabelSet;
}

export interface RecordingRule extends NamedRule {
  readonly kind: 'recording';
}

/** A label or annotation of an alert. */
export interface AlertText {
  readonly name: string;
  /** Text without a template in it as it is. */
  readonly text: PrometheusTemplate | string;
}

export interface AlertingRule extends NamedRule {
  readonly kind: 'alerting';
  /** `for` */
  readonly holdMs: number;
  readonly keepFiringMs: number;
  /** As written. */
  readonly annotations: LabelSet;
  readonly labelTexts: readonly AlertText[];
  readonly annotationTexts: readonly AlertText[];
  /** When it cannot be evaluated, whether receivers are told again of what fires: they would take it for over. */
  readonly keepsOnError: boolean;
}

export type Rule = RecordingRule | AlertingRule;

export interface RuleGroup {
  /** Unique in its file. */
  readonly name: string;
  /** As the caller named it; half of the group's identity. */
  readonly file: string;
  /** undefined: the evaluation interval of all. */
  readonly intervalMs: number | undefined;
  /** undefined: the offset of all. */
  readonly queryOffsetMs: number | undefined;
  /** Of the series or alerts of one rule; 0 or below for none. */
  readonly limit: number;
  readonly rules: readonly Rule[];
}

/** Sorted, and with the empty values that LabelSet.of leaves out. */
export function writtenLabels(labels: Readonly<Record<string, string>>): LabelSet {
  const entries = Object.entries(labels).sort(([a], [b]) => compareText(a, b));
  return LabelSet.ofSorted(
    entries.map(([name]) => name),
    entries.map(([, value]) => value),
  );
}
