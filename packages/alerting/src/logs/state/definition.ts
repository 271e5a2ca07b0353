/** What the state of a log rule depends on. A threshold, or how long an alert fires, may change. */
import { assertNever } from '@vigie/core/errors';
import { expressionStep } from '../evaluate/expression.ts';
import { patternStep } from '../evaluate/pattern.ts';
import { rateStep } from '../evaluate/rate.ts';
import type { LogRule } from '../log-rule.ts';
import { describeLogQuery } from '../query/log-query.ts';

/** @returns equal for rules of which one can go on with the state of the other */
export function definitionOf(rule: LogRule): string {
  switch (rule.kind) {
    case 'expression':
      return JSON.stringify([rule.kind, rule.expression, expressionStep(rule)]);
    case 'rate':
      return JSON.stringify([rule.kind, describeLogQuery(rule.query), rule.by, rule.rangeMs, rateStep(rule)]);
    case 'pattern':
      return JSON.stringify([rule.kind, describeLogQuery(rule.query), rule.by, patternStep(rule)]);
    case 'absence':
      return JSON.stringify([rule.kind, describeLogQuery(rule.query), rule.by]);
    case 'new_term':
      return JSON.stringify([rule.kind, describeLogQuery(rule.query), rule.by, rule.field]);
    default:
      return assertNever(rule);
  }
}
