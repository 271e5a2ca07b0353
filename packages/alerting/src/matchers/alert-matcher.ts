/** A condition on one label of an alert. Source: Alertmanager, pkg/labels/matcher.go. */
import { quoteGo } from '@vigie/core/go-quote';
import { compileRegex, type Regex, regexProblem } from '@vigie/core/regex';
import type { LabelSet } from '@vigie/promql/labels/label-set';
import { compareBytes } from './byte-order.ts';
import { hasReserved } from './characters.ts';
import { MatcherError } from './matcher-error.ts';

export type MatchOperator = '=' | '!=' | '=~' | '!~';

/** The order of matchers with the same name and value. */
const OPERATORS: readonly MatchOperator[] = ['=', '!=', '=~', '!~'];

/** Letters, digits and what else means itself in a regular expression: such alternatives are compared as text. */
const PLAIN_ALTERNATIVES = /^[\w \-:/,;@%&~<>="'!#\u0080-\uffff]*(?:\|[\w \-:/,;@%&~<>="'!#\u0080-\uffff]*)*$/;

export class AlertMatcher {
  readonly name: string;
  readonly operator: MatchOperator;
  /** The text compared with, or the source of the regular expression as it was written. */
  readonly value: string;
  #test: ((value: string) => boolean) | undefined;

  /** @throws {MatcherError} when the value is not a regular expression of RE2, in the words of Go
   *  Cost: a regular expression gets its tables at the first match. */
  constructor(name: string, operator: MatchOperator, value: string) {
    this.name = name;
    this.operator = operator;
    this.value = value;
    const problem = this.isRegex && !PLAIN_ALTERNATIVES.test(value) ? regexProblem(anchored(value)) : undefined;
    if (problem !== undefined) throw new MatcherError(problem);
  }

  get isRegex(): boolean {
    return this.operator === '=~' || this.operator === '!~';
  }

  /** Whether a value that differs is what it asks for. */
  get isNegative(): boolean {
    return this.operator === '!=' || this.operator === '!~';
  }

  /** @param value '' for an alert that lacks the label, which is the same as one that has it empty */
  matches(value: string): boolean {
    this.#test ??= this.isRegex ? regexTest(this.value) : (text) => text === this.value;
    return this.#test(value) !== this.isNegative;
  }

  /** `severity=~"page|ticket"`; a name that holds what the grammar uses stands in quotes. */
  toString(): string {
    if (hasReserved(this.name)) return `${quoteGo(this.name)}${this.operator}${quoteGo(this.value)}`;
    return `${this.name}${this.operator}"${escapeValue(this.value)}"`;
  }

  /** By name, value and operator, names and values by their bytes. */
  compare(other: AlertMatcher): number {
    return (
      compareBytes(this.name, other.name) ||
      compareBytes(this.value, other.value) ||
      OPERATORS.indexOf(this.operator) - OPERATORS.indexOf(other.operator)
    );
  }

  equals(other: AlertMatcher): boolean {
    return this.name === other.name && this.operator === other.operator && this.value === other.value;
  }
}

export function matchesAll(matchers: readonly AlertMatcher[], labels: LabelSet): boolean {
  return matchers.every((matcher) => matcher.matches(labels.get(matcher.name)));
}

/** `{a="b",c=~"d.*"}`, in the order given. */
export function formatMatchers(matchers: readonly AlertMatcher[]): string {
  return `{${matchers.join(',')}}`;
}

export function sortMatchers(matchers: readonly AlertMatcher[]): readonly AlertMatcher[] {
  return matchers.toSorted((a, b) => a.compare(b));
}

/** Without `s`, unlike Prometheus': a dot matches no line feed. */
function anchored(source: string): string {
  return `^(?:${source})$`;
}

function regexTest(source: string): (value: string) => boolean {
  if (PLAIN_ALTERNATIVES.test(source)) {
    const alternatives = new Set(source.split('|'));
    return (value) => alternatives.has(value);
  }
  const regex: Regex = compileRegex(anchored(source));
  return (value) => regex.test(value);
}

/** As OpenMetrics escapes. */
function escapeValue(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}
