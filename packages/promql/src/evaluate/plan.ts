/** A query ready to be evaluated: durations are numbers, times are known, and what is the same at each step is marked. */
import type { Matcher } from '../labels/matcher.ts';
import type { TimeRange } from '../storage/querier.ts';
import type { ValueType, VectorMatching } from '../syntax/ast.ts';
import type { AggregateOperator, BinaryOperator } from '../syntax/operators.ts';
import type { PositionRange } from '../syntax/position.ts';

interface PlanNode {
  readonly type: ValueType;
  readonly range: PositionRange;
}

export interface VectorPlan extends PlanNode {
  readonly kind: 'vector';
  readonly matchers: readonly Matcher[];
  readonly offsetMs: number;
  /** Evaluated at this time whatever the step is. */
  readonly atMs: number | undefined;
  /** With a time of its own, it moves on with the steps all the same: Prometheus has it so in parameters of aggregations. */
  readonly drifts: boolean;
  /** Samples that it looks at, where they are not those that its times and its lookback say. */
  readonly sees: TimeRange | undefined;
  readonly modifier: 'anchored' | 'smoothed' | undefined;
  readonly use: SelectorUse;
  /** Only sums and counts of histograms are looked at behind it. */
  readonly isStatsOnly: boolean;
}

/** What the samples are for, as a hint for the storage. */
export interface SelectorUse {
  readonly func: string;
  readonly grouping: readonly string[];
  readonly by: boolean;
}

export interface MatrixPlan extends PlanNode {
  readonly kind: 'matrix';
  readonly vector: VectorPlan;
  readonly lengthMs: number;
}

export interface SubqueryPlan extends PlanNode {
  readonly kind: 'subquery';
  readonly expr: Plan;
  readonly lengthMs: number;
  /** Undefined for the default. */
  readonly stepMs: number | undefined;
  readonly offsetMs: number;
  readonly atMs: number | undefined;
  /** As a selector's. */
  readonly drifts: boolean;
}

export interface CallPlan extends PlanNode {
  readonly kind: 'call';
  readonly name: string;
  readonly args: readonly Plan[];
}

export interface AggregationPlan extends PlanNode {
  readonly kind: 'aggregation';
  readonly operator: AggregateOperator;
  readonly expr: Plan;
  readonly param: Plan | undefined;
  readonly grouping: readonly string[];
  readonly without: boolean;
}

export interface BinaryPlan extends PlanNode {
  readonly kind: 'binary';
  readonly operator: BinaryOperator;
  readonly left: Plan;
  readonly right: Plan;
  readonly returnBool: boolean;
  readonly matching: VectorMatching | undefined;
}

export type Plan =
  | (PlanNode & { readonly kind: 'number'; readonly value: number })
  | (PlanNode & { readonly kind: 'string'; readonly value: string })
  | VectorPlan
  | MatrixPlan
  | SubqueryPlan
  | CallPlan
  | AggregationPlan
  | BinaryPlan
  | (PlanNode & { readonly kind: 'unary'; readonly operator: '+' | '-'; readonly expr: Plan })
  | (PlanNode & { readonly kind: 'invariant'; readonly expr: Plan });
