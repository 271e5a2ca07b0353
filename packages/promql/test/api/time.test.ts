import { describe, expect, it } from 'vitest';
import { MAX_TIME_MS, MIN_TIME_MS, parseTime } from '../../src/api/time.ts';

describe('times of requests', () => {
  it.each([
    ['123', 123_000],
    ['123.123', 123_123],
    ['-1.5', -1500],
    ['1.0001', 1000],
    ['1543578564.705', 1_543_578_564_705],
    ['1e3', 1_000_000],
    ['1_000', 1_000_000],
    ['2015-06-03T13:21:58.555Z', Date.UTC(2015, 5, 3, 13, 21, 58, 555)],
    ['2015-06-03T14:21:58.555+01:00', Date.UTC(2015, 5, 3, 13, 21, 58, 555)],
    ['2015-06-03T07:51:58.5-05:30', Date.UTC(2015, 5, 3, 13, 21, 58, 500)],
    ['2015-06-03T13:21:58.555999999Z', Date.UTC(2015, 5, 3, 13, 21, 58, 555)],
    ['0001-01-01T00:00:00Z', -62_135_596_800_000],
    ['-292273086-05-16T16:47:06Z', MIN_TIME_MS],
    ['292277025-08-18T07:12:54.999999999Z', MAX_TIME_MS],
    ['1e300', MAX_TIME_MS],
  ])('reads %s', (text, expected) => {
    expect(parseTime(text)).toBe(expected);
  });

  it.each([
    '',
    '0x10',
    'abc',
    '30s',
    'NaN',
    'Inf',
    '2015-06-03',
    '2015-02-29T00:00:00Z',
    '2015-06-03T24:00:00Z',
    '2015-06-03T13:21:58',
  ])('refuses %j', (text) => {
    expect(parseTime(text)).toBeUndefined();
  });

  it('keeps every millisecond of a float, as Go does', () => {
    for (let fraction = 0; fraction < 1000; fraction++) {
      const expected = 1_700_000_000_000 + fraction;
      // Go truncates 0.289 * 1e9 to 288999999 ns where the product is below.
      const nanos = Math.trunc((fraction / 1000) * 1e9);
      expect(parseTime(String(expected / 1000))).toBe(1_700_000_000_000 + Math.floor(nanos / 1e6));
    }
  });
});
