/** Which of the two servers answers. */
import type { Clock } from '@vigie/core/clock';
import { outcomeOfFailure } from '../http-client/answer-outcome.ts';
import type { HttpClient } from '../http-client/client.ts';
import type { SendOutcome } from '../sink.ts';

export type Server = 'elasticsearch' | 'opensearch';

export type ServerDetected =
  | { readonly status: 'ok'; readonly server: Server }
  | { readonly status: 'obstacle'; readonly outcome: SendOutcome };

/** Elasticsearch names itself in a header of every answer, errors too, since 7.14; OpenSearch never does. So the
 *  answer may well be a 403 or 404: not everybody may read `/`, and not every server has it. */
export async function detectServer(client: HttpClient, clock: Clock, signal: AbortSignal): Promise<ServerDetected> {
  const result = await client.send({ method: 'GET', path: '/', maxAnswerBytes: 1024 * 1024 }, signal);
  const conclusive = result.status === 'answered' && result.httpStatus !== 401 && result.httpStatus < 429;
  if (!conclusive) return { status: 'obstacle', outcome: outcomeOfFailure(result, () => false, clock.nowMs()) };
  const isElasticsearch = result.headers['x-elastic-product'] === 'Elasticsearch';
  return { status: 'ok', server: isElasticsearch ? 'elasticsearch' : 'opensearch' };
}
