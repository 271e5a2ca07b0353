/** Log queries of LogQL: from conditions, and with more filters behind them. */

import { quoteGo } from '@vigie/core/go-quote';
import { escapeRegex } from '@vigie/core/regex/escape-regex';
import type { LabelSet } from '@vigie/promql/labels/label-set';
import type { Comparison, Condition, FieldTest } from './condition.ts';
import { labelOf, MESSAGE } from './field-names.ts';
import type { LogQuery } from './log-query.ts';
import { unsupported } from './unsupported.ts';

const NAMESPACE = 'namespace';

/** @throws {VigieError} LOG_QUERY_UNSUPPORTED */
export function logqlOf(query: LogQuery): string {
  return query.kind === 'text' ? query.text : conditionLogql(query.condition);
}

/** Only the lines that have these values of the labels: those that lack one where the set does.
 *  @param names all of the labels */
export function withLabels(logql: string, names: readonly string[], labels: LabelSet): string {
  const filters = names.map(labelOf).map((name) => ` | ${name}=${quoteGo(labels.get(name))}`);
  // What stands before may end with a comment.
  return filters.length === 0 ? logql : `${logql}\n${filters.join('')}`;
}

/** `{namespace="shop"} |= "panic" | level="error"`: the namespace selects streams, filters of lines come before those of labels. */
function conditionLogql(condition: Condition): string {
  const matchers: string[] = [];
  const lines: string[] = [];
  const labels: string[] = [];
  let compares = false;
  for (const part of conjuncts(condition)) {
    const inner = part.kind === 'not' ? part.of : part;
    if (inner.kind === 'field' && inner.name === MESSAGE) lines.push(lineFilter(inner.test, part.kind === 'not'));
    else if (part.kind === 'field' && labelOf(part.name) === NAMESPACE && isMatcher(part.test))
      matchers.push(matcherOf(part.test));
    else {
      labels.push(` | ${labelFilter(part, false)}`);
      compares ||= hasComparison(part);
    }
  }
  const selector = matchers.length === 0 ? `${NAMESPACE}=~".+"` : matchers.join(', ');
  // A value that is no number is not in the comparison, and would fail the whole query.
  const errors = compares ? ' | __error__=""' : '';
  return `{${selector}}${lines.join('')}${labels.join('')}${errors}`;
}

function conjuncts(condition: Condition): readonly Condition[] {
  return condition.kind === 'all' ? condition.of.flatMap(conjuncts) : [condition];
}

function hasComparison(condition: Condition): boolean {
  switch (condition.kind) {
    case 'all':
    case 'any':
      return condition.of.some(hasComparison);
    case 'not':
      return hasComparison(condition.of);
    case 'field':
      return condition.test.kind === 'compares';
  }
}

type MatcherTest = Extract<FieldTest, { readonly kind: 'one_of' | 'matches' | 'contains' }>;

function isMatcher(test: FieldTest): test is MatcherTest {
  return test.kind === 'one_of' || test.kind === 'matches' || test.kind === 'contains';
}

function matcherOf(test: MatcherTest): string {
  const [only] = test.kind === 'one_of' ? test.values : [];
  if (test.kind === 'one_of' && test.values.length === 1 && only !== undefined) return `${NAMESPACE}=${quoteGo(only)}`;
  return `${NAMESPACE}=~${quoteGo(anchoredRegex(test))}`;
}

/** Loki anchors those of labels. */
function anchoredRegex(test: MatcherTest): string {
  switch (test.kind) {
    case 'one_of':
      return test.values.map(escapeRegex).join('|');
    case 'contains':
      return `(?s).*(?:${test.texts.map(escapeRegex).join('|')}).*`;
    case 'matches':
      return `(?s).*(?:${test.regex}).*`;
  }
}

function lineFilter(test: FieldTest, negated: boolean): string {
  switch (test.kind) {
    case 'contains': {
      const [only] = test.texts;
      if (test.texts.length === 1 && only !== undefined) return ` ${negated ? '!=' : '|='} ${quoteGo(only)}`;
      return ` ${negated ? '!~' : '|~'} ${quoteGo(test.texts.map(escapeRegex).join('|'))}`;
    }
    case 'matches':
      return ` ${negated ? '!~' : '|~'} ${quoteGo(test.regex)}`;
    default:
      throw unsupported('message is asked with contains or re');
  }
}

const OPPOSITE: Readonly<Record<Comparison, Comparison>> = { '>': '<=', '>=': '<', '<': '>=', '<=': '>' };

/** LogQL has no negation: it is drawn inward. */
function labelFilter(condition: Condition, negated: boolean): string {
  switch (condition.kind) {
    case 'all':
    case 'any': {
      const joins = (condition.kind === 'all') !== negated ? ' and ' : ' or ';
      const parts = condition.of.map((one) => labelFilter(one, negated));
      return parts.length === 1 ? parts.join('') : `(${parts.join(joins)})`;
    }
    case 'not':
      return labelFilter(condition.of, !negated);
    case 'field': {
      if (condition.name === MESSAGE)
        throw unsupported('message stands beside other conditions, not within any; write the query in LogQL');
      return testOf(labelOf(condition.name), condition.test, negated);
    }
  }
}

function testOf(label: string, test: FieldTest, negated: boolean): string {
  switch (test.kind) {
    case 'one_of': {
      const parts = test.values.map((value) => `${label}${negated ? '!=' : '='}${quoteGo(value)}`);
      return parts.length === 1 ? parts.join('') : `(${parts.join(negated ? ' and ' : ' or ')})`;
    }
    case 'contains':
    case 'matches':
      return `${label}${negated ? '!~' : '=~'}${quoteGo(anchoredRegex(test))}`;
    case 'compares': {
      if (!/^-?\d+(?:\.\d+)?$/.test(test.bound)) throw unsupported(`Loki compares numbers, and ${test.bound} is none`);
      if (!negated) return `${label} ${test.operator} ${test.bound}`;
      // A line without the label does not pass a comparison, and so passes its opposite.
      return `(${label}="" or ${label} ${OPPOSITE[test.operator]} ${test.bound})`;
    }
    case 'exists':
      return `${label}${negated ? '=' : '!='}""`;
  }
}
