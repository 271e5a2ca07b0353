/** What servers answer: of every record it must be known what became of it, whatever stands there. */

import { parseRetryAfter } from '@vigie/core/http-client/retry-after';
import { readBulkAnswer } from '../../packages/log-pipeline/src/sinks/elasticsearch/bulk-answer.ts';
import { refusedEntries } from '../../packages/log-pipeline/src/sinks/loki/refusal.ts';
import type { SendOutcome } from '../../packages/log-pipeline/src/sinks/sink.ts';
import { outcomeOfAnswer } from '../../packages/log-pipeline/src/sinks/splunk/answer.ts';
import { BULK_ANSWERS, LOKI_REFUSALS, RETRY_AFTER, SPLUNK_ANSWERS } from './samples.ts';
import type { Target } from './target.ts';

const NOW_MS = Date.UTC(2026, 10, 21, 10);
const RECORDS = 3;
const LABELS = ['{app="web"}', '{app="db"}', '{app="web"}'];
const ENTRIES = LABELS.map((labels, index) => ({ seconds: NOW_MS / 1000 - index, lineBytes: 100 * index, labels }));

/** Ascending, each once, of those that were sent. */
function checkIndices(indices: readonly number[]): void {
  for (const [at, index] of indices.entries()) {
    if (!Number.isInteger(index) || index < 0 || index >= RECORDS || index <= (indices[at - 1] ?? -1))
      throw new Error(`indices ${indices.join()}`);
  }
}

function checkOutcome(outcome: SendOutcome): void {
  if (outcome.status !== 'items') return;
  const rejected = outcome.rejected.map(({ index }) => index);
  checkIndices(outcome.retry);
  checkIndices(rejected);
  checkIndices([...outcome.retry, ...rejected].sort((a, b) => a - b));
}

export const answerTargets: readonly Target[] = [
  {
    name: 'answers of Elasticsearch',
    samples: BULK_ANSWERS,
    iterations: 12_000,
    parse(input) {
      const answer = readBulkAnswer(input, RECORDS, true);
      if (answer.status === 'understood') checkOutcome(answer.outcome);
    },
  },
  {
    name: 'refusals of Loki',
    samples: LOKI_REFUSALS,
    iterations: 12_000,
    parse(input) {
      const refused = refusedEntries(input.toString(), ENTRIES);
      checkIndices(refused);
      if (refused.length === 0) throw new Error('nothing is refused');
    },
  },
  {
    name: 'answers of Splunk, and how long to wait',
    samples: [...SPLUNK_ANSWERS, ...RETRY_AFTER],
    iterations: 20_000,
    parse(input) {
      for (const httpStatus of [200, 400, 503])
        checkOutcome(outcomeOfAnswer({ status: 'answered', httpStatus, headers: {}, body: input }, RECORDS, NOW_MS));
      const waitMs = parseRetryAfter(input.toString(), NOW_MS);
      if (waitMs !== undefined && !(waitMs >= 0 && waitMs <= 300_000)) throw new Error(`${waitMs} ms`);
    },
  },
];
