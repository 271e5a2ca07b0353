/** Durations of a query as numbers. Source: Prometheus, promql/durations.go. */
import type { DurationExpr } from '../syntax/ast.ts';
import { evaluationError } from './failure.ts';
import type { QueryTimes } from './query-times.ts';

/** @returns ms, cut off at whole ones
 *  @throws {EvaluationError} */
export function durationMs(expr: DurationExpr, times: QueryTimes, mayBeNegative: boolean): number {
  const seconds = evaluate(expr, times);
  if (!(seconds > 0) && !mayBeNegative) throw evaluationError('duration must be greater than 0');
  if (!(Math.abs(seconds) <= 2 ** 63 / 1e9)) throw evaluationError('duration is out of range');
  // 1.001 s are 1000.9999999999999 ms.
  return Math.trunc(Math.round(seconds * 1e9) / 1e6) + 0;
}

function evaluate(expr: DurationExpr, times: QueryTimes): number {
  switch (expr.kind) {
    case 'literal':
      return expr.seconds;
    case 'step':
      return times.stepMs / 1000;
    case 'range':
      return (times.endMs - times.startMs) / 1000;
    case 'min':
      return Math.min(evaluate(expr.left, times), evaluate(expr.right, times));
    case 'max':
      return Math.max(evaluate(expr.left, times), evaluate(expr.right, times));
    case 'negative':
      return -evaluate(expr.expr, times);
    case 'positive':
    case 'paren':
      return evaluate(expr.expr, times);
    case 'arithmetic':
      return compute(expr.operator, evaluate(expr.left, times), evaluate(expr.right, times));
  }
}

function compute(operator: '+' | '-' | '*' | '/' | '%' | '^', left: number, right: number): number {
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      if (right === 0) throw evaluationError('division by zero');
      return left / right;
    case '%':
      if (right === 0) throw evaluationError('modulo by zero');
      return left % right;
    case '^':
      return left ** right;
  }
}
