import { expect, it } from 'vitest';
import { parseGoDuration } from '../src/go-duration.ts';

it.each([
  ['0', 0],
  ['1m30s', 90_000],
  ['1.5h', 5_400_000],
  ['-2s', -2000],
  ['300ms', 300],
  ['.5s', 500],
  ['2µs', 0.002],
  ['10', undefined],
  ['1d', undefined],
  ['2562047h', 2_562_047 * 3_600_000],
  ['2562048h', undefined],
  ['1h 2m', undefined],
  ['', undefined],
])('a duration of Go %s is %s ms', (text, expected) => {
  expect(parseGoDuration(text)).toBe(expected);
});
