import { describe, expect, it } from 'vitest';
import { formatLayout, parseLayout } from '../../src/template/time-layout.ts';
import { timeZone } from '../../src/template/time-zone.ts';

const nanosAt = (time: string): bigint => BigInt(Date.parse(time)) * 1_000_000n;
const FULL = '2006-01-02 15:04:05 -0700 MST';

describe('time zones', () => {
  it.each([
    ['UTC', '2024-03-31T00:59:59Z', '2024-03-31 00:59:59 +0000 UTC'],
    ['Europe/Paris', '2024-03-31T00:59:59Z', '2024-03-31 01:59:59 +0100 CET'],
    ['Europe/Paris', '2024-03-31T01:00:00Z', '2024-03-31 03:00:00 +0200 CEST'],
    ['America/New_York', '2024-11-03T06:00:00Z', '2024-11-03 01:00:00 -0500 EST'],
    ['Asia/Kolkata', '2024-01-01T00:00:00Z', '2024-01-01 05:30:00 +0530 IST'],
    ['Asia/Tokyo', '2024-01-01T00:00:00Z', '2024-01-01 09:00:00 +0900 JST'],
    ['America/Sao_Paulo', '2024-01-01T00:00:00Z', '2023-12-31 21:00:00 -0300 -03'],
    ['Asia/Shanghai', '2024-01-01T00:00:00Z', '2024-01-01 08:00:00 +0800 CST'],
    ['Europe/Moscow', '2024-01-01T00:00:00Z', '2024-01-01 03:00:00 +0300 MSK'],
    ['Europe/Dublin', '2024-07-01T00:00:00Z', '2024-07-01 01:00:00 +0100 IST'],
    ['Europe/Dublin', '2024-01-01T00:00:00Z', '2024-01-01 00:00:00 +0000 GMT'],
    ['Asia/Dubai', '2024-01-01T00:00:00Z', '2024-01-01 04:00:00 +0400 +04'],
    ['Asia/Kathmandu', '2024-01-01T00:00:00Z', '2024-01-01 05:45:00 +0545 +0545'],
  ])('%s at %s', (name, time, expected) => {
    expect(formatLayout(nanosAt(time), FULL, timeZone(name))).toBe(expected);
  });

  it('are none of other names', () => {
    expect(timeZone('Nowhere/Else')).toBeUndefined();
  });
});

describe('layouts', () => {
  it('show the zero time at a place, which is there in the year before', () => {
    const layout = '2006-01-02 15:04:05 -07:00:00';
    expect(formatLayout(-62_135_596_800n * 1_000_000_000n, layout, timeZone('America/New_York'))).toBe(
      '0000-12-31 19:03:58 -04:56:02',
    );
  });

  it('show a time as Go shows it', () => {
    const nanos = nanosAt('2024-05-01T00:04:05.12Z') + 3456789n;
    expect(formatLayout(nanos, 'Monday, 2 January 2006 3:4:5pm 06 002 .000 ,999')).toBe(
      'Wednesday, 1 May 2024 12:4:5am 24 122 .123 ,123',
    );
  });

  it.each([
    ['2006-01-02', '2024-02-29', '2024-02-29T00:00:00Z'],
    ['2006-01-02T15:04:05Z07:00', '2024-05-01T10:00:00.25+02:00', '2024-05-01T08:00:00.250Z'],
    ['Mon Jan _2 15:04:05 2006', 'Wed May  1 10:00:00 2024', '2024-05-01T10:00:00Z'],
    ['1/2/06 3:04 PM', '5/1/24 12:30 AM', '2024-05-01T00:30:00Z'],
    ['2006-01-02', '2023-02-29', undefined],
    ['15:04', '24:00', undefined],
    ['2006-01-02', '2024-5-1', undefined],
  ])('%s reads %s', (layout, text, expected) => {
    expect(parseLayout(text, layout)?.unixNanos).toBe(expected === undefined ? undefined : nanosAt(expected));
  });
});
