/** docs/reference/metrics-api.md: its examples are answered as it says, and it names every metric and cause. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { METRICS_API_METRICS } from '../../src/metrics-api/telemetry.ts';
import { ApiBed } from './api-bed.ts';

const PAGE = readFileSync(new URL('../../../../docs/reference/metrics-api.md', import.meta.url), 'utf8');
const EXAMPLES = Array.from(
  PAGE.matchAll(/^```http\nGET (.*)\n```\n```json\n(.*)\n```$/gm),
  ([, path = '', answer = '']) => ({ path, answer }),
);
const DOCUMENTED_MS = Date.UTC(2026, 10, 21, 10);

it('has examples', () => {
  expect(EXAMPLES.length).toBe(2);
});

it.each(EXAMPLES)('$path', async ({ path, answer }) => {
  const bed = await ApiBed.start();
  bed.addPod('web-0');
  bed.addPod('web-1');
  bed.add({ __name__: 'requests_total', namespace: 'shop', pod: 'web-0' }, [0, 30, 75]);
  bed.add({ __name__: 'errors_total', namespace: 'shop', pod: 'web-0' }, [1]);
  const now = new Date(bed.clock.nowMs()).toISOString();
  const documented = new Date(DOCUMENTED_MS).toISOString();
  const { text } = await bed.get(path);
  const seconds = (time: string): string => `${time.slice(0, 19)}Z`;
  expect(text.replaceAll(now, documented).replaceAll(seconds(now), seconds(documented))).toBe(answer);
});

it.each([
  'NoSeries',
  'SeriesEnded',
  'OnlyOneSample',
  'NotANumber',
  'NothingObserved',
  'NoObjects',
  'NoSuchResource',
])('explains %s', (cause) => {
  expect(PAGE).toContain(`| \`${cause}\` |`);
});

it.each(Object.values(METRICS_API_METRICS))('names $name', ({ name, type }) => {
  expect(PAGE).toContain(`| \`${name}\` | ${type} |`);
});
