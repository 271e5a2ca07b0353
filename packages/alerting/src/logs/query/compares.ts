import { assertNever } from '@vigie/core/errors';
import type { Comparison } from './condition.ts';

export function compares(left: number, operator: Comparison, right: number): boolean {
  switch (operator) {
    case '>':
      return left > right;
    case '>=':
      return left >= right;
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    default:
      return assertNever(operator);
  }
}
