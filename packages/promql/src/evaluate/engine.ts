/** Answers PromQL from a Querier, as Prometheus 3.15 does. */
import { setImmediate } from 'node:timers/promises';
import { type Clock, systemClock } from '@vigie/core/clock';
import { bug } from '@vigie/core/errors';
import { LabelSet } from '../labels/label-set.ts';
import type { Querier } from '../storage/querier.ts';
import { documentedType, type Expr, typeOf } from '../syntax/ast.ts';
import { parseExpr } from '../syntax/parse.ts';
import { Annotations, type AnnotationTexts } from './annotations.ts';
import { Budget, type BudgetWorld, DEFAULT_LIMITS, type Limits, type QueryUsage } from './budget.ts';
import { type Evaluation, lastStepMs, type Steps, stepsBetween } from './evaluation.ts';
import { makeEvaluation } from './evaluator.ts';
import { evaluationError } from './failure.ts';
import { finishNames } from './finish-names.ts';
import { LabelCache } from './label-cache.ts';
import { makePlan } from './make-plan.ts';
import { evaluateMatrix } from './matrix-query.ts';
import type { Plan } from './plan.ts';
import type { QueryTimes } from './query-times.ts';
import { type InstantResult, instantSamples, type RangeSeries, rangeSeries } from './result.ts';

export interface EngineOptions {
  /** How old a sample may be and still count; default 5 min. */
  readonly lookbackMs?: number;
  /** Step of a subquery that names none; default 1 min, Prometheus' default evaluation interval. */
  readonly subqueryStepMs?: number;
  /** Default false, as in Prometheus 3.15. */
  readonly delayedNameRemoval?: boolean;
  /** Default false, as in Prometheus 3.15. */
  readonly useStartTimestamps?: boolean;
  /** Parts of the language that Prometheus 3.15 has behind feature flags; default false. */
  readonly experimental?: boolean;
  readonly limits?: Partial<Limits>;
}

/** What one query asks to be done otherwise than the engine does by default. */
export interface QueryOptions {
  /** How old a sample may be and still count. */
  readonly lookbackMs?: number | undefined;
  /** Time for the evaluation; more than the limit of the engine is no more than that. */
  readonly timeoutMs?: number | undefined;
}

export interface Answer<Result> extends AnnotationTexts {
  readonly result: Result;
  /** undefined where another server has answered. */
  readonly usage: QueryUsage | undefined;
}

/** A query as text, or parsed. The text is what positions in annotations are of. */
export type Query = string | { readonly text: string; readonly expr: Expr };

export const DEFAULT_LOOKBACK_MS = 300_000;
const DEFAULT_SUBQUERY_STEP_MS = 60_000;
/** A range query's most, after its start, as in Prometheus' HTTP API. */
export const MAX_STEPS = 11_000;

const NODE: BudgetWorld = { clock: systemClock, pause: async () => void (await setImmediate()) };

/** One serves any number of queries at once: group keys that one of them has made, the next one finds. */
export class Engine {
  readonly #options: EngineOptions;
  readonly #world: BudgetWorld;
  readonly #labels = new LabelCache();

  constructor(
    options: EngineOptions = {},
    world: { readonly clock: Clock; readonly pause: () => Promise<void> } = NODE,
  ) {
    this.#options = options;
    this.#world = world;
  }

  /** @throws {ParseError, EvaluationError} */
  async instant(
    querier: Querier,
    query: Query,
    timestampMs: number,
    signal: AbortSignal,
    options: QueryOptions = {},
  ): Promise<Answer<InstantResult>> {
    const { text, expr } = this.#parse(query);
    const times: QueryTimes = { startMs: timestampMs, endMs: timestampMs, stepMs: 0 };
    const steps = stepsBetween(timestampMs, timestampMs, 1);
    const evaluation = this.#evaluation(querier, times, signal, options);
    const result = await instantResult(evaluation, makePlan(expr, text, times), steps);
    return { result, ...evaluation.annotations.texts(text), usage: evaluation.budget.usage };
  }

  /** Of scalars and instant vectors. Series are sorted by labels.
   *  @param times start and end, both included, and a step above 0
   *  @throws {ParseError, EvaluationError} */
  async range(
    querier: Querier,
    query: Query,
    times: QueryTimes,
    signal: AbortSignal,
    options: QueryOptions = {},
  ): Promise<Answer<readonly RangeSeries[]>> {
    const { text, expr } = this.#parse(query);
    const type = typeOf(expr);
    if (type !== 'vector' && type !== 'scalar') {
      throw evaluationError(
        `invalid expression type "${documentedType(type)}" for range query, must be Scalar or instant Vector`,
      );
    }
    if (!(times.stepMs > 0)) throw bug('a range query needs a step above 0');
    const steps = stepsBetween(times.startMs, times.endMs, times.stepMs);
    if (steps.count > MAX_STEPS + 1) {
      throw evaluationError(
        'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)',
      );
    }
    const evaluation = this.#evaluation(querier, times, signal, options);
    const result = steps.count === 0 ? [] : await rangeResult(evaluation, makePlan(expr, text, times), steps);
    return { result, ...evaluation.annotations.texts(text), usage: evaluation.budget.usage };
  }

  #parse(query: Query): { readonly text: string; readonly expr: Expr } {
    if (typeof query !== 'string') return query;
    return { text: query, expr: parseExpr(query, { experimental: this.#options.experimental ?? false }) };
  }

  #evaluation(querier: Querier, query: QueryTimes, signal: AbortSignal, options: QueryOptions): Evaluation {
    const configured = { ...DEFAULT_LIMITS, ...this.#options.limits };
    const timeoutMs = Math.min(configured.timeoutMs, options.timeoutMs ?? configured.timeoutMs);
    const limits = { ...configured, timeoutMs };
    return makeEvaluation({
      querier,
      budget: new Budget(limits, this.#world, signal),
      annotations: new Annotations(),
      labels: this.#labels,
      query,
      lookbackMs: options.lookbackMs ?? this.#options.lookbackMs ?? DEFAULT_LOOKBACK_MS,
      delayedNameRemoval: this.#options.delayedNameRemoval ?? false,
      useStartTimestamps: this.#options.useStartTimestamps ?? false,
      defaultSubqueryStepMs: this.#options.subqueryStepMs ?? DEFAULT_SUBQUERY_STEP_MS,
    });
  }
}

async function instantResult(evaluation: Evaluation, plan: Plan, steps: Steps): Promise<InstantResult> {
  const timestampMs = lastStepMs(steps);
  switch (plan.type) {
    case 'string':
      if (plan.kind !== 'string') throw bug('a string that is not a literal');
      return { type: 'string', timestampMs, value: plan.value };
    case 'scalar': {
      const [value = Number.NaN] = await evaluation.scalar(plan, steps);
      return { type: 'scalar', timestampMs, value };
    }
    case 'matrix':
      return { type: 'matrix', series: await evaluateMatrix(evaluation, plan, steps) };
    case 'vector': {
      const block = finishNames(evaluation, await evaluation.series(plan, steps));
      return { type: 'vector', timestampMs, samples: instantSamples(block) };
    }
  }
}

async function rangeResult(evaluation: Evaluation, plan: Plan, steps: Steps): Promise<readonly RangeSeries[]> {
  if (plan.type === 'scalar') {
    const values = await evaluation.scalar(plan, steps);
    const timestampsMs = Float64Array.from(values, (_, step) => steps.startMs + step * steps.stepMs);
    return [{ labels: LabelSet.empty, timestampsMs, values, histograms: undefined }];
  }
  return rangeSeries(finishNames(evaluation, await evaluation.series(plan, steps)), steps);
}
