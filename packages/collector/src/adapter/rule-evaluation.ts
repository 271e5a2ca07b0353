/** Runs the query of a rule, and finds out how new its values are and what they are rates over. */
import { errorCode, VigieError } from '@vigie/core/errors';
import { DEFAULT_LOOKBACK_MS, type Engine } from '@vigie/promql/evaluate/engine';
import { embeddedEngine, type QueryEngine } from '@vigie/promql/evaluate/query-engine';
import type { InstantResult } from '@vigie/promql/evaluate/result';
import type { LabelSet } from '@vigie/promql/labels/label-set';
import { LabelSet as Labels } from '@vigie/promql/labels/label-set';
import type { Querier } from '@vigie/promql/storage/querier';
import type { Expr } from '@vigie/promql/syntax/ast';
import { walkExpr } from '@vigie/promql/syntax/walk';
import { ApiRefusal } from '../metrics-api/api-refusal.ts';
import { NewestSamples } from './newest-samples.ts';
import type { ParsedQueries } from './parsed-queries.ts';

/** Whoever answers queries. */
export type Answerer =
  /** The times of values are those of their samples. */
  | { readonly kind: 'embedded'; readonly engine: Engine; readonly querier: Querier }
  /** Another server does not tell them: the time of the query stands for them. */
  | { readonly kind: 'remote'; readonly engine: QueryEngine };

export interface RuleValue {
  readonly labels: LabelSet;
  readonly value: number;
  readonly timestampMs: number;
}

export interface RuleResult {
  readonly type: 'vector' | 'scalar';
  /** Those that are a finite number. */
  readonly values: readonly RuleValue[];
  /** Those that are none. */
  readonly notNumbers: readonly LabelSet[];
  /** The longest range in the query; undefined without any. */
  readonly windowMs: number | undefined;
  /** What was read; empty where another server has done it. */
  readonly series: readonly LabelSet[];
}

export interface RuleQuery {
  readonly query: string;
  /** Of whoever asks. */
  readonly parsed: ParsedQueries;
  /** Names the object; '' for external metrics. */
  readonly label: string;
  readonly nowMs: number;
  readonly timeoutMs: number;
  /** How far an instant selector looks back; undefined: as far as the engine does unless told otherwise. */
  readonly lookbackMs: number | undefined;
}

/** How far instant selectors look back for values that may be so old, where nothing says how far: what is older would be a part of sums
 *  that are young by their other parts. @returns undefined for as far as the engine does */
export function lookbackWithin(maxAgeMs: number): number | undefined {
  return maxAgeMs < DEFAULT_LOOKBACK_MS ? maxAgeMs : undefined;
}

/** @throws {ApiRefusal} InternalError for a query that is none, Timeout, ServiceUnavailable
 *  @throws the signal's reason */
export async function evaluateRule(answerer: Answerer, rule: RuleQuery, signal: AbortSignal): Promise<RuleResult> {
  const { query, parsed, label, nowMs, timeoutMs, lookbackMs } = rule;
  const { engine, newest } = runnerOf(answerer);
  try {
    // What is wrong with one that is none, whoever answers it says: another server may have a language of its own.
    const expr = parsed.parse(query);
    const asked = expr === undefined ? query : { text: query, expr };
    const { result } = await engine.instant({ query: asked, timestampMs: nowMs, timeoutMs, lookbackMs }, signal);
    const timeOf = newest === undefined ? () => nowMs : timesOf(newest, label, nowMs);
    return {
      ...valuesOf(result, timeOf),
      windowMs: expr && longestRange(expr),
      // Looked at by those who explain, and by no HPA.
      get series() {
        return newest?.series ?? [];
      },
    };
  } catch (error) {
    signal.throwIfAborted();
    throw refusalOf(error, query);
  }
}

function runnerOf(answerer: Answerer): { readonly engine: QueryEngine; readonly newest: NewestSamples | undefined } {
  if (answerer.kind === 'remote') return { engine: answerer.engine, newest: undefined };
  const newest = new NewestSamples(answerer.querier);
  return { engine: embeddedEngine(answerer.engine, newest.querier), newest };
}

/** How new what a value was made of is: the series of its object, or, where no label names one, those that have the labels of the value.
 *  Labels that the query has made are of no series: then the newest of all it read. */
function timesOf(newest: NewestSamples, label: string, nowMs: number): (labels: LabelSet) => number {
  const object = [label];
  return (labels) =>
    newest.newestOf(labels, label === '' ? labels.names : object) ?? newest.newestOf(labels, []) ?? nowMs;
}

function valuesOf(
  result: InstantResult,
  timeOf: (labels: LabelSet) => number,
): Pick<RuleResult, 'type' | 'values' | 'notNumbers'> {
  switch (result.type) {
    case 'vector': {
      const values: RuleValue[] = [];
      const notNumbers: LabelSet[] = [];
      for (const { labels, value, histogram } of result.samples) {
        if (histogram !== undefined || !Number.isFinite(value)) notNumbers.push(labels);
        else values.push({ labels, value, timestampMs: timeOf(labels) });
      }
      return { type: 'vector', values, notNumbers };
    }
    case 'scalar': {
      const labels = Labels.empty;
      if (!Number.isFinite(result.value)) return { type: 'scalar', values: [], notNumbers: [labels] };
      return { type: 'scalar', values: [{ labels, value: result.value, timestampMs: timeOf(labels) }], notNumbers: [] };
    }
    case 'string':
    case 'matrix':
      throw new VigieError('ADAPTER_QUERY_TYPE', `the result is a ${result.type}, where an instant vector is needed`);
  }
}

function longestRange(expr: Expr): number | undefined {
  let longestMs: number | undefined;
  walkExpr(expr, (node) => {
    if (node.kind !== 'matrix' || node.length.kind !== 'literal') return;
    longestMs = Math.max(longestMs ?? 0, node.length.seconds * 1000);
  });
  return longestMs;
}

function refusalOf(error: unknown, query: string): unknown {
  if (error instanceof ApiRefusal || !(error instanceof Error)) return error;
  const details = { causes: [{ reason: 'Query', message: query }] };
  switch (errorCode(error)) {
    case 'PROMQL_TIMEOUT':
      return new ApiRefusal('Timeout', `the metric's query took too long: ${error.message}`, details, { cause: error });
    case 'PROMQL_UNAVAILABLE':
      return new ApiRefusal('ServiceUnavailable', error.message, details, { cause: error });
    default:
      if (errorCode(error) === undefined) return error;
      return new ApiRefusal('InternalError', `the metric's query failed: ${error.message}`, details, { cause: error });
  }
}
