/** Rules as they are evaluated: parsed, with the labels of their group, templates compiled. */
import type { PrometheusTemplate } from '@vigie/core/template/prometheus-template';
import type { RequestExtras } from '@vigie/promql/evaluate/query-engine';
import { compareText, LabelSet } from '@vigie/promql/labels/label-set';
import type { Expr } from '@vigie/promql/syntax/ast';
import type { AlertOptions } from './rule-policy.ts';

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
  /** As written, options among them. */
  readonly annotations: LabelSet;
  readonly labelTexts: readonly AlertText[];
  /** Without the options. */
  readonly annotationTexts: readonly AlertText[];
  readonly options: AlertOptions;
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
  /** Of its times behind the multiples of its interval; undefined: what name and file decide. */
  readonly evalOffsetMs: number | undefined;
  /** Rules that are evaluated at once; with 1, in order. */
  readonly concurrency: number;
  /** Goes along with its queries where another server is asked. */
  readonly extras: RequestExtras | undefined;
  /** Of the series or alerts of one rule; 0 or below for none. */
  readonly limit: number;
  readonly rules: readonly Rule[];
  /** What is read and has no effect: `rules.yml:3:5: warning: …`. */
  readonly warnings: readonly string[];
}

/** `FILE;GROUP` */
export function groupKey({ file, name }: Pick<RuleGroup, 'file' | 'name'>): string {
  return `${file};${name}`;
}

/** Sorted, and with the empty values that LabelSet.of leaves out. */
export function writtenLabels(labels: Readonly<Record<string, string>>): LabelSet {
  const entries = Object.entries(labels).sort(([a], [b]) => compareText(a, b));
  return LabelSet.ofSorted(
    entries.map(([name]) => name),
    entries.map(([, value]) => value),
  );
}
