/** Answers of `query` and `query_range` as a server gives them, for a program that has the data itself. */
import { systemClock } from '@vigie/core/clock';
import { bug } from '@vigie/core/errors';
import { Engine } from '../evaluate/engine.ts';
import { embeddedEngine } from '../evaluate/query-engine.ts';
import type { Querier } from '../storage/querier.ts';
import { apiErrorOf, errorText } from './api-error.ts';
import { dataRoutes } from './data-routes.ts';
import { Parameters } from './parameters.ts';
import { QueryCounts } from './query-counts.ts';
import type { Pieces } from './result-pieces.ts';

/** @param parameters as they would be sent
 *  @returns the JSON of the answer, of one that refuses too
 *  @throws what only a defect explains */
export async function answerQuery(
  path: '/query' | '/query_range',
  parameters: URLSearchParams,
  querier: Querier,
  signal: AbortSignal,
): Promise<Pieces> {
  const routes = dataRoutes({
    source: { kind: 'embedded', engine: embeddedEngine(new Engine(), querier), querier },
    clock: systemClock,
    counts: new QueryCounts(() => undefined),
  });
  const handler = path === '/query' ? routes.instant : routes.range;
  const request = {
    parameters: new Parameters('', parameters.toString()),
    rest: '',
    signal,
    acceptEncoding: undefined,
  };
  try {
    const answer = await handler(request);
    if (answer === undefined || 'body' in answer) throw bug('a query that is evaluated here is answered here');
    return answer;
  } catch (error) {
    const refusal = apiErrorOf(error, signal.aborted);
    if (refusal.type === 'internal') throw error;
    return [errorText(refusal)];
  }
}
