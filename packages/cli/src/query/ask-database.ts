/** Asks the metrics of a collector on this machine, in place of a server. */
import { bug } from '@vigie/core/errors';
import { answerQuery } from '@vigie/promql/api/answer-query';
import { parseJson } from '../api-client/open-answer.ts';
import { type Answer, decodeAnswer } from './answer.ts';
import { MAX_ANSWER_BYTES, type PrometheusAnswer, parametersOf, tooLarge } from './ask-prometheus.ts';
import { damageNotes, type LocalDatabase, openLocalDatabase } from './local-database.ts';
import type { QueryRequest } from './request.ts';
import { formatTime } from './times.ts';

/** @param dataDir of `vigie up`, or `storage.path` of a collector
 *  @param advice what a user may do about an answer that is too large
 *  @returns what a server over that database would answer, and what is to be known of its files
 *  @throws {VigieError} CONFIG_INVALID; QUERY_REFUSED where it is too large */
export async function askDatabase(
  request: QueryRequest,
  dataDir: string,
  advice: string,
  signal: AbortSignal,
): Promise<PrometheusAnswer> {
  const database = await openLocalDatabase(dataDir);
  const { folder, querier } = database;
  const path = request.type === 'instant' ? '/query' : '/query_range';
  let text = '';
  for (const piece of await answerQuery(path, parametersOf(request), querier, signal)) {
    text += piece;
    if (text.length > MAX_ANSWER_BYTES) throw tooLarge(folder, advice);
  }
  const answer = decodeAnswer(parseJson(text));
  if (answer === undefined) throw bug('an answer of our own is none');
  return { text, origin: folder, answer: withNotes(answer, database) };
}

function withNotes(answer: Answer, database: LocalDatabase): Answer {
  if (answer.status === 'error') return answer;
  const { result, notes } = answer;
  const isEmpty = 'series' in result && result.series.length === 0;
  return { ...answer, notes: [...notes, ...damageNotes(database), ...(isEmpty ? [spanNote(database)] : [])] };
}

/** Of a collector that does not run, nothing is found at the time that is asked for without one: now. */
function spanNote({ folder, span }: LocalDatabase): string {
  if (span === undefined) return `${folder} has no samples`;
  return `${folder} has samples from ${formatTime(span.oldestMs)} to ${formatTime(span.newestMs)}`;
}
