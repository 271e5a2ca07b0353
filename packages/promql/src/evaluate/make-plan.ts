/** From an expression to what is evaluated. Source: Prometheus, promql/engine.go, PreprocessExpr. */
import type { AtModifier, DurationExpr, Expr, VectorSelector } from '../syntax/ast.ts';
import { typeOf } from '../syntax/ast.ts';
import { TIME_DEPENDENT } from '../syntax/functions.ts';
import { isSetOperator } from '../syntax/operators.ts';
import type { Plan, SelectorUse, VectorPlan } from './plan.ts';
import { PlanDurations } from './plan-durations.ts';
import type { QueryTimes } from './query-times.ts';

/** @param query the text of the expression
 *  @throws {ParseError} for durations that are none once they are computed */
export function makePlan(expr: Expr, query: string, times: QueryTimes): Plan {
  const durations = new PlanDurations(expr, query, times);
  const { plan, wrap } = new Planner(times, durations).plan(expr, NOTHING);
  return wrap ? invariant(plan) : plan;
}

/** What is around an expression. */
interface Surroundings extends SelectorUse {
  /** A function that looks at sums and counts of histograms, somewhere. */
  readonly hasStats: boolean;
  /** Something that needs buckets, or a subquery, which needs them to find resets. */
  readonly needsBuckets: boolean;
  /** The parameter of an aggregation, which Prometheus leaves as it is: `start()` and `end()` behind an @ do nothing there,
   *  and nothing is taken for the same at each step. */
  readonly isParam: boolean;
}

const NOTHING: Surroundings = {
  func: '',
  grouping: [],
  by: false,
  hasStats: false,
  needsBuckets: false,
  isParam: false,
};
const PARAM: Surroundings = { ...NOTHING, isParam: true };

const STATS = new Set(['histogram_count', 'histogram_sum', 'histogram_avg']);
const BUCKETS = new Set([
  'histogram_quantile',
  'histogram_quantiles',
  'histogram_fraction',
  'histogram_stddev',
  'histogram_stdvar',
]);

interface Planned {
  readonly plan: Plan;
  /** The same at each step. */
  readonly isInvariant: boolean;
  /** It is to be evaluated once, unless something around it is. */
  readonly wrap: boolean;
}

function invariant(plan: Plan): Plan {
  return { kind: 'invariant', type: plan.type, range: plan.range, expr: plan };
}

function wrapped({ plan, wrap }: Planned): Plan {
  return wrap ? invariant(plan) : plan;
}

function unparenthesised(expr: Expr): Expr {
  let inner = expr;
  while (inner.kind === 'paren') inner = inner.expr;
  return inner;
}

class Planner {
  readonly #times: QueryTimes;
  readonly #durations: PlanDurations;

  constructor(times: QueryTimes, durations: PlanDurations) {
    this.#times = times;
    this.#durations = durations;
  }

  plan(expr: Expr, use: Surroundings): Planned {
    const planned = this.#plan(expr, use);
    return use.isParam ? { plan: planned.plan, isInvariant: false, wrap: false } : planned;
  }

  #plan(expr: Expr, use: Surroundings): Planned {
    const node = { type: typeOf(expr), range: expr.range };
    switch (expr.kind) {
      case 'number':
        return { plan: { ...node, kind: 'number', value: expr.value }, isInvariant: true, wrap: false };
      case 'string':
        return { plan: { ...node, kind: 'string', value: expr.value }, isInvariant: true, wrap: false };
      case 'vector': {
        const plan = this.#selector(expr, use);
        return { plan, isInvariant: plan.atMs !== undefined, wrap: plan.atMs !== undefined };
      }
      case 'matrix': {
        const vector = this.#selector(expr.vector, use);
        const lengthMs = this.#durations.msOf(expr.length);
        return {
          plan: { ...node, kind: 'matrix', vector, lengthMs },
          isInvariant: vector.atMs !== undefined,
          wrap: false,
        };
      }
      case 'subquery':
        return this.#subquery(expr, use);
      case 'paren':
        return this.plan(expr.expr, use);
      case 'unary': {
        const inner = this.plan(expr.expr, use);
        return { ...inner, plan: { ...node, kind: 'unary', operator: expr.operator, expr: inner.plan } };
      }
      case 'call':
        return this.#call(expr, use);
      case 'aggregation':
        return this.#aggregation(expr, use);
      case 'binary':
        return this.#binary(expr, use);
    }
  }

  #selector(expr: VectorSelector, use: Surroundings): VectorPlan {
    return {
      kind: 'vector',
      type: 'vector',
      range: expr.range,
      matchers: expr.matchers,
      offsetMs: this.#offset(expr.offset),
      atMs: this.#at(expr.at, use),
      drifts: use.isParam,
      sees: undefined,
      modifier: expr.modifier,
      use: { func: use.func, grouping: use.grouping, by: use.by },
      isStatsOnly: use.hasStats && !use.needsBuckets,
    };
  }

  #offset(offset: DurationExpr | undefined): number {
    return offset === undefined ? 0 : this.#durations.msOf(offset);
  }

  #at(at: AtModifier | undefined, { isParam }: Surroundings): number | undefined {
    switch (at?.kind) {
      case undefined:
        return undefined;
      case 'time':
        return at.timestampMs;
      case 'start':
        return isParam ? undefined : this.#times.startMs;
      case 'end':
        return isParam ? undefined : this.#times.endMs;
    }
  }

  #subquery(expr: Extract<Expr, { readonly kind: 'subquery' }>, use: Surroundings): Planned {
    const inner = this.plan(expr.expr, { ...use, needsBuckets: true });
    const atMs = this.#at(expr.at, use);
    const stepMs = expr.step && this.#durations.msOf(expr.step);
    return {
      plan: {
        kind: 'subquery',
        type: 'matrix',
        range: expr.range,
        expr: inner.isInvariant ? invariant(inner.plan) : inner.plan,
        lengthMs: this.#durations.msOf(expr.length),
        // What is computed to less than 1 ms is no step, and no error.
        stepMs: stepMs === 0 && expr.step?.kind !== 'literal' ? undefined : stepMs,
        offsetMs: this.#offset(expr.offset),
        atMs,
        drifts: use.isParam,
      },
      isInvariant: atMs !== undefined,
      wrap: false,
    };
  }

  #call(expr: Extract<Expr, { readonly kind: 'call' }>, use: Surroundings): Planned {
    const { name } = expr.func;
    const around = {
      ...use,
      func: name,
      hasStats: use.hasStats || STATS.has(name),
      needsBuckets: use.needsBuckets || BUCKETS.has(name),
    };
    const args = expr.args.map((arg) => this.plan(unparenthesised(arg), around));
    const node = { kind: 'call', type: expr.func.returns, range: expr.range, name } as const;
    // timestamp() of a selector is a time of samples, and that of other expressions the step's.
    const isOfSample = name === 'timestamp' && args[0]?.plan.kind === 'vector';
    if ((isOfSample || !TIME_DEPENDENT.has(name)) && args.every(({ isInvariant }) => isInvariant)) {
      return { plan: { ...node, args: args.map(({ plan }) => plan) }, isInvariant: true, wrap: true };
    }
    return { plan: { ...node, args: args.map(wrapped) }, isInvariant: false, wrap: false };
  }

  #aggregation(expr: Extract<Expr, { readonly kind: 'aggregation' }>, use: Surroundings): Planned {
    const { operator, grouping, without, range } = expr;
    const inner = this.plan(unparenthesised(expr.expr), { ...use, func: operator, grouping, by: !without });
    const param = expr.param && this.plan(unparenthesised(expr.param), PARAM).plan;
    return {
      plan: {
        kind: 'aggregation',
        type: 'vector',
        range,
        operator,
        expr: inner.plan,
        param,
        grouping,
        without,
      },
      // Whatever the parameter is, as in Prometheus.
      isInvariant: inner.isInvariant,
      wrap: inner.wrap,
    };
  }

  #binary(expr: Extract<Expr, { readonly kind: 'binary' }>, use: Surroundings): Planned {
    const { operator, returnBool, range } = expr;
    const cuts = operator === '</' || operator === '>/';
    const around = { ...use, func: '', grouping: [], by: false, needsBuckets: use.needsBuckets || cuts };
    const left = this.plan(expr.left, around);
    const right = this.plan(expr.right, around);
    const isInvariant = left.isInvariant && right.isInvariant;
    const isBetweenVectors = typeOf(expr.left) === 'vector' && typeOf(expr.right) === 'vector';
    return {
      plan: {
        kind: 'binary',
        type: typeOf(expr),
        range,
        operator,
        left: isInvariant ? left.plan : wrapped(left),
        right: isInvariant ? right.plan : wrapped(right),
        returnBool,
        matching: isBetweenVectors || isSetOperator(operator) ? expr.matching : undefined,
      },
      isInvariant,
      wrap: isInvariant,
    };
  }
}
