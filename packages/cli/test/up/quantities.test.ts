import { expect, it } from 'vitest';
import { formatBytes, formatCount, formatUptime } from '../../src/up/quantities.ts';

const counts: readonly [number, string][] = [
  [0, '0'],
  [999, '999'],
  [1000, '1.00k'],
  [12_345, '12.3k'],
  [999_999, '999k'],
  [4_567_890, '4.56M'],
  [2 ** 53, '9.00P'],
];
it.each(counts)('counts %i as %s', (count, text) => {
  expect(formatCount(count)).toBe(text);
});

it('writes sizes in decimal units', () => {
  expect([0, 999, 65_536, 1_048_576].map(formatBytes)).toEqual(['0 B', '999 B', '65.5 kB', '1.04 MB']);
});

it('writes how long it has run as hours, minutes and seconds', () => {
  expect([0, 192_999, 360_000_000].map(formatUptime)).toEqual(['00:00:00', '00:03:12', '100:00:00']);
});
