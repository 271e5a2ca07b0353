/** How far back a rule looks: beyond retention it finds nothing. */
import { assertNever } from '@vigie/core/errors';
import type { DurationExpr, Expr } from '@vigie/promql/syntax/ast';

/** @returns ms before the time of evaluation; what is known only then (`step()`) counts as nothing */
export function reachMs(expr: Expr): number {
  return Math.max(0, reachSeconds(expr)) * 1000;
}

function reachSeconds(expr: Expr): number {
  switch (expr.kind) {
    case 'number':
    case 'string':
      return 0;
    case 'vector':
      return seconds(expr.offset);
    case 'matrix':
      return seconds(expr.length) + seconds(expr.vector.offset);
    case 'subquery':
      return seconds(expr.length) + seconds(expr.offset) + reachSeconds(expr.expr);
    case 'call':
      return furthest(expr.args);
    case 'aggregation':
      return furthest(expr.param === undefined ? [expr.expr] : [expr.expr, expr.param]);
    case 'binary':
      return furthest([expr.left, expr.right]);
    case 'unary':
    case 'paren':
      return reachSeconds(expr.expr);
    default:
      return assertNever(expr);
  }
}

function furthest(exprs: readonly Expr[]): number {
  return Math.max(0, ...exprs.map(reachSeconds));
}

function seconds(duration: DurationExpr | undefined): number {
  if (duration === undefined) return 0;
  switch (duration.kind) {
    case 'literal':
      return duration.seconds;
    case 'negative':
      return -seconds(duration.expr);
    case 'positive':
    case 'paren':
      return seconds(duration.expr);
    case 'min':
      return Math.min(seconds(duration.left), seconds(duration.right));
    case 'max':
      return Math.max(seconds(duration.left), seconds(duration.right));
    case 'step':
    case 'range':
    case 'arithmetic':
      return 0;
    default:
      return assertNever(duration);
  }
}
