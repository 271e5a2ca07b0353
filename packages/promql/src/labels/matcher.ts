/** A condition on one label of a series: equality, or a regular expression of RE2 that must match the whole value. */
import { compileRegex, type Regex } from '@vigie/core/regex';

export type MatchOperator = '=' | '!=' | '=~' | '!~';

export class Matcher {
  readonly name: string;
  readonly operator: MatchOperator;
  /** The text compared with, or the source of the regular expression as it was written. */
  readonly value: string;
  /** What a regular expression may match, where it is plain alternatives (`a|b|c`) without anything special in them: a
   *  storage may look these up one by one. */
  readonly alternatives: readonly string[] | undefined;
  readonly #regex: Regex | undefined;
  readonly #alternatives: ReadonlySet<string> | undefined;

  /** @throws {RegexError} when the value is not a regular expression of RE2 */
  constructor(name: string, operator: MatchOperator, value: string) {
    this.name = name;
    this.operator = operator;
    this.value = value;
    const isRegex = operator === '=~' || operator === '!~';
    this.alternatives = isRegex && isPlainAlternatives(value) ? value.split('|') : undefined;
    this.#alternatives = this.alternatives && new Set(this.alternatives);
    // `s`: a dot matches a line feed too, as in Prometheus.
    this.#regex = isRegex && this.alternatives === undefined ? compileRegex(`^(?s:${value})$`) : undefined;
  }

  /** @param value '' for a series that lacks the label */
  matches(value: string): boolean {
    switch (this.operator) {
      case '=':
        return value === this.value;
      case '!=':
        return value !== this.value;
      case '=~':
        return this.#matchesRegex(value);
      case '!~':
        return !this.#matchesRegex(value);
    }
  }

  #matchesRegex(value: string): boolean {
    return this.#alternatives?.has(value) ?? this.#regex?.test(value) ?? false;
  }
}

/** Whether a regular expression is `a|b|c` without anything special in it: one that compiles, and needs not be compiled. */
export function isPlainAlternatives(source: string): boolean {
  return PLAIN_ALTERNATIVES.test(source);
}

/** Letters, digits and what else means itself in a regular expression. */
const PLAIN_ALTERNATIVES = /^[\w \-:/,;@%&~<>="'!#\u0080-\uffff]*(?:\|[\w \-:/,;@%&~<>="'!#\u0080-\uffff]*)*$/;
