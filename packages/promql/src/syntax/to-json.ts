/** Expressions as JSON: what `parse_query` answers. Source: Prometheus, web/api/v1/translate_ast.go. */
import { formatFloat } from '../text/float.ts';
import { type AtModifier, type BinaryExpr, type DurationExpr, type Expr, typeOf, type VectorSelector } from './ast.ts';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

export function exprToJson(expr: Expr): Json {
  switch (expr.kind) {
    case 'number':
      return { type: 'numberLiteral', val: formatFloat(expr.value) };
    case 'string':
      return { type: 'stringLiteral', val: expr.value };
    case 'vector':
      return { type: 'vectorSelector', ...selectorJson(expr) };
    case 'matrix':
      return { type: 'matrixSelector', ...durationJson('range', expr.length), ...selectorJson(expr.vector) };
    case 'subquery':
      return {
        type: 'subquery',
        expr: exprToJson(expr.expr),
        ...durationJson('range', expr.length),
        ...durationJson('offset', expr.offset),
        ...durationJson('step', expr.step),
        ...atJson(expr.at),
      };
    case 'call':
      return {
        type: 'call',
        func: {
          name: expr.func.name,
          argTypes: expr.func.args,
          variadic: expr.func.variadic,
          returnType: expr.func.returns,
        },
        args: expr.args.map(exprToJson),
      };
    case 'aggregation':
      return {
        type: 'aggregation',
        op: expr.operator,
        expr: exprToJson(expr.expr),
        param: expr.param === undefined ? null : exprToJson(expr.param),
        grouping: expr.grouping,
        without: expr.without,
      };
    case 'binary':
      return binaryJson(expr);
    case 'unary':
      return { type: 'unaryExpr', op: expr.operator, expr: exprToJson(expr.expr) };
    case 'paren':
      return { type: 'parenExpr', expr: exprToJson(expr.expr) };
  }
}

function selectorJson({ name, matchers, offset, at, modifier }: VectorSelector): { readonly [key: string]: Json } {
  return {
    name,
    ...durationJson('offset', offset),
    matchers: matchers.map((matcher) => ({ name: matcher.name, value: matcher.value, type: matcher.operator })),
    ...atJson(at),
    anchored: modifier === 'anchored',
    smoothed: modifier === 'smoothed',
  };
}

function atJson(at: AtModifier | undefined): { readonly [key: string]: Json } {
  return {
    timestamp: at?.kind === 'time' ? at.timestampMs : null,
    startOrEnd: at === undefined || at.kind === 'time' ? null : at.kind,
  };
}

/** What is computed is 0 ms, and an expression beside it. */
function durationJson(name: string, duration: DurationExpr | undefined): { readonly [key: string]: Json } {
  const isGiven = duration === undefined || duration.kind === 'literal';
  return {
    [name]: duration?.kind === 'literal' ? Math.round(duration.seconds * 1000) : 0,
    [`${name}Expr`]: isGiven ? null : computedJson(duration, false),
  };
}

function computedJson(duration: DurationExpr, wrapped: boolean): Json {
  const operation = (op: string, lhs: Json, rhs: Json): Json => ({ type: 'durationExpr', op, lhs, rhs, wrapped });
  switch (duration.kind) {
    case 'literal': {
      const number = { type: 'numberLiteral', val: formatFloat(duration.seconds), duration: duration.isDuration };
      return wrapped ? operation('+', null, number) : number;
    }
    case 'step':
    case 'range':
      return operation(duration.kind, null, null);
    case 'min':
    case 'max':
      return operation(`${duration.kind}_of`, computedJson(duration.left, false), computedJson(duration.right, false));
    case 'negative':
      return operation('-', null, computedJson(duration.expr, false));
    case 'positive':
      return operation('+', null, computedJson(duration.expr, false));
    case 'paren':
      return computedJson(duration.expr, true);
    case 'arithmetic':
      return operation(duration.operator, computedJson(duration.left, false), computedJson(duration.right, false));
  }
}

function binaryJson({ operator, left, right, returnBool, matching }: BinaryExpr): Json {
  const isBetweenVectors = typeOf(left) === 'vector' && typeOf(right) === 'vector';
  return {
    type: 'binaryExpr',
    op: operator,
    lhs: exprToJson(left),
    rhs: exprToJson(right),
    matching: !isBetweenVectors
      ? null
      : {
          card: matching.cardinality,
          labels: matching.labels,
          on: matching.on,
          include: matching.include,
          fillValues: { lhs: matching.fillLeft ?? null, rhs: matching.fillRight ?? null },
        },
    bool: returnBool,
  };
}
