/** What stands in a file of log rules. */
import { duration, parsed, section } from '@vigie/core/config/fields';
import { ruleFields, ruleGroups } from '@vigie/rules/file/schema';
import * as v from 'valibot';
import { conditionSchema } from '../query/condition.ts';
import type { LogQuery } from '../query/log-query.ts';

const seconds = v.pipe(
  duration({ min: 1000 }),
  v.check((ms) => ms % 1000 === 0, 'a duration of whole seconds, at least 1s'),
);

const query = v.union([
  v.pipe(
    v.string(),
    v.nonEmpty('a query: text in the language of the log store, or a condition'),
    v.transform((text): LogQuery => ({ kind: 'text', text })),
  ),
  v.pipe(
    conditionSchema,
    v.transform((condition): LogQuery => ({ kind: 'condition', condition })),
  ),
]);

const number = parsed('a number', (text) => (/^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) : undefined));
const names = v.nullish(v.array(v.pipe(v.string(), v.nonEmpty('the name of a field'))), []);
const late = v.nullish(duration());
const counted = { query, by: names };
const threshold = v.optional(number);

const labels = v.pipe(
  v.record(v.string(), v.string()),
  v.check((given) => Object.keys(given).length > 0, 'labels and their values'),
);

const rule = section({
  ...ruleFields,
  late_lines: late,
  rate: v.nullish(
    section({
      ...counted,
      range: seconds,
      above: threshold,
      at_least: threshold,
      below: threshold,
      at_most: threshold,
    }),
  ),
  pattern: v.nullish(section({ ...counted, range: v.nullish(seconds, '5m') })),
  absence: v.nullish(
    section({
      ...counted,
      range: seconds,
      known_for: v.nullish(seconds, '1d'),
      expect: v.nullish(v.array(labels), []),
    }),
  ),
  new_term: v.nullish(
    section({
      ...counted,
      field: v.pipe(v.string(), v.nonEmpty('the name of a field')),
      range: v.nullish(seconds, '15m'),
      learn: v.nullish(seconds, '7d'),
    }),
  ),
});

export const logRuleFile = section({ groups: ruleGroups(rule) });

export type WrittenLogGroup = v.InferOutput<typeof logRuleFile>['groups'][number];
export type WrittenLogRule = WrittenLogGroup['rules'][number];
