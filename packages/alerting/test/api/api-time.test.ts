import { expect, it } from 'vitest';
import { formatApiTime, NO_TIME_MS, parseApiTime } from '../../src/api/api-time.ts';

const NOW = Date.UTC(2026, 10, 29, 10);

it.each([
  ['2026-11-29T10:00:00Z', NOW],
  ['2026-11-29T10:00:00.123456789Z', NOW + 123],
  ['2026-11-29T12:30:00.5+02:30', NOW + 500],
  ['2026-11-29T12:30:00+0230', NOW],
  ['2026-11-29T10:00:00', NOW],
  ['2026-11-29T10:00', NOW],
  ['2026-11-29T10:00Z', NOW],
  ['2026-11-29 10:00:00', NOW],
  ['2026-11-29', NOW - 36_000_000],
  ['2024-02-29T00:00:00Z', Date.UTC(2024, 1, 29)],
  ['0001-01-01T00:00:00.000Z', NO_TIME_MS],
  ['', 0],
])('reads %j', (text, timeMs) => {
  expect(parseApiTime(text)).toBe(timeMs);
});

it.each([
  'now',
  '1795946400',
  '2026-11-31T10:00:00Z',
  '2026-02-29T10:00:00Z',
  '2026-11-29T24:00:00Z',
  '2026-11-29T10:00:60Z',
  '2026-13-29T10:00:00Z',
  '2026-11-29 10:00',
  '2026-11-29 10:00:00Z',
  ' 2026-11-29T10:00:00Z',
])('refuses %j', (text) => {
  expect(parseApiTime(text)).toBeUndefined();
});

it('writes milliseconds, and the year 1 for none', () => {
  expect([formatApiTime(NOW), formatApiTime(undefined), formatApiTime(NO_TIME_MS)]).toEqual([
    '2026-11-29T10:00:00.000Z',
    '0001-01-01T00:00:00.000Z',
    '0001-01-01T00:00:00.000Z',
  ]);
});
