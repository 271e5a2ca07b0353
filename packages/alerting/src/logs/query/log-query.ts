/** Which lines a rule means. */
import type { Condition } from './condition.ts';

export type LogQuery =
  /** In the language of the source: LogQL, or Lucene's query syntax. */
  { readonly kind: 'text'; readonly text: string } | { readonly kind: 'condition'; readonly condition: Condition };

/** As it is shown. */
export function describeLogQuery(query: LogQuery): string {
  return query.kind === 'text' ? query.text : describeCondition(query.condition);
}

function describeCondition(condition: Condition): string {
  switch (condition.kind) {
    case 'all':
    case 'any':
      return `${condition.kind}(${condition.of.map(describeCondition).join(', ')})`;
    case 'not':
      return `not(${describeCondition(condition.of)})`;
    case 'field': {
      const { name, test } = condition;
      switch (test.kind) {
        case 'one_of':
          return `${name} in ${JSON.stringify(test.values)}`;
        case 'contains':
          return `${name} contains ${JSON.stringify(test.texts)}`;
        case 'matches':
          return `${name} re ${JSON.stringify(test.regex)}`;
        case 'compares':
          return `${name} ${test.operator} ${test.bound}`;
        case 'exists':
          return `${name} exists`;
      }
    }
  }
}
