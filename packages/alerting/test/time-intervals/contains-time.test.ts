import { describe, expect, it } from 'vitest';
import { containsTime, intervalsAt } from '../../src/time-intervals/contains-time.ts';
import {
  parseDaysOfMonth,
  parseMinutes,
  parseMonths,
  parseWeekdays,
  parseYears,
} from '../../src/time-intervals/parse-ranges.ts';
import { ALWAYS, type TimeInterval } from '../../src/time-intervals/time-interval.ts';

const contains = (interval: Partial<TimeInterval>, time: string): boolean =>
  containsTime({ ...ALWAYS, ...interval }, Date.parse(time));

const OFFICE = {
  times: [parseMinutes('09:00', '17:00')],
  weekdays: [parseWeekdays('Monday:friday')],
};

describe('a time interval', () => {
  it.each([
    ['2026-11-27T09:00:00Z', true],
    ['2026-11-27T16:59:59Z', true],
    ['2026-11-27T17:00:00Z', false],
    ['2026-11-28T10:00:00Z', false],
  ])('asks for all of its fields: %s in office hours is %s', (time, expected) => {
    expect(contains(OFFICE, time)).toBe(expected);
  });

  it('asks for any range of a field, and for nothing without fields', () => {
    const weekdays = [parseWeekdays('sunday'), parseWeekdays('saturday')];
    expect(contains({ weekdays }, '2026-11-28T10:00:00Z')).toBe(true);
    expect(contains({ weekdays }, '2026-11-29T10:00:00Z')).toBe(true);
    expect(contains({ weekdays }, '2026-11-30T10:00:00Z')).toBe(false);
    expect(contains({ weekdays: [] }, '2026-11-28T10:00:00Z')).toBe(false);
    expect(contains({}, '2026-11-28T10:00:00Z')).toBe(true);
  });

  it('ends its day at 24:00', () => {
    expect(contains({ times: [parseMinutes('23:30', '24:00')] }, '2026-11-28T23:59:59Z')).toBe(true);
  });

  it.each([
    ['-1', '2026-02-28T00:00:00Z', true],
    ['-1', '2028-02-28T00:00:00Z', false],
    ['-1', '2028-02-29T00:00:00Z', true],
    ['1:-1', '2026-04-30T00:00:00Z', true],
    ['31', '2026-04-30T00:00:00Z', false],
    ['28:31', '2026-02-28T00:00:00Z', true],
    ['29:31', '2026-02-28T00:00:00Z', false],
    ['-31:-1', '2026-02-01T00:00:00Z', true],
    ['-3:-2', '2026-04-29T00:00:00Z', true],
    ['-3:-2', '2026-04-30T00:00:00Z', false],
  ])('keeps days of the month within the month: %s at %s is %s', (days, time, expected) => {
    expect(contains({ daysOfMonth: [parseDaysOfMonth(days)] }, time)).toBe(expected);
  });

  it('knows months and years', () => {
    expect(contains({ months: [parseMonths('november:12')] }, '2026-12-31T23:59:59Z')).toBe(true);
    expect(contains({ months: [parseMonths('november:12')] }, '2027-01-01T00:00:00Z')).toBe(false);
    expect(contains({ years: [parseYears('2026:2027')] }, '2027-12-31T00:00:00Z')).toBe(true);
    expect(contains({ years: [parseYears('2026')] }, '2027-01-01T00:00:00Z')).toBe(false);
  });
});

describe('a time interval of a place', () => {
  const night = { times: [parseMinutes('02:00', '03:00')], location: 'Europe/Paris' };

  it('is by the clock there, the day too', () => {
    const friday = { weekdays: [parseWeekdays('friday')], location: 'Australia/Sydney' };
    expect(contains(friday, '2026-11-26T13:00:00Z')).toBe(true);
    expect(contains(friday, '2026-11-27T13:00:00Z')).toBe(false);
  });

  it('is at another time of UTC in summer', () => {
    const office = { ...OFFICE, location: 'America/New_York' };
    expect(contains(office, '2026-03-06T13:30:00Z')).toBe(false);
    expect(contains(office, '2026-03-09T13:30:00Z')).toBe(true);
  });

  it('has no hour that the change to summer time leaves out', () => {
    const minutes = Array.from({ length: 24 * 60 }, (_, minute) => minute * 60_000);
    const inside = minutes.filter((ms) =>
      containsTime({ ...ALWAYS, ...night }, Date.parse('2026-03-29T00:00:00Z') + ms),
    );
    // What is left is of the night after: 00:00 to 01:00 UTC is 01:00 to 02:00 there, and 01:00 UTC is 03:00.
    expect(inside).toEqual([]);
  });

  it('has the hour twice that the change from summer time repeats', () => {
    const minutes = Array.from({ length: 12 * 60 }, (_, minute) => minute * 60_000);
    const inside = minutes.filter((ms) =>
      containsTime({ ...ALWAYS, ...night }, Date.parse('2026-10-25T00:00:00Z') + ms),
    );
    expect(inside).toHaveLength(120);
  });
});

it('names the intervals that contain a time', () => {
  const intervals = new Map([
    ['office', [{ ...ALWAYS, ...OFFICE }]],
    ['always', [{ ...ALWAYS, weekdays: [] }, ALWAYS]],
    ['never', []],
  ]);
  expect(intervalsAt(['never', 'always', 'office'], intervals, Date.parse('2026-11-28T10:00:00Z'))).toEqual(['always']);
});
