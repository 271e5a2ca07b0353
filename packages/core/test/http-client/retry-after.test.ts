import { expect, test } from 'vitest';
import { parseRetryAfter } from '../../src/http-client/retry-after.ts';

const nowMs = Date.UTC(2026, 10, 21, 4, 12, 19);

test.each([
  [undefined, undefined],
  ['', undefined],
  ['0', 0],
  ['7', 7_000],
  [' 7 ', 7_000],
  ['0.5', 500],
  ['-7', undefined],
  ['soon', undefined],
  ['1e9', undefined],
  ['100000', 300_000],
  ['Sat, 21 Nov 2026 04:12:49 GMT', 30_000],
  ['Sat, 21 Nov 2026 04:12:09 GMT', 0],
  ['Sun, 21 Nov 2027 04:12:09 GMT', 300_000],
])('Retry-After: %s asks for %s ms', (header, expected) => {
  expect(parseRetryAfter(header, nowMs)).toBe(expected);
});
