import { describe, expect, it } from 'vitest';
import { formatSize, parseSize } from '../src/sizes.ts';

describe('parseSize', () => {
  it.each([
    ['0', 0],
    ['1048576', 1_048_576],
    ['64KiB', 65_536],
    ['1MiB', 1_048_576],
    ['10Mi', 10_485_760],
    ['50MB', 50_000_000],
    ['1G', 1_000_000_000],
    ['1.5GiB', 1_610_612_736],
    ['512 B', 512],
    ['8k', 8000],
  ])('reads %s', (text, expectedBytes) => {
    expect(parseSize(text)).toBe(expectedBytes);
  });

  it.each([
    '',
    '-1',
    '1.5',
    '0.3KB3',
    '1iB',
    '10Mb',
    '1e6',
    'MiB',
    '9007199254740992',
    '1 000',
  ])('refuses %j', (text) => {
    expect(parseSize(text)).toBeUndefined();
  });
});

describe('formatSize', () => {
  it.each([
    [0, '0B'],
    [999, '999B'],
    [1000, '0.977KiB'],
    [1024, '1KiB'],
    [1_572_864, '1.5MiB'],
    [1_047_527_424, '999MiB'],
    [1_048_051_712, '0.976GiB'],
    [2 ** 50 * 2000, '2000PiB'],
  ])('writes %d as %s', (sizeBytes, expected) => {
    expect(formatSize(sizeBytes)).toBe(expected);
  });
});
