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
      return { kind: 'step' };
    case 'DurationRange':
      return { kind: 'range' };
    case 'DurationMinOf':
    case 'DurationMaxOf':
      if (second === undefined || third === undefined) throw bug('min_of and max_of take two durations');
      return {
        kind: first.name === 'DurationMinOf' ? 'min' : 'max',
        left: buildDuration(second, context),
        right: buildDuration(third, context),
      };
    case 'UnaryOp':
      if (second === undefined) throw bug('a sign without a duration');
      return signed(context.text(first) === '-', buildDuration(second, context));
  }
  if (second === undefined) return { kind: 'paren', expr: buildDuration(first, context) };
  const operator = arithmeticOperator(second.name);
  if (operator === undefined || third === undefined) throw bug(`${second.name} in a duration`);
  return {
    kind: 'arithmetic',
    operator,
    left: buildDuration(first, context),
    right: buildDuration(third, context),
  };
}

function signed(isNegative: boolean, expr: DurationExpr): DurationExpr {
  if (expr.kind === 'literal') return isNegative ? { ...expr, seconds: -expr.seconds } : expr;
  return { kind: isNegative ? 'negative' : 'positive', expr };
}

function literal(node: SyntaxNode, context: ParseContext): DurationExpr {
  const number = readNumberText(context.numberText(node));
  if (number === undefined) {
    context.complain(rangeOf(node), `not a valid duration string: "${context.text(node)}"`);
  } else if (!(Math.abs(number.value) <= MAX_SECONDS)) {
    context.complain(rangeOf(node), 'duration out of range');
  }
  return { kind: 'literal', seconds: number?.value ?? 0, isDuration: number?.isDuration ?? false };
}

/** Literals that must be above 0, as those of ranges and steps; what is computed is checked once it is. */
export function requirePositive(duration: DurationExpr, node: SyntaxNode, context: ParseContext): void {
  if (duration.kind === 'literal' && duration.seconds <= 0) {
    context.complain(rangeOf(node), 'duration must be greater than 0');
  }
}
