/** What Splunk's HTTP Event Collector answers. Source: Splunk Enterprise 9, "Troubleshoot HTTP Event Collector", table of
 *  status codes. */
import * as v from 'valibot';
import { explanation, outcomeOfFailure } from '../http-client/answer-outcome.ts';
import type { Exchange } from '../http-client/exchange.ts';
import type { SendOutcome } from '../sink.ts';

const answerSchema = v.object({
  text: v.optional(v.string(), ''),
  code: v.pipe(v.number(), v.integer()),
  ackId: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
  'invalid-event-number': v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
});

const SUCCESS = 0;
const BUSY = 9;
/** A disabled, missing, wrong or unknown token. */
const CREDENTIALS: readonly number[] = [1, 2, 3, 4];
/** The token, the index or the channel is not set up as the sink is: no record is at fault. */
const SETTINGS: readonly number[] = [7, 10, 11, 14, 16];
/** No data, invalid format, no event, a blank event, bad indexed fields. */
const BAD_EVENT: readonly number[] = [5, 6, 12, 13, 15];

/** Whether the collector that answers next may be another one, or have begun anew. */
export function mayHaveRestarted(result: Exchange): boolean {
  if (result.status === 'failed') return true;
  return result.httpStatus >= 500 && decode(result.body)?.code !== BUSY;
}

/** @returns undefined where the token does not ask for indexer acknowledgement */
export function ackIdOf(result: Exchange): number | undefined {
  return result.status === 'answered' ? decode(result.body)?.ackId : undefined;
}

export function outcomeOfAnswer(result: Exchange, records: number, nowMs: number): SendOutcome {
  if (result.status === 'failed') return outcomeOfFailure(result, () => false, nowMs);
  const answer = decode(result.body);
  if (result.httpStatus < 300) {
    if (answer?.code === SUCCESS) return { status: 'accepted' };
    return { status: 'retryable', reason: 'protocol', detail: `not an answer of Splunk: ${explanation(result.body)}` };
  }
  if (answer === undefined || result.httpStatus >= 429) return outcomeOfFailure(result, () => false, nowMs);
  const error = `${answer.code}: ${answer.text}`;
  if (CREDENTIALS.includes(answer.code)) return { status: 'held', reason: 'credentials', detail: error };
  if (SETTINGS.includes(answer.code)) return { status: 'held', reason: 'endpoint', detail: error };
  if (!BAD_EVENT.includes(answer.code)) return outcomeOfFailure(result, () => false, nowMs);
  const bad = answer['invalid-event-number'];
  if (bad === undefined || bad >= records || records === 1) {
    return { status: 'rejected', httpStatus: result.httpStatus, error };
  }
  return {
    status: 'items',
    rejected: [{ index: bad, httpStatus: result.httpStatus, error }],
    // Whether those before it are stored the answer does not say.
    retry: Array.from({ length: records }, (_, index) => index).filter((index) => index !== bad),
    reason: 'protocol',
  };
}

function decode(body: Buffer): v.InferOutput<typeof answerSchema> | undefined {
  try {
    const decoded = v.safeParse(answerSchema, JSON.parse(body.toString('utf8')));
    return decoded.success ? decoded.output : undefined;
  } catch {
    return undefined;
  }
}
