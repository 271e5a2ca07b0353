/** Conditions as a configuration has them: `{level: error, kubernetes.namespace: {re: "^shop-"}, not: {stream: stdout}}`. */
import { section } from '@vigie/core/config/fields';
import * as v from 'valibot';
import { regexText } from '../regex-text.ts';
import type { Operators, Scalar } from './value-test.ts';

/** What a field is compared with. */
export type Expectation = Scalar | readonly Scalar[] | Operators;

/** Everything in it must hold. */
export interface ConditionConfig {
  /** By path. */
  readonly fields: Readonly<Record<string, Expectation>>;
  readonly all?: readonly ConditionConfig[] | undefined;
  readonly any?: readonly ConditionConfig[] | undefined;
  readonly not?: ConditionConfig | undefined;
}

const scalar = v.union([v.string(), v.number(), v.boolean()]);
const scalars = v.pipe(v.array(scalar), v.minLength(1, 'at least one value'));
const bound = v.union([v.number(), v.string()]);

const operators: v.GenericSchema<unknown, Operators> = v.lazy(() =>
  v.pipe(
    section({
      re: v.optional(regexText),
      not: v.optional(v.union([scalar, scalars, operators])),
      in: v.optional(scalars),
      gt: v.optional(bound),
      gte: v.optional(bound),
      lt: v.optional(bound),
      lte: v.optional(bound),
      exists: v.optional(v.boolean()),
    }),
    v.check((given) => Object.values(given).some((value) => value !== undefined), 'at least one operator'),
  ),
);

const expectation = v.union([scalar, scalars, operators]);

const EXPECTED = 'a condition: fields and what they hold, all, any or not';

/** Of the keys, `all`, `any` and `not` combine conditions; every other is the path of a field. */
export const conditionSchema: v.GenericSchema<unknown, ConditionConfig> = v.lazy(() =>
  v.pipe(
    v.custom<object>(isMapping, EXPECTED),
    v.objectWithRest(
      {
        all: v.optional(conditions),
        any: v.optional(conditions),
        not: v.optional(conditionSchema),
      },
      expectation,
    ),
    v.check((given) => Object.keys(given).length > 0, EXPECTED),
    v.transform(({ all, any, not, ...fields }) => ({ fields, all, any, not })),
  ),
);

const conditions = v.pipe(v.array(conditionSchema), v.minLength(1, 'at least one condition'));

function isMapping(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
