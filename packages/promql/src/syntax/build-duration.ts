/** Durations of ranges, steps and offsets, which may be arithmetic. */
import type { SyntaxNode } from '@lezer/common';
import { parseDuration } from '@vigie/core/durations';
import { bug } from '@vigie/core/errors';
import { parseFloatText } from '../text/float.ts';
import type { DurationExpr } from './ast.ts';
import { childrenOf, type ParseContext, rangeOf } from './parse-context.ts';

/** time.Duration is int64 nanoseconds. */
const MAX_SECONDS = 2 ** 63 / 1e9;

export interface NumberText {
  readonly value: number;
  readonly isDuration: boolean;
}

/** `1h30m`, `0x1f`, `-1e3`, `Inf`. */
export function readNumberText(text: string): NumberText | undefined {
  const [, sign = '', rest = ''] = /^([+-]?)\s*(.*)$/s.exec(text) ?? [];
  const factor = sign === '-' ? -1 : 1;
  const number = parseFloatText(/^0[0-7]+$/.test(rest) ? `${Number.parseInt(rest, 8)}` : rest);
  if (number !== undefined) return { value: factor * number, isDuration: false };
  const durationMs = parseDuration(rest);
  return durationMs === undefined ? undefined : { value: (factor * durationMs) / 1000, isDuration: true };
}

const OPERATORS = { Add: '+', Sub: '-', Mul: '*', Div: '/', Mod: '%', Pow: '^' } as const;

function arithmeticOperator(name: string): (typeof OPERATORS)[keyof typeof OPERATORS] | undefined {
  for (const [operatorName, operator] of Object.entries(OPERATORS)) if (operatorName === name) return operator;
  return undefined;
}

/** @param node DurationExpr or OffsetDurationExpr */
export function buildDuration(node: SyntaxNode, context: ParseContext): DurationExpr {
  const children = childrenOf(node);
  const [first, second, third] = children;
  if (first === undefined) throw bug('empty duration expression');
  switch (first.name) {
    case 'NumberDurationLiteralInDurationContext':
      return literal(first, context);
    case 'DurationStep':
      return { kind: 'step', range: rangeOf(node) };
    case 'DurationRange':
      return { kind: 'range', range: rangeOf(node) };
    case 'DurationMinOf':
    case 'DurationMaxOf':
      if (second === undefined || third === undefined) throw bug('min_of and max_of take two durations');
      return {
        kind: first.name === 'DurationMinOf' ? 'min' : 'max',
        ...pair(buildDuration(second, context), buildDuration(third, context)),
      };
    case 'UnaryOp':
      if (second === undefined) throw bug('a sign without a duration');
      return signed(context.text(first) === '-', first.from, buildDuration(second, context));
  }
  if (second === undefined) return parenthesised(node.from, buildDuration(first, context));
  const operator = arithmeticOperator(second.name);
  if (operator === undefined || third === undefined) throw bug(`${second.name} in a duration`);
  const sides = pair(buildDuration(first, context), buildDuration(third, context));
  if (sides.right.kind === 'literal' && sides.right.seconds === 0) {
    if (operator === '/') context.complain(rangeOf(second), 'division by zero');
    if (operator === '%') context.complain(rangeOf(second), 'modulo by zero');
  }
  return { kind: 'arithmetic', operator, ...sides };
}

function pair(left: DurationExpr, right: DurationExpr) {
  return { left, right, range: { start: left.range.start, end: right.range.end } };
}

function parenthesised(start: number, expr: DurationExpr): DurationExpr {
  return { kind: 'paren', expr, range: expr.kind === 'literal' ? { ...expr.range, start } : expr.range };
}

function signed(isNegative: boolean, start: number, expr: DurationExpr): DurationExpr {
  const range = { ...expr.range, start };
  if (expr.kind === 'literal') return { ...expr, seconds: isNegative ? -expr.seconds : expr.seconds, range };
  return isNegative ? { kind: 'negative', expr, range } : { kind: 'positive', expr, range: expr.range };
}

function literal(node: SyntaxNode, context: ParseContext): DurationExpr {
  const number = readNumberText(context.numberText(node));
  if (number === undefined) {
    context.complain(rangeOf(node), `not a valid duration string: "${context.text(node)}"`);
  } else if (!(Math.abs(number.value) <= MAX_SECONDS)) {
    context.complain(rangeOf(node), 'duration out of range');
  }
  const [seconds, isDuration] = [number?.value ?? 0, number?.isDuration ?? false];
  return { kind: 'literal', seconds, isDuration, range: rangeOf(node) };
}

/** Whether a literal is anywhere in it. */
export function hasNumber(duration: DurationExpr): boolean {
  switch (duration.kind) {
    case 'literal':
      return true;
    case 'step':
    case 'range':
      return false;
    case 'negative':
    case 'positive':
    case 'paren':
      return hasNumber(duration.expr);
    default:
      return hasNumber(duration.left) || hasNumber(duration.right);
  }
}

/** Literals that must be above 0, as those of ranges and steps; what is computed is checked once it is. */
export function requirePositive(duration: DurationExpr, node: SyntaxNode, context: ParseContext): void {
  if (duration.kind === 'literal' && duration.seconds <= 0) {
    context.complain(rangeOf(node), 'duration must be greater than 0');
  }
}
