/** A parsed query. Immutable: what evaluation derives of it stands in a plan of its own. */
import type { Matcher } from '../labels/matcher.ts';
import type { FunctionSignature } from './functions.ts';
import type { AggregateOperator, BinaryOperator } from './operators.ts';
import type { PositionRange } from './position.ts';

export type Expr =
  | NumberLiteral
  | StringLiteral
  | VectorSelector
  | MatrixSelector
  | Subquery
  | Call
  | Aggregation
  | BinaryExpr
  | UnaryExpr
  | ParenExpr;

interface Node {
  readonly range: PositionRange;
}

export interface NumberLiteral extends Node {
  readonly kind: 'number';
  /** Seconds where it was written as a duration. */
  readonly value: number;
  readonly isDuration: boolean;
}

export interface StringLiteral extends Node {
  readonly kind: 'string';
  readonly value: string;
}

/** A time: a number of ms, or what the query's start or end is. */
export type AtModifier = { readonly kind: 'time'; readonly timestampMs: number } | { readonly kind: 'start' | 'end' };

export interface VectorSelector extends Node {
  readonly kind: 'vector';
  /** '' where the name is not given, or only as a matcher. */
  readonly name: string;
  /** The name's own is the last. */
  readonly matchers: readonly Matcher[];
  readonly offset: DurationExpr | undefined;
  readonly at: AtModifier | undefined;
  readonly modifier: 'anchored' | 'smoothed' | undefined;
}

export interface MatrixSelector extends Node {
  readonly kind: 'matrix';
  readonly vector: VectorSelector;
  readonly length: DurationExpr;
}

export interface Subquery extends Node {
  readonly kind: 'subquery';
  readonly expr: Expr;
  readonly length: DurationExpr;
  readonly step: DurationExpr | undefined;
  readonly offset: DurationExpr | undefined;
  readonly at: AtModifier | undefined;
}

export interface Call extends Node {
  readonly kind: 'call';
  readonly func: FunctionSignature;
  readonly args: readonly Expr[];
}

export interface Aggregation extends Node {
  readonly kind: 'aggregation';
  readonly operator: AggregateOperator;
  readonly expr: Expr;
  readonly param: Expr | undefined;
  readonly grouping: readonly string[];
  readonly without: boolean;
}

export type Cardinality = 'one-to-one' | 'many-to-one' | 'one-to-many' | 'many-to-many';

export interface VectorMatching {
  readonly cardinality: Cardinality;
  readonly on: boolean;
  readonly labels: readonly string[];
  /** Of group_left and group_right. */
  readonly include: readonly string[];
  readonly fillLeft: number | undefined;
  readonly fillRight: number | undefined;
}

export interface BinaryExpr extends Node {
  readonly kind: 'binary';
  readonly operator: BinaryOperator;
  readonly operatorRange: PositionRange;
  readonly left: Expr;
  readonly right: Expr;
  readonly returnBool: boolean;
  /** As it is written; it means something between vectors only. */
  readonly matching: VectorMatching;
}

export interface UnaryExpr extends Node {
  readonly kind: 'unary';
  readonly operator: '+' | '-';
  readonly expr: Expr;
}

export interface ParenExpr extends Node {
  readonly kind: 'paren';
  readonly expr: Expr;
}

/** Arithmetic over durations, in seconds. A literal is what most are. Ranges are Prometheus' own, which tell of errors:
 *  parentheses, and `min_of(` and `max_of(`, are no part of them. */
export type DurationExpr =
  | (Node & { readonly kind: 'literal'; readonly seconds: number; readonly isDuration: boolean })
  | (Node & { readonly kind: 'step' | 'range' })
  | (Node & { readonly kind: 'min' | 'max'; readonly left: DurationExpr; readonly right: DurationExpr })
  | (Node & { readonly kind: 'negative' | 'positive' | 'paren'; readonly expr: DurationExpr })
  | (Node & {
      readonly kind: 'arithmetic';
      readonly operator: '+' | '-' | '*' | '/' | '%' | '^';
      readonly left: DurationExpr;
      readonly right: DurationExpr;
    });

export type ValueType = 'scalar' | 'string' | 'vector' | 'matrix';

/** As error messages name it. */
export function documentedType(type: ValueType): string {
  if (type === 'vector') return 'instant vector';
  return type === 'matrix' ? 'range vector' : type;
}

export function typeOf(expr: Expr): ValueType {
  switch (expr.kind) {
    case 'number':
      return 'scalar';
    case 'string':
      return 'string';
    case 'vector':
    case 'aggregation':
      return 'vector';
    case 'matrix':
    case 'subquery':
      return 'matrix';
    case 'call':
      return expr.func.returns;
    case 'binary':
      return typeOf(expr.left) === 'scalar' && typeOf(expr.right) === 'scalar' ? 'scalar' : 'vector';
    case 'unary':
    case 'paren':
      return typeOf(expr.expr);
  }
}
