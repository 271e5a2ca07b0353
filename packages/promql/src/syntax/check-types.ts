/** Types and arity, which the grammar does not know. Source: Prometheus, promql/parser/parse.go, checkAST. */
import { METRIC_NAME } from '../labels/label-set.ts';
import {
  type BinaryExpr,
  type Call,
  documentedType,
  type Expr,
  typeOf,
  type ValueType,
  type VectorSelector,
} from './ast.ts';
import { isComparison, isSetOperator } from './operators.ts';
import type { ParseContext } from './parse-context.ts';

/** Complains of what is wrong. */
export function checkTypes(expr: Expr, context: ParseContext): void {
  switch (expr.kind) {
    case 'number':
    case 'string':
      return;
    case 'vector':
      checkSelector(expr, context);
      return;
    case 'matrix':
      checkSelector(expr.vector, context);
      return;
    case 'subquery':
      checkTypes(expr.expr, context);
      if (typeOf(expr.expr) !== 'vector') {
        const got = typeOf(expr.expr);
        context.complain(expr.range, `subquery is only allowed on instant vector, got ${got} instead`);
      }
      return;
    case 'call':
      checkCall(expr, context);
      return;
    case 'aggregation':
      expectType(expr.expr, 'vector', 'aggregation expression', context);
      if (expr.param !== undefined) {
        const wanted = expr.operator === 'count_values' ? 'string' : 'scalar';
        expectType(expr.param, wanted, 'aggregation parameter', context);
      }
      return;
    case 'binary':
      checkBinary(expr, context);
      return;
    case 'unary':
      checkTypes(expr.expr, context);
      if (!isOperand(expr.expr)) {
        const got = documentedType(typeOf(expr.expr));
        context.complain(
          expr.range,
          `unary expression only allowed on expressions of type scalar or instant vector, got "${got}"`,
        );
      }
      return;
    case 'paren':
      checkTypes(expr.expr, context);
      return;
  }
}

function isOperand(expr: Expr): boolean {
  const type = typeOf(expr);
  return type === 'scalar' || type === 'vector';
}

function expectType(expr: Expr, wanted: ValueType, where: string, context: ParseContext): void {
  checkTypes(expr, context);
  const got = typeOf(expr);
  if (got === wanted) return;
  context.complain(expr.range, `expected type ${documentedType(wanted)} in ${where}, got ${documentedType(got)}`);
}

function checkSelector(selector: VectorSelector, context: ParseContext, mayBeEmpty = false): void {
  const { name, matchers, range } = selector;
  if (name !== '') {
    const second = matchers.slice(0, -1).find((matcher) => matcher.name === METRIC_NAME);
    if (second !== undefined) {
      context.complain(range, `metric name must not be set twice: "${name}" or "${second.value}"`);
    }
    return;
  }
  if (!mayBeEmpty && matchers.every((matcher) => matcher.matches(''))) {
    context.complain(range, 'vector selector must contain at least one non-empty matcher');
  }
}

function checkCall({ func, args, range }: Call, context: ParseContext): void {
  const { name, variadic } = func;
  const least = variadic === 0 ? func.args.length : func.args.length - 1;
  if (variadic === 0 && args.length !== least) {
    context.complain(range, `expected ${least} argument(s) in call to "${name}", got ${args.length}`);
  } else if (args.length < least) {
    context.complain(range, `expected at least ${least} argument(s) in call to "${name}", got ${args.length}`);
  } else if (variadic > 0 && args.length > least + variadic) {
    context.complain(
      range,
      `expected at most ${least + variadic} argument(s) in call to "${name}", got ${args.length}`,
    );
  }
  if (name === 'info' && args[1] !== undefined) checkInfoSelector(args[1], range, context);
  for (const [index, arg] of args.entries()) {
    if (index >= func.args.length && variadic === 0) break;
    const wanted = func.args[Math.min(index, func.args.length - 1)];
    if (name === 'info' && index === 1 && arg.kind === 'vector') checkSelector(arg, context, true);
    else checkTypes(arg, context);
    const got = typeOf(arg);
    if (wanted === undefined || got === wanted) continue;
    context.complain(
      arg.range,
      `expected type ${documentedType(wanted)} in call to function "${name}", got ${documentedType(got)}`,
    );
  }
}

function checkInfoSelector(arg: Expr, range: Call['range'], context: ParseContext): void {
  const type = typeOf(arg);
  if (type !== 'vector') {
    context.complain(range, `expected type instant vector in call to function "info", got ${documentedType(type)}`);
  }
  if (arg.kind !== 'vector') context.complain(arg.range, 'expected label selectors only');
  else if (arg.name !== '') {
    context.complain(arg.range, 'expected label selectors only, got vector selector instead');
  }
}

function checkBinary(expr: BinaryExpr, context: ParseContext): void {
  const { operator, operatorRange, left, right, returnBool, matching, range } = expr;
  checkTypes(left, context);
  checkTypes(right, context);
  const isScalar = { left: typeOf(left) === 'scalar', right: typeOf(right) === 'scalar' };
  if (returnBool && !isComparison(operator)) {
    context.complain(operatorRange, 'bool modifier can only be used on comparison operators');
  }
  if (isComparison(operator) && !returnBool && isScalar.left && isScalar.right) {
    context.complain(operatorRange, 'comparisons between scalars must use BOOL modifier');
  }
  if (matching.on === true) {
    for (const label of matching.labels.filter((one) => matching.include.includes(one))) {
      context.complain(operatorRange, `label "${label}" must not occur in ON and GROUP clause at once`);
    }
  }
  for (const side of [left, right]) {
    if (!isOperand(side)) {
      context.complain(side.range, 'binary expression must contain only scalar and instant vector types');
    }
  }
  const fills = matching.fillLeft !== undefined || matching.fillRight !== undefined;
  if (typeOf(left) !== 'vector' || typeOf(right) !== 'vector') {
    if (matching.labels.length > 0) {
      context.complain(range, 'vector matching only allowed between instant vectors');
    }
    if (fills) context.complain(range, 'filling in missing series only allowed between instant vectors');
  } else if (isSetOperator(operator)) {
    if (matching.cardinality === 'one-to-many' || matching.cardinality === 'many-to-one') {
      context.complain(range, `no grouping allowed for "${operator}" operation`);
    }
    if (fills) context.complain(range, 'filling in missing series not allowed for set operators');
  }
  if ((isScalar.left || isScalar.right) && isSetOperator(operator)) {
    context.complain(range, `set operator "${operator}" not allowed in binary scalar expression`);
  }
}
