/** Expressions as text, as Prometheus writes them. Source: Prometheus, promql/parser/printer.go and prettier.go. */
import { formatDuration } from '@vigie/core/durations';
import { METRIC_NAME } from '../labels/label-set.ts';
import { formatFloat, formatGeneral } from '../text/float.ts';
import { isLabelName } from '../text/labels.ts';
import { quote } from '../text/quote.ts';
import type { Aggregation, AtModifier, BinaryExpr, DurationExpr, Expr, Subquery, VectorSelector } from './ast.ts';

/** On one line. Parsed again, it is the same expression. */
export function printExpr(expr: Expr): string {
  switch (expr.kind) {
    case 'number':
      return expr.isDuration ? signedDuration(expr.value) : formatFloat(expr.value);
    case 'string':
      return quote(expr.value);
    case 'vector':
      return `${selectorText(expr)}${atText(expr.at)}${modifierText(expr)}${offsetText(expr.offset)}`;
    case 'matrix': {
      const { vector } = expr;
      const range = `[${printDuration(expr.length)}]`;
      return `${selectorText(vector)}${range}${modifierText(vector)}${atText(vector.at)}${offsetText(vector.offset)}`;
    }
    case 'subquery':
      return `${printExpr(expr.expr)}${subquerySuffix(expr)}`;
    case 'call':
      return `${expr.func.name}(${expr.args.map(printExpr).join(', ')})`;
    case 'aggregation':
      return `${aggregationHead(expr)}(${[expr.param, expr.expr].flatMap((arg) => (arg === undefined ? [] : [printExpr(arg)])).join(', ')})`;
    case 'binary':
      return `${printExpr(expr.left)} ${operatorText(expr)} ${printExpr(expr.right)}`;
    case 'unary':
      return `${expr.operator}${printExpr(expr.expr)}`;
    case 'paren':
      return `(${printExpr(expr.expr)})`;
  }
}

/** What is longer is broken into lines. */
const MAX_LINE = 100;

/** For people to read: what `format_query` answers. */
export function formatExpr(expr: Expr, level = 0): string {
  const indent = '  '.repeat(level);
  const line = printExpr(expr);
  const isShort = line.length <= MAX_LINE;
  switch (expr.kind) {
    case 'aggregation': {
      if (isShort) break;
      const param = expr.param === undefined ? '' : `${formatExpr(expr.param, level + 1)},\n`;
      return `${indent}${aggregationHead(expr)}(\n${param}${formatExpr(expr.expr, level + 1)}\n${indent})`;
    }
    case 'binary':
      if (isShort) break;
      return `${formatExpr(expr.left, level + 1)}\n${indent}${operatorText(expr)}\n${formatExpr(expr.right, level + 1)}`;
    case 'call': {
      if (isShort) break;
      const args = expr.args.map((arg) => formatExpr(arg, level + 1)).join(',\n');
      return `${indent}${expr.func.name}(\n${args}\n${indent})`;
    }
    case 'paren':
      if (isShort) break;
      return `${indent}(\n${formatExpr(expr.expr, level + 1)}\n${indent})`;
    case 'subquery':
      return isShort ? `${indent}${line}` : `${formatExpr(expr.expr, level)}${subquerySuffix(expr)}`;
    case 'unary':
      return `${indent}${expr.operator}${formatExpr(expr.expr, level).trim()}`;
  }
  return `${indent}${line}`;
}

function selectorText({ name, matchers }: VectorSelector): string {
  const texts = matchers
    .filter(
      (matcher) => name === '' || matcher.name !== METRIC_NAME || matcher.operator !== '=' || matcher.value !== name,
    )
    .map((matcher) => `${labelName(matcher.name)}${matcher.operator}${quote(matcher.value)}`)
    .sort();
  return texts.length === 0 && name !== '' ? name : `${name}{${texts.join(',')}}`;
}

function labelName(name: string): string {
  return isLabelName(name) ? name : quote(name);
}

function atText(at: AtModifier | undefined): string {
  if (at === undefined) return '';
  return at.kind === 'time' ? ` @ ${(at.timestampMs / 1000).toFixed(3)}` : ` @ ${at.kind}()`;
}

function modifierText({ modifier }: VectorSelector): string {
  return modifier === undefined ? '' : ` ${modifier}`;
}

function offsetText(offset: DurationExpr | undefined): string {
  return offset === undefined ? '' : ` offset ${printDuration(offset)}`;
}

function subquerySuffix({ length, step, at, offset }: Subquery): string {
  const stepText = step === undefined ? '' : printDuration(step);
  return `[${printDuration(length)}:${stepText}]${atText(at)}${offsetText(offset)}`;
}

function aggregationHead({ operator, grouping, without }: Aggregation): string {
  const names = grouping.map(labelName).join(', ');
  if (without) return `${operator} without (${names}) `;
  return grouping.length > 0 ? `${operator} by (${names}) ` : operator;
}

function operatorText({ operator, returnBool, matching }: BinaryExpr): string {
  let text: string = operator;
  if (returnBool) text += ' bool';
  const { cardinality, on, labels, include, fillLeft, fillRight } = matching;
  const isGrouped = cardinality === 'many-to-one' || cardinality === 'one-to-many';
  if (labels.length > 0 || on || isGrouped) text += ` ${on ? 'on' : 'ignoring'} (${labels.map(labelName).join(', ')})`;
  if (isGrouped) {
    text += ` group_${cardinality === 'many-to-one' ? 'left' : 'right'} (${include.map(labelName).join(', ')})`;
  }
  if (fillLeft !== undefined && Object.is(fillLeft, fillRight)) return `${text} fill (${formatGeneral(fillLeft)})`;
  if (fillLeft !== undefined) text += ` fill_left (${formatGeneral(fillLeft)})`;
  if (fillRight !== undefined) text += ` fill_right (${formatGeneral(fillRight)})`;
  return text;
}

/** @param isWhole a number without a unit is a duration then, and a number within a computed one */
function printDuration(expr: DurationExpr, isWhole = true): string {
  switch (expr.kind) {
    case 'literal':
      return isWhole || expr.isDuration ? signedDuration(expr.seconds) : formatFloat(expr.seconds);
    case 'step':
    case 'range':
      return `${expr.kind}()`;
    case 'min':
    case 'max':
      return `${expr.kind}_of(${printDuration(expr.left, false)}, ${printDuration(expr.right, false)})`;
    case 'negative':
      return `-${printDuration(expr.expr, false)}`;
    case 'positive':
      return printDuration(expr.expr, false);
    case 'paren':
      return `(${printDuration(expr.expr, false)})`;
    case 'arithmetic':
      return `${printDuration(expr.left, false)} ${expr.operator} ${printDuration(expr.right, false)}`;
  }
}

/** What is no whole number of ms stays a number of seconds. */
function signedDuration(seconds: number): string {
  const durationMs = Math.abs(seconds) * 1000;
  const wholeMs = Math.round(durationMs);
  if (!Number.isSafeInteger(wholeMs) || Math.abs(wholeMs - durationMs) > 1e-6 * durationMs) return formatFloat(seconds);
  return `${seconds < 0 ? '-' : ''}${formatDuration(wholeMs)}`;
}
