/** What a bulk request's 200 says about each record. */
import * as v from 'valibot';
import type { RejectedItem, SendOutcome } from '../sink.ts';

export type BulkAnswer =
  | { readonly status: 'understood'; readonly outcome: SendOutcome; readonly redirected: number }
  | { readonly status: 'not_understood'; readonly detail: string };

/** With this `filter_path`, `errors` comes first and an accepted record costs 28 bytes of answer. */
export const BULK_FILTER_PATH = [
  'errors',
  'items.*.status',
  'items.*.error.type',
  'items.*.error.reason',
  'items.*.failure_store',
].join(',');

const REDIRECTED = '"failure_store":"used"';
/** `{"took":12345,"errors":false` and white space: `errors` stands before the items in every version. */
const HEAD_BYTES = 256;
const NO_ERRORS = /^\s*\{(?:[^{}[\]]*,)?\s*"errors"\s*:\s*false\b/;

const itemSchema = v.object({
  status: v.pipe(v.number(), v.integer(), v.minValue(100), v.maxValue(599)),
  error: v.optional(
    v.union([
      v.pipe(
        v.object({ type: v.optional(v.string(), 'unknown'), reason: v.nullish(v.string(), '') }),
        v.transform(({ type, reason }) => (reason === '' || reason === null ? type : `${type}: ${reason}`)),
      ),
      v.string(),
    ]),
  ),
});
/** The only member of an item is the action: `create` or `index`. */
const answerSchema = v.object({ errors: v.boolean(), items: v.array(v.record(v.string(), itemSchema)) });

/** Judges every item: 2xx is stored; 409 on an id of our own is stored already; 429 and 5xx come again; any
 *  other is refused for good. An answer without errors is not parsed.
 *  @param ownIds the records were sent with ids that no other record has
 *  Source: Elasticsearch's bulk API; reference study of log agents, 2.5. */
export function readBulkAnswer(answer: Buffer, records: number, ownIds: boolean): BulkAnswer {
  const redirected = countOccurrences(answer, REDIRECTED);
  if (NO_ERRORS.test(answer.toString('latin1', 0, HEAD_BYTES))) {
    return { status: 'understood', outcome: { status: 'accepted' }, redirected };
  }
  const decoded = v.safeParse(answerSchema, parse(answer));
  if (!decoded.success) {
    return { status: 'not_understood', detail: `not a bulk answer: ${excerpt(answer)}` };
  }
  const { items } = decoded.output;
  if (items.length !== records) {
    return { status: 'not_understood', detail: `${items.length} items for ${records} records` };
  }
  const retry: number[] = [];
  const rejected: RejectedItem[] = [];
  let throttled = false;
  for (const [index, item] of items.entries()) {
    const result = Object.values(item)[0];
    if (result === undefined) return { status: 'not_understood', detail: `item ${index} is empty` };
    const { status } = result;
    if ((status >= 200 && status < 300) || (status === 409 && ownIds)) continue;
    if (status === 429 || status >= 500) {
      throttled ||= status === 429;
      retry.push(index);
    } else {
      rejected.push({ index, httpStatus: status, error: result.error ?? 'no reason given' });
    }
  }
  if (retry.length === 0 && rejected.length === 0) {
    return { status: 'understood', outcome: { status: 'accepted' }, redirected };
  }
  const reason = throttled ? 'throttled' : 'unavailable';
  return { status: 'understood', outcome: { status: 'items', retry, rejected, reason }, redirected };
}

function parse(answer: Buffer): unknown {
  try {
    return JSON.parse(answer.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** Bytes, not items: records in a failure store are counted without parsing an answer that has no errors.
 *  Nothing else in a filtered answer can hold these bytes: in a reason the quotes are escaped. */
function countOccurrences(answer: Buffer, text: string): number {
  let count = 0;
  for (let at = answer.indexOf(text); at >= 0; at = answer.indexOf(text, at + text.length)) count++;
  return count;
}

function excerpt(answer: Buffer): string {
  return JSON.stringify(answer.toString('utf8', 0, 120));
}
