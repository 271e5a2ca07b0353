import { expect, it } from 'vitest';
import { jsonSummary } from '../../src/up/json-summary.ts';

const cases: readonly [string, string, string | undefined][] = [
  [
    'puts the text first and leaves out what the line says already',
    '{"level":"error","time":"2026-11-21T10:00:00Z","status":500,"route":"GET /","msg":"request failed"}',
    'request failed status=500 route="GET /"',
  ],
  ['takes the best known of several texts', '{"message":"b","msg":"a"}', 'a message=b'],
  ['writes what is nested as JSON', '{"msg":"m","error":{"name":"E"},"tags":[1]}', 'm error={"name":"E"} tags=[1]'],
  ['leaves objects without a text alone', '{"a":1}', undefined],
  ['leaves a text that is no text alone', '{"msg":{"a":1}}', undefined],
  ['leaves broken JSON alone', '{"msg":"cut off', undefined],
  ['leaves other lines alone', 'GET / 200', undefined],
  ['leaves a list alone', '[{"msg":"a"}]', undefined],
];
it.each(cases)('%s', (_title, message, summary) => {
  expect(jsonSummary(message)).toBe(summary);
});
