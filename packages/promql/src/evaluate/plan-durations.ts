/** Durations of a query as numbers. Source: Prometheus, promql/durations.go. */
import { bug } from '@vigie/core/errors';
import type { DurationExpr, Expr } from '../syntax/ast.ts';
import { durationError } from '../syntax/parse-error.ts';
import { larger, power, smaller } from './functions/math.ts';
import type { QueryTimes } from './query-times.ts';

/** time.Duration is int64 nanoseconds. */
const MAX_SECONDS = 2 ** 63 / 1e9;

/** What is computed by when the query is asked, in ms. */
export class PlanDurations {
  readonly #ms = new Map<DurationExpr, number>();
  readonly #times: QueryTimes;
  readonly #query: string;

  /** @param query the text of the expression
   *  @throws {ParseError} for the first one, in Prometheus' order, that is not above 0, not finite or out of range */
  constructor(expr: Expr, query: string, times: QueryTimes) {
    this.#times = times;
    this.#query = query;
    this.#compute(expr);
  }

  /** @param duration of the expression */
  msOf(duration: DurationExpr): number {
    return this.#ms.get(duration) ?? raise(duration);
  }

  #compute(expr: Expr): void {
    switch (expr.kind) {
      case 'number':
      case 'string':
        return;
      case 'vector':
        this.#resolve(expr.offset, true);
        return;
      case 'matrix':
        this.#resolve(expr.length, false);
        this.#compute(expr.vector);
        return;
      case 'subquery':
        this.#resolve(expr.offset, true);
        this.#resolve(expr.step, false);
        this.#resolve(expr.length, false);
        this.#compute(expr.expr);
        return;
      case 'paren':
      case 'unary':
        this.#compute(expr.expr);
        return;
      case 'call':
        for (const arg of expr.args) this.#compute(arg);
        return;
      case 'aggregation':
        this.#compute(expr.expr);
        if (expr.param !== undefined) this.#compute(expr.param);
        return;
      case 'binary':
        this.#compute(expr.left);
        this.#compute(expr.right);
        return;
    }
  }

  #resolve(duration: DurationExpr | undefined, mayBeNegative: boolean): void {
    if (duration === undefined) return;
    if (duration.kind === 'literal') {
      // 1.001 s are 1000.9999999999999 ms.
      this.#ms.set(duration, Math.trunc(Math.round(duration.seconds * 1e9) / 1e6) + 0);
      return;
    }
    const seconds = this.#seconds(duration);
    if (!Number.isFinite(seconds)) this.#fail(duration, 'duration is NaN or infinite');
    if (seconds <= 0 && !mayBeNegative) this.#fail(duration, 'duration must be greater than 0');
    if (Math.abs(seconds) > MAX_SECONDS) this.#fail(duration, 'duration is out of range');
    // What is computed is cut off, and not rounded first, as in Prometheus.
    this.#ms.set(duration, Math.trunc(seconds * 1000) + 0);
  }

  #fail({ range }: DurationExpr, reason: string): never {
    throw durationError(this.#query, { range, reason });
  }

  #seconds(expr: DurationExpr): number {
    switch (expr.kind) {
      case 'literal':
        return expr.seconds;
      case 'step':
        return this.#times.stepMs / 1000;
      case 'range':
        return (this.#times.endMs - this.#times.startMs) / 1000;
      case 'min':
        return smaller(this.#seconds(expr.left), this.#seconds(expr.right));
      case 'max':
        return larger(this.#seconds(expr.left), this.#seconds(expr.right));
      case 'negative':
        return -this.#seconds(expr.expr);
      case 'positive':
      case 'paren':
        return this.#seconds(expr.expr);
      case 'arithmetic':
        return this.#arithmetic(expr, this.#seconds(expr.left), this.#seconds(expr.right));
    }
  }

  #arithmetic(expr: Extract<DurationExpr, { readonly kind: 'arithmetic' }>, left: number, right: number): number {
    switch (expr.operator) {
      case '+':
        return left + right;
      case '-':
        return left - right;
      case '*':
        return left * right;
      case '/':
        return right === 0 ? this.#fail(expr, 'division by zero') : left / right;
      case '%':
        return right === 0 ? this.#fail(expr, 'modulo by zero') : left % right;
      case '^':
        return power(left, right);
    }
  }
}

function raise(duration: DurationExpr): never {
  throw bug(`a ${duration.kind} duration that is no part of the expression`);
}
