/** A query pinned to a time: whenever it is evaluated, it must answer as it does at that time. */
import type { Expr } from '../syntax/ast.ts';
import { TIME_DEPENDENT } from '../syntax/functions.ts';
import { walkExpr } from '../syntax/walk.ts';

/** @returns undefined where the answer depends on when it is evaluated all the same */
export function pinTo(expr: Expr, timestampMs: number): Expr | undefined {
  let isTimeDependent = false;
  walkExpr(expr, (one) => {
    if (one.kind === 'call' && TIME_DEPENDENT.has(one.func.name)) isTimeDependent = true;
  });
  return isTimeDependent ? undefined : pin(expr, timestampMs);
}

function pin(expr: Expr, timestampMs: number): Expr {
  const at = { kind: 'time', timestampMs } as const;
  switch (expr.kind) {
    case 'number':
    case 'string':
      return expr;
    case 'vector':
      return expr.at?.kind === 'time' ? expr : { ...expr, at };
    case 'matrix':
      return expr.vector.at?.kind === 'time' ? expr : { ...expr, vector: { ...expr.vector, at } };
    case 'subquery':
      return expr.at?.kind === 'time' ? expr : { ...expr, at };
    case 'paren':
    case 'unary':
      return { ...expr, expr: pin(expr.expr, timestampMs) };
    case 'call':
      return { ...expr, args: expr.args.map((arg) => pin(arg, timestampMs)) };
    case 'aggregation':
      return {
        ...expr,
        expr: pin(expr.expr, timestampMs),
        param: expr.param && pin(expr.param, timestampMs),
      };
    case 'binary':
      return { ...expr, left: pin(expr.left, timestampMs), right: pin(expr.right, timestampMs) };
  }
}
