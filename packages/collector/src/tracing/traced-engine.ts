/** An engine whose queries are spans. */

import { assertNever } from '@vigie/core/errors';
import type { Answer, Query } from '@vigie/promql/evaluate/engine';
import type { QueryEngine } from '@vigie/promql/evaluate/query-engine';
import type { InstantResult } from '@vigie/promql/evaluate/result';
import type { Span, Tracing } from './tracing.ts';

export function tracedEngine(engine: QueryEngine, tracing: Tracing | undefined): QueryEngine {
  if (tracing === undefined) return engine;
  return {
    instant: (query, signal) =>
      tracing.span('promql.query', { 'promql.expr': textOf(query.query), 'promql.steps': 1 }, async (span) => {
        const answer = await engine.instant(query, signal);
        tell(span, answer, seriesIn(answer.result));
        return answer;
      }),
    range: (query, signal) => {
      const steps = Math.floor((query.endMs - query.startMs) / query.stepMs) + 1;
      const attributes = { 'promql.expr': textOf(query.query), 'promql.steps': steps };
      return tracing.span('promql.query_range', attributes, async (span) => {
        const answer = await engine.range(query, signal);
        tell(span, answer, answer.result.length);
        return answer;
      });
    },
  };
}

function tell(span: Span, { usage }: Answer<unknown>, series: number): void {
  span.set({ 'promql.series': series, 'promql.samples': usage?.queryableSamples ?? 0 });
}

function textOf(query: Query): string {
  return typeof query === 'string' ? query : query.text;
}

function seriesIn(result: InstantResult): number {
  switch (result.type) {
    case 'vector':
      return result.samples.length;
    case 'matrix':
      return result.series.length;
    case 'scalar':
    case 'string':
      return 1;
    default:
      return assertNever(result);
  }
}
