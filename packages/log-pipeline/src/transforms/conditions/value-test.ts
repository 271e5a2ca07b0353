/** What a condition asks of one field's value. */
import { compileRegex, type Regex } from '@vigie/core/regex';
import type { Batch } from '../../batch/batch.ts';
import type { RecordField, TextSpan } from '../fields/field.ts';
import { type FieldValue, textOfValue } from '../fields/value.ts';

export type Scalar = string | number | boolean;

/** Everything that is given must hold. */
export interface Operators {
  readonly re?: string | undefined;
  readonly not?: Scalar | readonly Scalar[] | Operators | undefined;
  readonly in?: readonly Scalar[] | undefined;
  readonly gt?: string | number | undefined;
  readonly gte?: string | number | undefined;
  readonly lt?: string | number | undefined;
  readonly lte?: string | number | undefined;
  readonly exists?: boolean | undefined;
}

export interface ValueTest {
  /** Of an array, whether one of its elements passes. */
  value(value: FieldValue): boolean;
  /** The same of a record's field; regular expressions look at its bytes where they can. */
  record(batch: Batch, row: number, field: RecordField): boolean;
}

/** @throws {VigieError} REGEX_INVALID */
export function compileValueTest(expected: Scalar | readonly Scalar[] | Operators): ValueTest {
  if (!isOperators(expected)) return new OneOf(isList(expected) ? expected : [expected]);
  const tests: ValueTest[] = [];
  const { re, not, in: list, gt, gte, lt, lte, exists } = expected;
  if (exists !== undefined) tests.push(decoded((value) => (value !== undefined) === exists));
  if (list !== undefined) tests.push(new OneOf(list));
  if (re !== undefined) tests.push(new Matches(compileRegex(re)));
  if (gt !== undefined) tests.push(compares(gt, (order) => order > 0));
  if (gte !== undefined) tests.push(compares(gte, (order) => order >= 0));
  if (lt !== undefined) tests.push(compares(lt, (order) => order < 0));
  if (lte !== undefined) tests.push(compares(lte, (order) => order <= 0));
  if (not !== undefined) tests.push(negated(compileValueTest(not)));
  const [only] = tests;
  if (tests.length === 1 && only !== undefined) return only;
  return {
    value: (value) => tests.every((test) => test.value(value)),
    record: (batch, row, field) => tests.every((test) => test.record(batch, row, field)),
  };
}

function isList(expected: Scalar | readonly Scalar[]): expected is readonly Scalar[] {
  return Array.isArray(expected);
}

function isOperators(expected: Scalar | readonly Scalar[] | Operators): expected is Operators {
  return typeof expected === 'object' && !Array.isArray(expected);
}

/** For conditions on values: scalars of a field, or of a list in it. */
function decoded(passes: (value: FieldValue) => boolean): ValueTest {
  return {
    value: passes,
    record: (batch, row, field) => passes(field.value(batch, row)),
  };
}

function negated(test: ValueTest): ValueTest {
  return {
    value: (value) => !test.value(value),
    record: (batch, row, field) => !test.record(batch, row, field),
  };
}

function ofElements(value: FieldValue, passes: (value: FieldValue) => boolean): boolean {
  return Array.isArray(value) ? value.some(passes) : passes(value);
}

/** @param expected a number compares numbers, and text that is one; text compares by code units */
function compares(expected: string | number, holds: (order: number) => boolean): ValueTest {
  return decoded((value) => ofElements(value, (element) => holds(compare(element, expected))));
}

/** @returns NaN where they cannot be compared */
function compare(value: FieldValue, expected: string | number): number {
  if (typeof expected === 'number') return Math.sign(numberIn(value) - expected);
  if (typeof value !== 'string') return Number.NaN;
  return value === expected ? 0 : value < expected ? -1 : 1;
}

/** Parsers that know no types leave numbers as text: those count too. */
function numberIn(value: FieldValue): number {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN;
}

class OneOf implements ValueTest {
  readonly #span: TextSpan = { start: 0, end: 0 };
  readonly #texts: ReadonlySet<string>;
  readonly #numbers: readonly number[];
  /** Bytes of each text, to be compared in place. */
  readonly #bytes: readonly Buffer[];

  constructor(expected: readonly Scalar[]) {
    this.#texts = new Set(expected.map(String));
    this.#numbers = expected.filter((one) => typeof one === 'number');
    this.#bytes = [...this.#texts].map((text) => Buffer.from(text));
  }

  value(value: FieldValue): boolean {
    return ofElements(value, (element) => this.#has(element));
  }

  record(batch: Batch, row: number, field: RecordField): boolean {
    const span = this.#span;
    if (this.#numbers.length > 0 || !field.text(batch, row, span)) return this.value(field.value(batch, row));
    const length = span.end - span.start;
    const { memory } = batch.kernel;
    return this.#bytes.some((bytes) => bytes.length === length && standsAt(bytes, memory, span.start));
  }

  #has(value: FieldValue): boolean {
    if (value === undefined || value === null || typeof value === 'object') return false;
    if (this.#texts.has(String(value))) return true;
    return this.#numbers.length > 0 && this.#numbers.includes(numberIn(value));
  }
}

function standsAt(bytes: Buffer, memory: Buffer, start: number): boolean {
  for (let index = 0; index < bytes.length; index++) if (bytes[index] !== memory[start + index]) return false;
  return true;
}

class Matches implements ValueTest {
  readonly #span: TextSpan = { start: 0, end: 0 };
  readonly #regex: Regex;

  constructor(regex: Regex) {
    this.#regex = regex;
  }

  value(value: FieldValue): boolean {
    return ofElements(value, (element) => {
      const text = textOfValue(element);
      return text !== undefined && this.#regex.test(text);
    });
  }

  record(batch: Batch, row: number, field: RecordField): boolean {
    const span = this.#span;
    if (!field.text(batch, row, span)) return this.value(field.value(batch, row));
    return this.#regex.testBytes(batch.kernel.memory, span.start, span.end);
  }
}
