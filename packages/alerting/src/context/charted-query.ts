/** What to draw of an alert's expression: what it compares, with a line where it begins to fire. */
import { errorCode } from '@vigie/core/errors';
import { type BinaryExpr, type Expr, typeOf } from '@vigie/promql/syntax/ast';
import { parseExpr } from '@vigie/promql/syntax/parse';
import { printExpr } from '@vigie/promql/syntax/print';
import type { Threshold } from './chart/chart.ts';

export interface ChartedQuery {
  readonly query: string;
  readonly threshold: Threshold | undefined;
}

/** How a comparison reads from its other side. */
const TURNED: Readonly<Partial<Record<BinaryExpr['operator'], string>>> = {
  '>': '<',
  '<': '>',
  '>=': '<=',
  '<=': '>=',
  '==': '==',
  '!=': '!=',
};

/** @param generatorUrl of an alert: the link of Prometheus, or of a rule of our own, has the expression
 *  @returns undefined where it has none */
export function expressionOf(generatorUrl: string): string | undefined {
  if (!URL.canParse(generatorUrl)) return undefined;
  return new URL(generatorUrl).searchParams.get('g0.expr') || undefined;
}

/** @returns undefined where the expression is none, or has no series */
export function chartedQuery(expression: string): ChartedQuery | undefined {
  let expr: Expr;
  try {
    expr = parseExpr(expression);
  } catch (error) {
    if (errorCode(error) === 'PROMQL_PARSE') return undefined;
    throw error;
  }
  const type = typeOf(expr);
  if (type !== 'vector' && type !== 'scalar') return undefined;
  const comparison = firstComparison(expr);
  if (comparison === undefined) return { query: printExpr(expr), threshold: undefined };
  const { left, right, operator } = comparison;
  const [leftValue, rightValue] = [constant(left), constant(right)];
  if (leftValue !== undefined && rightValue === undefined)
    return { query: printExpr(bare(right)), threshold: { operator: TURNED[operator] ?? operator, value: leftValue } };
  const threshold = rightValue === undefined ? undefined : { operator, value: rightValue };
  return { query: printExpr(bare(left)), threshold };
}

/** The one whose series fire: `a > 1 and b > 2` keeps those of a. */
function firstComparison(expr: Expr): BinaryExpr | undefined {
  if (expr.kind === 'paren') return firstComparison(expr.expr);
  if (expr.kind !== 'binary') return undefined;
  if (TURNED[expr.operator] !== undefined) return expr.returnBool ? undefined : expr;
  return ['and', 'or', 'unless'].includes(expr.operator) ? firstComparison(expr.left) : undefined;
}

function bare(expr: Expr): Expr {
  return expr.kind === 'paren' ? bare(expr.expr) : expr;
}

/** Of arithmetic over numbers alone: `5 * 60`. */
function constant(expr: Expr): number | undefined {
  switch (expr.kind) {
    case 'number':
      return expr.value;
    case 'paren':
      return constant(expr.expr);
    case 'unary': {
      const value = constant(expr.expr);
      return value === undefined || expr.operator === '+' ? value : -value;
    }
    case 'binary': {
      const [left, right] = [constant(expr.left), constant(expr.right)];
      return left === undefined || right === undefined ? undefined : ARITHMETIC[expr.operator]?.(left, right);
    }
    default:
      return undefined;
  }
}

const ARITHMETIC: Readonly<Partial<Record<BinaryExpr['operator'], (left: number, right: number) => number>>> = {
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '/': (left, right) => left / right,
  '^': (left, right) => left ** right,
};
