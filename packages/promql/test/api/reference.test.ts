/** docs/reference/http-api.md: its examples are answered as it says, and it names every metric. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { QUERY_METRICS } from '../../src/api/query-counts.ts';
import { LabelSet } from '../../src/labels/label-set.ts';
import { MemoryStorage } from '../../src/storage/memory-storage.ts';
import { apiOver } from './api-bed.ts';

const PAGE = readFileSync(new URL('../../../../docs/reference/http-api.md', import.meta.url), 'utf8');
const EXAMPLES = Array.from(
  PAGE.matchAll(/^```http\n([\s\S]*?)\n```\n```json\n(.*)\n```$/gm),
  ([, request = '', answer = '']) => ({ request, answer }),
);

const storage = new MemoryStorage();
storage.append(
  LabelSet.of({ __name__: 'http_requests_total', job: 'shop' }),
  Array.from({ length: 361 }, (_, index) => ({ timestampMs: index * 10_000, value: index * 10, startTimestampMs: 0 })),
);

it('has examples', () => {
  expect(EXAMPLES.length).toBeGreaterThan(3);
});

it.each(EXAMPLES)('$request', async ({ request, answer }) => {
  const { app } = await apiOver(storage);
  const [head = '', payload] = request.split('\n\n');
  const [line = '', ...headers] = head.split('\n');
  const [method, url = ''] = line.split(' ');
  const { body } = await app.inject({
    method: method === 'POST' ? 'POST' : 'GET',
    url,
    headers: Object.fromEntries(headers.map((header) => header.split(': ', 2))),
    ...(payload === undefined ? {} : { payload }),
  });
  expect(body).toBe(answer);
});

it.each(Object.values(QUERY_METRICS))('names $name', ({ name, type }) => {
  expect(PAGE).toContain(`| \`${name}\` | ${type} |`);
});
