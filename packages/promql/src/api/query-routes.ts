/** `query` and `query_range`: instant and range queries, evaluated here. Source: Prometheus, web/api/v1/api.go. */
import type { Clock } from '@vigie/core/clock';
import type { Answer, Query } from '../evaluate/engine.ts';
import { MAX_STEPS } from '../evaluate/engine.ts';
import { PlanDurations } from '../evaluate/plan-durations.ts';
import type { QueryEngine } from '../evaluate/query-engine.ts';
import type { QueryTimes } from '../evaluate/query-times.ts';
import type { InstantResult } from '../evaluate/result.ts';
import { documentedType, type Expr, typeOf } from '../syntax/ast.ts';
import { ParseError } from '../syntax/parse-error.ts';
import { ApiError, badData, invalidParameter } from './api-error.ts';
import { countQuery } from './count-query.ts';
import {
  durationParameter,
  limitParameter,
  lookbackParameter,
  optionalDuration,
  optionalTime,
  type Parameters,
  timeParameter,
} from './parameters.ts';
import type { ParsedQueries } from './parsed-queries.ts';
import type { QueryCounts } from './query-counts.ts';
import type { QuerySlots } from './query-slots.ts';
import type { ApiHandler } from './request.ts';
import { answerPieces, instantPieces, type Notes, type QueryStats, rangePieces } from './result-pieces.ts';

export interface QueryRouteDeps {
  readonly engine: QueryEngine;
  readonly slots: QuerySlots;
  readonly counts: QueryCounts;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly parsed: ParsedQueries;
}

export function instantRoute(deps: QueryRouteDeps): ApiHandler {
  return ({ parameters, signal }) =>
    countQuery('instant', deps, signal, async () => {
      const limit = limitParameter(parameters);
      const timestampMs = optionalTime(parameters, 'time', Math.trunc(deps.clock.nowMs()));
      const timeoutMs = timeoutParameter(parameters, deps.timeoutMs);
      const lookbackMs = lookbackParameter(parameters);
      const query = queryParameter(parameters, (text) => deps.parsed.parse(text));
      refuseDurations(query, { startMs: timestampMs, endMs: timestampMs, stepMs: 0 });
      return deps.slots.run(timeoutMs, signal, async (left) => {
        const startedAtMs = deps.clock.monotonicMs();
        const options = { lookbackMs, timeoutMs: left.timeoutMs };
        const answer = await deps.engine.instant({ query, timestampMs, ...options }, signal);
        deps.counts.samplesRead(answer.usage?.queryableSamples ?? 0);
        const { result, isCut } = cutInstant(answer.result, limit);
        const stats = statsOf(parameters, answer, left.queuedMs, deps.clock.monotonicMs() - startedAtMs);
        return answerPieces(instantPieces(result, stats), notesOf(answer, isCut));
      });
    });
}

export function rangeRoute(deps: QueryRouteDeps): ApiHandler {
  return ({ parameters, signal }) =>
    countQuery('range', deps, signal, async () => {
      const limit = limitParameter(parameters);
      const times = rangeTimes(parameters);
      const timeoutMs = timeoutParameter(parameters, deps.timeoutMs);
      const lookbackMs = lookbackParameter(parameters);
      const query = queryParameter(parameters, (text) => deps.parsed.parse(text));
      refuseRangeVector(query);
      refuseDurations(query, times);
      return deps.slots.run(timeoutMs, signal, async (left) => {
        const startedAtMs = deps.clock.monotonicMs();
        const options = { lookbackMs, timeoutMs: left.timeoutMs };
        const answer = await deps.engine.range({ query, ...times, ...options }, signal);
        deps.counts.samplesRead(answer.usage?.queryableSamples ?? 0);
        const isCut = limit !== undefined && answer.result.length > limit;
        const series = isCut ? answer.result.slice(0, limit) : answer.result;
        const stats = statsOf(parameters, answer, left.queuedMs, deps.clock.monotonicMs() - startedAtMs);
        return answerPieces(rangePieces(series, times, stats), notesOf(answer, isCut));
      });
    });
}

/** A query that is parsed: what is wrong with it is known before it waits for its turn. */
export function queryParameter(parameters: Parameters, parse: (text: string) => Expr): Exclude<Query, string> {
  return parsedQuery(parameters.get('query'), parse);
}

/** @throws {ApiError} for what does not parse */
export function parsedQuery(text: string, parse: (text: string) => Expr): Exclude<Query, string> {
  return parsing(() => ({ text, expr: parse(text) }));
}

/** Durations that are computed may depend on when the query is asked. */
export function refuseDurations({ text, expr }: Exclude<Query, string>, times: QueryTimes): void {
  parsing(() => new PlanDurations(expr, text, times));
}

function parsing<Result>(parse: () => Result): Result {
  try {
    return parse();
  } catch (error) {
    if (error instanceof ParseError) throw invalidParameter('query', error.message);
    throw error;
  }
}

function rangeTimes(parameters: Parameters) {
  const startMs = timeParameter(parameters, 'start');
  const endMs = timeParameter(parameters, 'end');
  if (endMs < startMs) throw invalidParameter('end', 'end timestamp must not be before start time');
  const stepMs = durationParameter(parameters, 'step');
  if (stepMs <= 0) {
    throw invalidParameter(
      'step',
      'zero or negative query resolution step widths are not accepted. Try a positive integer',
    );
  }
  if (Math.trunc((endMs - startMs) / stepMs) > MAX_STEPS) {
    throw badData(
      'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)',
    );
  }
  return { startMs, endMs, stepMs: Math.max(1, Math.trunc(stepMs)) };
}

function refuseRangeVector({ expr }: Exclude<Query, string>): void {
  const type = typeOf(expr);
  if (type === 'vector' || type === 'scalar') return;
  throw invalidParameter(
    'query',
    `invalid expression type "${documentedType(type)}" for range query, must be Scalar or instant Vector`,
  );
}

export function timeoutParameter(parameters: Parameters, longestMs: number): number {
  const timeoutMs = optionalDuration(parameters, 'timeout') ?? longestMs;
  if (timeoutMs <= 0) throw new ApiError('timeout', 'query timed out in query execution');
  return Math.min(longestMs, timeoutMs);
}

function cutInstant(
  result: InstantResult,
  limit: number | undefined,
): { readonly result: InstantResult; readonly isCut: boolean } {
  if (limit === undefined) return { result, isCut: false };
  if (result.type === 'vector' && result.samples.length > limit) {
    return { result: { ...result, samples: result.samples.slice(0, limit) }, isCut: true };
  }
  if (result.type === 'matrix' && result.series.length > limit) {
    return { result: { ...result, series: result.series.slice(0, limit) }, isCut: true };
  }
  return { result, isCut: false };
}

export const CUT_WARNING = 'results truncated due to limit';

function notesOf({ warnings, infos }: Notes, isCut: boolean): Notes {
  return { warnings: isCut ? [...warnings, CUT_WARNING] : warnings, infos };
}

function statsOf(
  parameters: Parameters,
  { usage }: Pick<Answer<unknown>, 'usage'>,
  queuedMs: number,
  evaluationMs: number,
): QueryStats | undefined {
  if (usage === undefined || parameters.get('stats') === '') return undefined;
  return { queuedSeconds: queuedMs / 1000, evaluationSeconds: evaluationMs / 1000, usage };
}
