/** Walks over expressions. */
import type { Expr } from './ast.ts';

export function childExprs(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case 'number':
    case 'string':
    case 'vector':
      return [];
    case 'matrix':
      return [expr.vector];
    case 'subquery':
    case 'unary':
    case 'paren':
      return [expr.expr];
    case 'call':
      return expr.args;
    case 'aggregation':
      return expr.param === undefined ? [expr.expr] : [expr.expr, expr.param];
    case 'binary':
      return [expr.left, expr.right];
  }
}

/** Calls `visit` for the expression and everything in it, parents first. */
export function walkExpr(expr: Expr, visit: (expr: Expr) => void): void {
  visit(expr);
  for (const child of childExprs(expr)) walkExpr(child, visit);
}
