/** Whatever answers queries: the engine here over a storage, or a Prometheus elsewhere. */
import type { Querier } from '../storage/querier.ts';
import type { Answer, Engine, Query, QueryOptions } from './engine.ts';
import type { InstantResult, RangeSeries } from './result.ts';

/** What goes along with the request where another server is asked by HTTP. */
export interface RequestExtras {
  /** Of the form, beside our own; a name may come more than once. */
  readonly params: readonly (readonly [string, string])[];
  readonly headers: Readonly<Record<string, string>>;
}

export interface InstantQuery extends QueryOptions {
  readonly query: Query;
  /** Unix time in ms. */
  readonly timestampMs: number;
  readonly extras?: RequestExtras | undefined;
}

export interface RangeQuery extends QueryOptions {
  readonly query: Query;
  /** Unix time in ms; both ends are included. */
  readonly startMs: number;
  readonly endMs: number;
  /** Above 0. */
  readonly stepMs: number;
}

export interface QueryEngine {
  /** @throws {VigieError} PROMQL_PARSE, or an EvaluationCode */
  instant(query: InstantQuery, signal: AbortSignal): Promise<Answer<InstantResult>>;
  /** Series are sorted by labels.
   *  @throws {VigieError} PROMQL_PARSE, or an EvaluationCode */
  range(query: RangeQuery, signal: AbortSignal): Promise<Answer<readonly RangeSeries[]>>;
}

/** The engine of this process over one storage. */
export function embeddedEngine(engine: Engine, querier: Querier): QueryEngine {
  return {
    instant: ({ query, timestampMs, extras: _, ...options }, signal) =>
      engine.instant(querier, query, timestampMs, signal, options),
    range: ({ query, startMs, endMs, stepMs, ...options }, signal) =>
      engine.range(querier, query, { startMs, endMs, stepMs }, signal, options),
  };
}
