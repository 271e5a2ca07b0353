/** From the grammar's tree to ours. The tree has no error nodes; what the grammar lets pass is checked here and in
 *  check-types.ts. */
import type { SyntaxNode } from '@lezer/common';
import { bug } from '@vigie/core/errors';
import type { Aggregation, BinaryExpr, Cardinality, Expr, NumberLiteral, VectorMatching } from './ast.ts';
import { readNumberText } from './build-duration.ts';
import {
  buildMatrixSelector,
  buildSubquery,
  buildVectorSelector,
  withAt,
  withModifier,
  withOffset,
} from './build-selector.ts';
import { FUNCTIONS } from './functions.ts';
import {
  aggregateOperator,
  binaryOperator,
  isExperimentalAggregate,
  isSetOperator,
  precedence,
  takesParameter,
} from './operators.ts';
import { childOf, childrenOf, type ParseContext, rangeOf } from './parse-context.ts';

export function buildExpr(node: SyntaxNode, context: ParseContext): Expr {
  switch (node.name) {
    case 'NumberDurationLiteral':
      return numberLiteral(node, context);
    case 'StringLiteral':
      return { kind: 'string', range: rangeOf(node), value: context.string(node) };
    case 'VectorSelector':
      return buildVectorSelector(node, context);
    case 'MatrixSelector':
      return postfix(node, context, (inner) => buildMatrixSelector(node, inner, context));
    case 'SubqueryExpr':
      return postfix(node, context, (inner) => buildSubquery(node, inner, context));
    case 'OffsetExpr':
      return postfix(node, context, (inner) => withOffset(node, inner, context));
    case 'StepInvariantExpr':
      return postfix(node, context, (inner) => withAt(node, inner, context));
    case 'AnchoredExpr':
      return postfix(node, context, (inner) => withModifier(node, inner, 'anchored', context));
    case 'SmoothedExpr':
      return postfix(node, context, (inner) => withModifier(node, inner, 'smoothed', context));
    case 'ParenExpr':
      return { kind: 'paren', range: rangeOf(node), expr: operand(node, context) };
    case 'UnaryExpr':
      return unary(node, context);
    case 'BinaryExpr':
      return binary(node, context);
    case 'FunctionCall':
      return call(node, context);
    case 'AggregateExpr':
      return aggregation(node, context);
  }
  throw bug(`unknown node ${node.name}`);
}

function operand(node: SyntaxNode, context: ParseContext): Expr {
  const [first] = childrenOf(node);
  if (first === undefined) throw bug(`${node.name} without an operand`);
  return buildExpr(first, context);
}

/** The grammar takes `a + b offset 5m` for (a + b) offset 5m: what stands behind an operation is of its last operand. */
function postfix(node: SyntaxNode, context: ParseContext, modify: (inner: Expr) => Expr): Expr {
  return modifyLast(operand(node, context), modify);
}

function modifyLast(expr: Expr, modify: (inner: Expr) => Expr): Expr {
  if (expr.kind === 'binary') {
    const right = modifyLast(expr.right, modify);
    return { ...expr, right, range: { ...expr.range, end: right.range.end } };
  }
  if (expr.kind !== 'unary') return modify(expr);
  const inner = modifyLast(expr.expr, modify);
  return { ...expr, expr: inner, range: { ...expr.range, end: inner.range.end } };
}

type Operation = Omit<BinaryExpr, 'left' | 'range'>;

/** The grammar takes `a + b offset 5m * c` for (a + b offset 5m) * c: the operator that binds more tightly goes in. */
function operate(left: Expr, operation: Operation): Expr {
  const { operator, right } = operation;
  const own = precedence(operator);
  if (left.kind === 'binary' && (precedence(left.operator) < own || (operator === '^' && left.operator === '^'))) {
    const inner = operate(left.right, operation);
    return { ...left, right: inner, range: { ...left.range, end: inner.range.end } };
  }
  if (left.kind === 'unary' && operator === '^') {
    const inner = operate(left.expr, operation);
    return { ...left, expr: inner, range: { ...left.range, end: inner.range.end } };
  }
  return { ...operation, left, range: { start: left.range.start, end: right.range.end } };
}

function numberLiteral(node: SyntaxNode, context: ParseContext): NumberLiteral {
  const text = context.numberText(node);
  const number = readNumberText(text);
  if (number === undefined) {
    context.complain(rangeOf(node), `error parsing number: strconv.ParseFloat: parsing "${text}": invalid syntax`);
  }
  return { kind: 'number', range: rangeOf(node), value: number?.value ?? 0, isDuration: number?.isDuration ?? false };
}

/** A sign before a number is part of it. */
function unary(node: SyntaxNode, context: ParseContext): Expr {
  const [sign, inner] = childrenOf(node);
  if (sign === undefined || inner === undefined) throw bug('a sign without an operand');
  const operator = context.text(sign) === '-' ? '-' : '+';
  const expr = buildExpr(inner, context);
  if (expr.kind !== 'number') return { kind: 'unary', range: rangeOf(node), operator, expr };
  return {
    ...expr,
    range: { start: node.from, end: expr.range.end },
    value: operator === '-' ? -expr.value : expr.value,
  };
}

function binary(node: SyntaxNode, context: ParseContext): Expr {
  const children = childrenOf(node);
  const [leftNode, operatorNode] = children;
  const rightNode = children.at(-1);
  if (leftNode === undefined || operatorNode === undefined || rightNode === undefined) throw bug('half an operation');
  const operator = binaryOperator(context.text(operatorNode));
  if (operator === undefined) throw bug(`operator ${context.text(operatorNode)}`);
  if ((operator === '</' || operator === '>/') && !context.experimental) {
    context.complain(rangeOf(operatorNode), `operator ${operator} is experimental and not enabled`);
  }
  const left = buildExpr(leftNode, context);
  const right = buildExpr(rightNode, context);
  const operation: Operation = {
    kind: 'binary',
    operator,
    operatorRange: rangeOf(operatorNode),
    right,
    returnBool: node.getChild('BoolModifier') !== null,
    matching: matching(node, isSetOperator(operator), context),
  };
  const sign = leftNode.name === 'NumberDurationLiteral' ? context.query[leftNode.from] : undefined;
  if (operator !== '^' || left.kind !== 'number' || (sign !== '-' && sign !== '+')) return operate(left, operation);
  // The grammar takes `-2 ^ 2` for (-2) ^ 2.
  const start = leftNode.from + 1;
  const base = { ...left, value: sign === '-' ? -left.value : left.value, range: { ...left.range, start } };
  const range = { start: left.range.start, end: right.range.end };
  return { kind: 'unary', range, operator: sign, expr: operate(base, operation) };
}

function matching(node: SyntaxNode, isSet: boolean, context: ParseContext): VectorMatching {
  const clause = node.getChild('MatchingModifierClause');
  const lists = clause === null ? [] : childrenOf(clause).filter(({ name }) => name === 'GroupingLabels');
  const [labelList, includeList] = lists;
  const fill = node.getChild('FillModifier');
  if (fill !== null && !context.experimental) {
    context.complain(rangeOf(node), 'binop fill modifiers are experimental and not enabled');
  }
  const both = fillValue(fill, 'FillClause', context);
  return {
    cardinality: cardinality(clause, isSet),
    on: clause !== null && clause.getChild('On') !== null,
    labels: labelList === undefined ? [] : labels(labelList, context),
    include: includeList === undefined ? [] : labels(includeList, context),
    fillLeft: both ?? fillValue(fill, 'FillLeftClause', context),
    fillRight: both ?? fillValue(fill, 'FillRightClause', context),
  };
}

function cardinality(clause: SyntaxNode | null, isSet: boolean): Cardinality {
  if (clause !== null && clause.getChild('GroupLeft') !== null) return 'many-to-one';
  if (clause !== null && clause.getChild('GroupRight') !== null) return 'one-to-many';
  return isSet ? 'many-to-many' : 'one-to-one';
}

function fillValue(fill: SyntaxNode | null, name: string, context: ParseContext): number | undefined {
  const clause = fill?.getChild(name) ?? null;
  return clause === null ? undefined : numberLiteral(childOf(clause, 'NumberDurationLiteral'), context).value;
}

function labels(list: SyntaxNode, context: ParseContext): readonly string[] {
  return childrenOf(list).map((label) =>
    label.name === 'QuotedLabelName' ? context.string(childOf(label, 'StringLiteral')) : context.text(label),
  );
}

function call(node: SyntaxNode, context: ParseContext): Expr {
  const nameNode = childOf(node, 'FunctionIdentifier');
  const name = context.text(nameNode);
  const func = FUNCTIONS.get(name);
  if (func === undefined) {
    context.complain(rangeOf(nameNode), `unknown function with name "${name}"`);
    return { kind: 'number', range: rangeOf(node), value: 0, isDuration: false };
  }
  if (func.experimental && !context.experimental) {
    context.complain(
      rangeOf(nameNode),
      `function "${name}" is not enabled: it is experimental, see --enable-feature=promql-experimental-functions`,
    );
  }
  const args = childrenOf(childOf(node, 'FunctionCallBody')).map((arg) => buildExpr(arg, context));
  return { kind: 'call', range: rangeOf(node), func, args };
}

function aggregation(node: SyntaxNode, context: ParseContext): Expr {
  const range = rangeOf(node);
  const operator = aggregateOperator(context.text(childOf(node, 'AggregateOp')));
  if (operator === undefined) throw bug(`aggregation ${context.text(childOf(node, 'AggregateOp'))}`);
  const args = childrenOf(childOf(node, 'FunctionCallBody')).map((arg) => buildExpr(arg, context));
  const nothing: Expr = { kind: 'number', range, value: 0, isDuration: false };
  if (args.length === 0) {
    context.complain(range, 'no arguments for aggregate expression provided');
    return nothing;
  }
  if (isExperimentalAggregate(operator) && !context.experimental) {
    context.complain(
      range,
      `${operator}() is experimental and must be enabled with --enable-feature=promql-experimental-functions`,
    );
  }
  const wanted = takesParameter(operator) ? 2 : 1;
  const expr = args[wanted - 1];
  if (args.length !== wanted || expr === undefined) {
    context.complain(
      range,
      `wrong number of arguments for aggregate expression provided, expected ${wanted}, got ${args.length}`,
    );
    return nothing;
  }
  const modifier = node.getChild('AggregateModifier');
  const built: Aggregation = {
    kind: 'aggregation',
    range,
    operator,
    expr,
    param: wanted === 2 ? args[0] : undefined,
    grouping: modifier === null ? [] : labels(childOf(modifier, 'GroupingLabels'), context),
    without: modifier !== null && modifier.getChild('Without') !== null,
  };
  return built;
}
