/** Conditions as a rule has them: `{namespace: shop, level: [error, fatal], not: {container: proxy}}`. All scalars are text as it was written. */
import { parsed, section } from '@vigie/core/config/fields';
import { compileRegex } from '@vigie/core/regex';
import * as v from 'valibot';

export type FieldTest =
  | { readonly kind: 'one_of'; readonly values: readonly string[] }
  /** Any of them, somewhere in it. */
  | { readonly kind: 'contains'; readonly texts: readonly string[] }
  /** Somewhere in it. */
  | { readonly kind: 'matches'; readonly regex: string }
  | { readonly kind: 'compares'; readonly operator: Comparison; readonly bound: string }
  | { readonly kind: 'exists' };

export type Comparison = '>' | '>=' | '<' | '<=';

export type Condition =
  /** At least one. */
  | { readonly kind: 'all' | 'any'; readonly of: readonly Condition[] }
  | { readonly kind: 'not'; readonly of: Condition }
  | { readonly kind: 'field'; readonly name: string; readonly test: FieldTest };

const texts = v.union([
  v.pipe(
    v.string(),
    v.transform((text) => [text]),
  ),
  v.pipe(v.array(v.string()), v.minLength(1, 'at least one value')),
]);

const regex = v.pipe(v.string(), v.check(isRegex, 'a regular expression of RE2'));

/** What is said of a field, without the field. */
type Expectation =
  | { readonly kind: 'all'; readonly of: readonly Expectation[] }
  | { readonly kind: 'not'; readonly of: Expectation }
  | { readonly kind: 'test'; readonly test: FieldTest };

const operators: v.GenericSchema<unknown, Expectation> = v.lazy(() =>
  v.pipe(
    section({
      in: v.optional(texts),
      not: v.optional(expectation),
      re: v.optional(regex),
      contains: v.optional(texts),
      gt: v.optional(v.string()),
      gte: v.optional(v.string()),
      lt: v.optional(v.string()),
      lte: v.optional(v.string()),
      exists: v.optional(
        parsed('true or false', (text) => (text === 'true' ? true : text === 'false' ? false : undefined)),
      ),
    }),
    v.check((given) => Object.values(given).some((value) => value !== undefined), 'at least one operator'),
    v.transform(({ in: list, not, re, contains, gt, gte, lt, lte, exists }): Expectation => {
      const of: Expectation[] = [];
      const add = (test: FieldTest): void => void of.push({ kind: 'test', test });
      if (list !== undefined) add({ kind: 'one_of', values: list });
      if (contains !== undefined) add({ kind: 'contains', texts: contains });
      if (re !== undefined) add({ kind: 'matches', regex: re });
      for (const [operator, bound] of [
        ['>', gt],
        ['>=', gte],
        ['<', lt],
        ['<=', lte],
      ] as const)
        if (bound !== undefined) add({ kind: 'compares', operator, bound });
      if (exists === true) add({ kind: 'exists' });
      if (exists === false) of.push({ kind: 'not', of: { kind: 'test', test: { kind: 'exists' } } });
      if (not !== undefined) of.push({ kind: 'not', of: not });
      return { kind: 'all', of };
    }),
  ),
);

const expectation: v.GenericSchema<unknown, Expectation> = v.union([
  v.pipe(
    texts,
    v.transform((values): Expectation => ({ kind: 'test', test: { kind: 'one_of', values } })),
  ),
  operators,
]);

const EXPECTED = 'a condition: fields and what they hold, all, any or not';

/** Of the keys, `all`, `any` and `not` combine conditions; every other is the name of a field. */
export const conditionSchema: v.GenericSchema<unknown, Condition> = v.lazy(() =>
  v.pipe(
    v.custom<object>(isMapping, EXPECTED),
    v.objectWithRest(
      { all: v.optional(conditions), any: v.optional(conditions), not: v.optional(conditionSchema) },
      expectation,
    ),
    v.check((given) => Object.keys(given).length > 0, EXPECTED),
    v.transform(({ all, any, not, ...fields }): Condition => {
      const of = Object.entries(fields).map(([name, expected]) => fieldCondition(name, expected));
      if (all !== undefined) of.push(...all);
      if (any !== undefined) of.push({ kind: 'any', of: any });
      if (not !== undefined) of.push({ kind: 'not', of: not });
      return allOf(of);
    }),
  ),
);

const conditions = v.pipe(v.array(conditionSchema), v.minLength(1, 'at least one condition'));

function fieldCondition(name: string, expected: Expectation): Condition {
  switch (expected.kind) {
    case 'all':
      return allOf(expected.of.map((one) => fieldCondition(name, one)));
    case 'not':
      return { kind: 'not', of: fieldCondition(name, expected.of) };
    case 'test':
      return { kind: 'field', name, test: expected.test };
  }
}

function allOf(of: readonly Condition[]): Condition {
  const [only] = of;
  return of.length === 1 && only !== undefined ? only : { kind: 'all', of };
}

function isMapping(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isRegex(text: string): boolean {
  try {
    compileRegex(text);
    return true;
  } catch {
    return false;
  }
}
