import { describe, expect, it } from 'vitest';
import { formatTime, parseStep, parseTime } from '../../src/query/times.ts';

const NOW = Date.UTC(2026, 10, 29, 10);

describe('parseTime', () => {
  it.each([
    ['2026-11-29T10:00:00Z', NOW],
    ['2026-11-29T12:30:00.25+02:30', NOW + 250],
    ['1795946400', 1_795_946_400_000],
    ['1795946400.5', 1_795_946_400_500],
    ['-1', -1000],
    ['now', NOW],
    ['now-1h30m', NOW - 5_400_000],
    ['now+15s', NOW + 15_000],
  ])('reads %s', (text, timeMs) => {
    expect(parseTime(text, NOW)).toBe(timeMs);
  });

  it.each([
    '',
    'yesterday',
    '2026-11-29',
    '2026-13-29T10:00:00Z',
    '10:00',
    'now-',
    'now-soon',
    'now 1h',
    '1e9',
  ])('refuses %j', (text) => {
    expect(parseTime(text, NOW)).toBeUndefined();
  });
});

it('reads steps as durations and as seconds, and takes none that is no step', () => {
  expect(['15s', '1m30s', '5', '0.5'].map(parseStep)).toEqual([15_000, 90_000, 5000, 500]);
  expect(['0', '0s', '-5', 'fast'].map(parseStep)).toEqual([undefined, undefined, undefined, undefined]);
});

it('writes times as dates, with a fraction where there is one, and as seconds where there is no date', () => {
  expect([NOW, NOW + 5, 9e15].map(formatTime)).toEqual([
    '2026-11-29T10:00:00Z',
    '2026-11-29T10:00:00.005Z',
    '9000000000000',
  ]);
});
