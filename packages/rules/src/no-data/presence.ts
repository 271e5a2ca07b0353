/** Whether an expression has data, apart from whether its condition is true: the expression without its conditions. Where it gives a series, there
 *  is data for an alert of that series; where it does not, what the alert is about is gone. Pure. */
import type { BinaryExpr, Expr } from '@vigie/promql/syntax/ast';
import { typeOf } from '@vigie/promql/syntax/ast';
import { isComparison } from '@vigie/promql/syntax/operators';

/** Series that these leave out are there all the same. */
const SELECTING: ReadonlySet<string> = new Set(['topk', 'bottomk', 'limitk', 'limit_ratio']);
/** Have their result just where data is missing: there is nothing to miss for them. */
const ABSENCE: ReadonlySet<string> = new Set(['absent', 'absent_over_time']);

/** - `a > 5` becomes `a`; `a > b`, which needs both, `a > bool b`, which says of each pair that it is there
 *  - `a and b` needs the data of both, `a or b` of one of them, `a unless b` of a
 *  @returns undefined where the absence of data is what the expression is about */
export function presenceOf(expr: Expr): Expr | undefined {
  switch (expr.kind) {
    case 'number':
    case 'string':
    case 'vector':
    case 'matrix':
      return expr;
    case 'paren':
    case 'unary':
    case 'subquery': {
      const inner = presenceOf(expr.expr);
      return inner === undefined ? undefined : { ...expr, expr: inner };
    }
    case 'call': {
      if (ABSENCE.has(expr.func.name)) return undefined;
      const args = expr.args.map(presenceOf);
      const known = args.filter((arg) => arg !== undefined);
      return known.length < args.length ? undefined : { ...expr, args: known };
    }
    case 'aggregation': {
      const inner = presenceOf(expr.expr);
      if (inner === undefined || SELECTING.has(expr.operator)) return inner;
      return { ...expr, expr: inner };
    }
    case 'binary':
      return presenceOfBinary(expr);
  }
}

function presenceOfBinary(expr: BinaryExpr): Expr | undefined {
  const [left, right] = [presenceOf(expr.left), presenceOf(expr.right)];
  if (expr.operator === 'unless') return left;
  if (expr.operator === 'or') return left === undefined || right === undefined ? undefined : { ...expr, left, right };
  if (left === undefined) return typeOf(expr.right) === 'vector' ? right : undefined;
  if (right === undefined) return typeOf(expr.left) === 'vector' ? left : undefined;
  if (!isComparison(expr.operator) || expr.returnBool) return { ...expr, left, right };
  const isVector = { left: typeOf(expr.left) === 'vector', right: typeOf(expr.right) === 'vector' };
  if (isVector.left && isVector.right) return { ...expr, left, right, returnBool: true };
  return isVector.left ? left : right;
}
