/** Whether a time lies in an interval. Source: Alertmanager, timeinterval/timeinterval.go, ContainsTime. */
import { bug } from '@vigie/core/errors';
import type { InclusiveRange, TimeInterval } from './time-interval.ts';
import { type WallClock, wallClockAt } from './wall-clock.ts';

/** By the clock of its place: an hour that a change to summer time leaves out is in no interval, one that comes twice is in it twice.
 *  @param timeMs Unix ms */
export function containsTime(interval: TimeInterval, timeMs: number): boolean {
  const clock = wallClockAt(timeMs, interval.location);
  const { times, weekdays, daysOfMonth, months, years } = interval;
  return (
    (times === undefined ||
      times.some(({ startMinute, endMinute }) => isWithin(clock.minute, startMinute, endMinute - 1))) &&
    (daysOfMonth === undefined || daysOfMonth.some((range) => containsDay(range, clock))) &&
    (months === undefined || contains(months, clock.month)) &&
    (weekdays === undefined || contains(weekdays, clock.weekday)) &&
    (years === undefined || contains(years, clock.year))
  );
}

/** Time intervals of a configuration, by name. */
export type TimeIntervals = ReadonlyMap<string, readonly TimeInterval[]>;

/** Those of the names whose intervals contain the time. */
export function intervalsAt(names: readonly string[], intervals: TimeIntervals, timeMs: number): readonly string[] {
  return names.filter((name) => {
    const named = intervals.get(name);
    if (named === undefined) throw bug(`time interval ${name} is not in the configuration`);
    return named.some((interval) => containsTime(interval, timeMs));
  });
}

function contains(ranges: readonly InclusiveRange[], value: number): boolean {
  return ranges.some(({ begin, end }) => isWithin(value, begin, end));
}

function isWithin(value: number, begin: number, end: number): boolean {
  return value >= begin && value <= end;
}

function containsDay({ begin, end }: InclusiveRange, { day, month, year }: WallClock): boolean {
  const days = new Date(Date.UTC(year, month, 0)).getUTCDate();
  const dayOf = (bound: number): number => (bound < 0 ? days + bound + 1 : bound);
  return dayOf(begin) <= days && isWithin(day, dayOf(begin), Math.min(dayOf(end), days));
}
