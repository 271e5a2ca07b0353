/** `query_batch`: several instant queries at one time, which is how an alerting service asks for the rules of a group. A request costs more than
 *  most rules do. */
import { apiErrorOf, badData } from './api-error.ts';
import { countQuery } from './count-query.ts';
import { jsonString } from './json-text.ts';
import { lookbackParameter, optionalTime } from './parameters.ts';
import { parsedQuery, type QueryRouteDeps, refuseDurations, timeoutParameter } from './query-routes.ts';
import type { ApiHandler } from './request.ts';
import { answerPieces, instantPieces, listPieces, NO_NOTES } from './result-pieces.ts';

/** They share one place among the queries under way, and one timeout. */
const MOST_QUERIES = 1000;

/** `query` once for each. The data is a list, in their order, of what `query` answers: `{"resultType", "result"}`, or `{"errorType", "error"}` of one that
 *  fails, which keeps no other from being answered. */
export function batchRoute(deps: QueryRouteDeps): ApiHandler {
  return async ({ parameters, signal }) => {
    const texts = parameters.all('query');
    if (texts.length === 0 || texts.length > MOST_QUERIES)
      throw badData(`expected 1 to ${MOST_QUERIES} queries, got ${texts.length}`);
    const timestampMs = optionalTime(parameters, 'time', Math.trunc(deps.clock.nowMs()));
    const lookbackMs = lookbackParameter(parameters);
    const answerOf = (text: string, timeoutMs: number): Promise<string> =>
      countQuery('instant', deps, signal, async () => {
        const query = parsedQuery(text, (one) => deps.parsed.parse(one));
        refuseDurations(query, { startMs: timestampMs, endMs: timestampMs, stepMs: 0 });
        const { result, usage } = await deps.engine.instant({ query, timestampMs, lookbackMs, timeoutMs }, signal);
        deps.counts.samplesRead(usage?.queryableSamples ?? 0);
        return Array.from(instantPieces(result, undefined)).join('');
      });
    return deps.slots.run(timeoutParameter(parameters, deps.timeoutMs), signal, async (left) => {
      const startedAtMs = deps.clock.monotonicMs();
      const answers: string[] = [];
      for (const text of texts) {
        const leftMs = Math.max(0, left.timeoutMs - (deps.clock.monotonicMs() - startedAtMs));
        answers.push(await answerOf(text, leftMs).catch((error: unknown) => failureOf(error, signal)));
      }
      return answerPieces(listPieces(answers), NO_NOTES);
    });
  };
}

/** @throws the error where nobody waits for the others */
function failureOf(error: unknown, signal: AbortSignal): string {
  const { type, message } = apiErrorOf(error, signal.aborted);
  if (signal.aborted || type === 'internal') throw error;
  return `{"errorType":"${type}","error":${jsonString(message)}}`;
}
