import { assert, integer, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration, parseDuration } from '../src/durations.ts';

describe('parseDuration', () => {
  it.each([
    ['0', 0],
    ['0s', 0],
    ['500ms', 500],
    ['15s', 15_000],
    ['1m', 60_000],
    ['1h30m', 5_400_000],
    ['1d', 86_400_000],
    ['1y2w3d4h5m6s7ms', 365 * 86_400_000 + 17 * 86_400_000 + 14_706_007],
  ])('reads %s', (text, expectedMs) => {
    expect(parseDuration(text)).toBe(expectedMs);
  });

  it.each([
    '',
    '15',
    '-1s',
    '1.5s',
    '30m1h',
    '1s1s',
    '1 s',
    '1S',
    's',
    '9007199254740992ms',
    '1h ',
    '1h\n',
  ])('refuses %j', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });
});

describe('formatDuration', () => {
  it.each([
    [0, '0s'],
    [90_000, '1m30s'],
    [86_400_000 * 8, '8d'],
    [86_400_000 * 14, '2w'],
    [86_400_000 * 365, '1y'],
    [1, '1ms'],
  ])('writes %d as %s', (durationMs, expected) => {
    expect(formatDuration(durationMs)).toBe(expected);
  });

  it('is read back to the same value', () => {
    assert(property(integer({ min: 0, max: 2 ** 48 }), (ms) => parseDuration(formatDuration(ms)) === ms));
  });
});
