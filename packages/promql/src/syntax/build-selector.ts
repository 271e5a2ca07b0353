/** Selectors of series, and what may stand behind them: ranges, subqueries, offset, @, anchored and smoothed. */
import type { SyntaxNode } from '@lezer/common';
import { bug } from '@vigie/core/errors';
import { regexProblem } from '@vigie/core/regex';
import { METRIC_NAME } from '../labels/label-set.ts';
import { isPlainAlternatives, Matcher, type MatchOperator } from '../labels/matcher.ts';
import { formatFloat } from '../text/float.ts';
import type { AtModifier, Expr, MatrixSelector, Subquery, VectorSelector } from './ast.ts';
import { buildDuration, hasNumber, readNumberText, requirePositive } from './build-duration.ts';
import { childOf, childrenOf, type ParseContext, rangeOf } from './parse-context.ts';
import { scan } from './scan.ts';

type Modified = VectorSelector | MatrixSelector | Subquery;

export function buildVectorSelector(node: SyntaxNode, context: ParseContext): VectorSelector {
  const identifier = node.getChild('Identifier');
  const name = identifier === null ? '' : context.text(identifier);
  const list = node.getChild('LabelMatchers');
  const matchers: Matcher[] = [];
  for (const child of list === null ? [] : childrenOf(list)) {
    const matcher = buildMatcher(child, context);
    if (matcher !== undefined) matchers.push(matcher);
  }
  if (name !== '') matchers.push(new Matcher(METRIC_NAME, '=', name));
  return {
    kind: 'vector',
    range: rangeOf(node),
    name,
    matchers,
    offset: undefined,
    at: undefined,
    modifier: undefined,
  };
}

function buildMatcher(node: SyntaxNode, context: ParseContext): Matcher | undefined {
  if (node.name === 'QuotedLabelName') {
    return new Matcher(METRIC_NAME, '=', context.string(childOf(node, 'StringLiteral')));
  }
  const label = node.getChild('LabelName');
  const name =
    label === null ? context.string(childOf(childOf(node, 'QuotedLabelName'), 'StringLiteral')) : context.text(label);
  const operator = matchOperator(context.text(childOf(node, 'MatchOp')));
  const value = context.string(childOf(node, 'StringLiteral'));
  // By itself: `a)(b` would be one within the brackets that a matcher puts around it.
  const isRegex = operator === '=~' || operator === '!~';
  const problem = isRegex && !isPlainAlternatives(value) ? regexProblem(value) : undefined;
  if (problem === undefined) return new Matcher(name, operator, value);
  context.complain(rangeOf(node), problem);
  return undefined;
}

function matchOperator(text: string): MatchOperator {
  if (text === '=' || text === '!=' || text === '=~' || text === '!~') return text;
  throw bug(`match operator ${text}`);
}

export function buildMatrixSelector(node: SyntaxNode, inner: Expr, context: ParseContext): Expr {
  const bracket = { start: inner.range.end, end: node.to };
  const lengthNode = childOf(node, 'DurationExpr');
  const length = buildDuration(lengthNode, context);
  requirePositive(length, lengthNode, context);
  if (inner.kind !== 'vector') {
    context.complain(bracket, 'ranges only allowed for vector selectors');
    return inner;
  }
  if (inner.offset !== undefined) context.complain(bracket, 'no offset modifiers allowed before range');
  else if (inner.at !== undefined) context.complain(bracket, 'no @ modifiers allowed before range');
  return { kind: 'matrix', range: { start: inner.range.start, end: node.to }, vector: inner, length };
}

export function buildSubquery(node: SyntaxNode, inner: Expr, context: ParseContext): Subquery {
  const [lengthNode, stepNode] = childrenOf(node).filter(({ name }) => name === 'DurationExpr');
  if (lengthNode === undefined) throw bug('a subquery without a range');
  const length = buildDuration(lengthNode, context);
  if (!hasNumber(length)) refuseEarlyColon(context.query.indexOf(':', lengthNode.to), context);
  requirePositive(length, lengthNode, context);
  const step = stepNode && buildDuration(stepNode, context);
  if (step !== undefined && stepNode !== undefined) requirePositive(step, stepNode, context);
  const range = { start: inner.range.start, end: node.to };
  return { kind: 'subquery', range, expr: inner, length, step, offset: undefined, at: undefined };
}

/** Prometheus' lexer takes numbers alone for durations, and wants one between any brackets before it takes a colon. */
function refuseEarlyColon(colon: number, context: ParseContext): void {
  let isInBrackets = false;
  for (const { kind, text, start } of scan(context.query).tokens) {
    if (start >= colon) break;
    if (kind === 'mark' && (text === '[' || text === ']')) isInBrackets = text === '[';
    if (isInBrackets && (kind === 'number' || kind === 'duration')) return;
  }
  const range = { start: colon + 1, end: colon + 1 };
  context.complain(range, 'unexpected colon before duration in duration expression');
}

export function withOffset(node: SyntaxNode, inner: Expr, context: ParseContext): Expr {
  const plain = childOf(node, 'OffsetDurationExpr');
  const offset = buildDuration(context.longOffsets.get(plain.to)?.node ?? plain, context);
  const target = modifiable(inner);
  if (target === undefined) {
    context.complain(
      inner.range,
      'offset modifier must be preceded by an instant vector selector or range vector selector or a subquery',
    );
    return inner;
  }
  const selector = target.kind === 'matrix' ? target.vector : target;
  if (selector.offset !== undefined) context.complain(inner.range, 'offset may not be set multiple times');
  return modified(target, node.to, { offset });
}

export function withAt(node: SyntaxNode, inner: Expr, context: ParseContext): Expr {
  const at = readAt(node, inner, context);
  const target = modifiable(inner);
  if (target === undefined) {
    context.complain(
      inner.range,
      '@ modifier must be preceded by an instant vector selector or range vector selector or a subquery',
    );
    return inner;
  }
  const selector = target.kind === 'matrix' ? target.vector : target;
  if (selector.at !== undefined) context.complain(inner.range, '@ <timestamp> may not be set multiple times');
  return modified(target, node.to, { at });
}

function readAt(node: SyntaxNode, inner: Expr, context: ParseContext): AtModifier {
  const preprocessor = node.getChild('AtModifierPreprocessors');
  if (preprocessor !== null) {
    return { kind: context.text(preprocessor).toLowerCase() === 'start' ? 'start' : 'end' };
  }
  const seconds = readNumberText(context.numberText(childOf(node, 'NumberDurationLiteral')))?.value ?? Number.NaN;
  if (!(Math.abs(seconds) < 2 ** 63)) {
    const shown = Number.isFinite(seconds) ? seconds.toFixed(6) : formatFloat(seconds);
    context.complain(inner.range, `timestamp out of bounds for @ modifier: ${shown}`);
  }
  return { kind: 'time', timestampMs: roundHalfAway(seconds * 1000) };
}

/** Go's math.Round. */
function roundHalfAway(value: number): number {
  return value < 0 ? -Math.round(-value) : Math.round(value);
}

export function withModifier(
  node: SyntaxNode,
  inner: Expr,
  modifier: 'anchored' | 'smoothed',
  context: ParseContext,
): Expr {
  if (!context.experimental) {
    context.complain(inner.range, `${modifier} modifier is experimental and not enabled`);
    return inner;
  }
  if (inner.kind === 'subquery') {
    context.complain(inner.range, `${modifier} modifier is not supported for subqueries`);
    return inner;
  }
  const target = modifiable(inner);
  if (target === undefined || target.kind === 'subquery') {
    context.complain(inner.range, `${modifier} modifier not implemented`);
    return inner;
  }
  const selector = target.kind === 'matrix' ? target.vector : target;
  if (selector.modifier !== undefined && selector.modifier !== modifier) {
    context.complain(inner.range, 'anchored and smoothed modifiers cannot be used together');
  }
  return modified(target, node.to, { modifier });
}

function modifiable(expr: Expr): Modified | undefined {
  return expr.kind === 'vector' || expr.kind === 'matrix' || expr.kind === 'subquery' ? expr : undefined;
}

function modified(
  target: Modified,
  end: number,
  change: Partial<Pick<VectorSelector, 'offset' | 'at' | 'modifier'>>,
): Expr {
  const range = { start: target.range.start, end };
  if (target.kind === 'matrix') return { ...target, range, vector: { ...target.vector, ...change } };
  if (target.kind === 'vector') return { ...target, range, ...change };
  const { offset = target.offset, at = target.at } = change;
  return { ...target, range, offset, at };
}
