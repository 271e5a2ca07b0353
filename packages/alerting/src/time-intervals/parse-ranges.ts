/** Ranges of the calendar as they are written: `monday:friday`, `1:-1`, `january`, `2026:2027`, `09:00`.
 *  Source: Alertmanager, timeinterval/timeinterval.go. */
import { VigieError } from '@vigie/core/errors';
import type { InclusiveRange, MinuteRange } from './time-interval.ts';

/** In Alertmanager's words. `code` is TIME_RANGE_INVALID. */
export class TimeRangeError extends VigieError {
  constructor(message: string) {
    super('TIME_RANGE_INVALID', message);
  }
}

const WEEKDAYS: readonly string[] = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
const MONTHS: readonly string[] = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
];

/** @throws {TimeRangeError} */
export function parseWeekdays(text: string): InclusiveRange {
  const range = parseRange(text, (member) => {
    const day = WEEKDAYS.indexOf(member);
    if (day < 0) throw new TimeRangeError(`${member} is not a valid weekday`);
    return day;
  });
  if (range.begin > range.end) throw new TimeRangeError('start day cannot be before end day');
  return range;
}

/** @throws {TimeRangeError} */
export function parseDaysOfMonth(text: string): InclusiveRange {
  const { begin, end } = parseRange(text, parseNumber);
  for (const day of [begin, end]) {
    if (day === 0 || Math.abs(day) > 31)
      throw new TimeRangeError(`${day} is not a valid day of the month: out of range`);
  }
  if (begin < 0 && end > 0) throw new TimeRangeError('end day must be negative if start day is negative');
  // What is wrong in the shortest month is wrong in all.
  const inFebruary = (day: number): number => (day < 0 ? 28 + day : day);
  if (inFebruary(begin) > inFebruary(end))
    throw new TimeRangeError(`end day ${end} is always before start day ${begin}`);
  return { begin, end };
}

/** @throws {TimeRangeError} */
export function parseMonths(text: string): InclusiveRange {
  const range = parseRange(text, (member) => {
    const named = MONTHS.indexOf(member) + 1;
    if (named > 0) return named;
    if (!NUMBER.test(member)) throw new TimeRangeError(`${member} is not a valid month`);
    return Number(member);
  });
  const nameOf = (month: number): string => MONTHS[month - 1] ?? '';
  if (range.begin > range.end)
    throw new TimeRangeError(`end month ${nameOf(range.end)} is before start month ${nameOf(range.begin)}`);
  return range;
}

/** @throws {TimeRangeError} */
export function parseYears(text: string): InclusiveRange {
  const range = parseRange(text, parseNumber);
  if (range.begin > range.end) throw new TimeRangeError(`end year ${range.end} is before start year ${range.begin}`);
  return range;
}

/** @param start, end `HH:MM`, up to `24:00`
 *  @throws {TimeRangeError} */
export function parseMinutes(start: string, end: string): MinuteRange {
  if (start === '' || end === '') throw new TimeRangeError('both start and end times must be provided');
  const startMinute = parseTimeOfDay(start);
  const endMinute = parseTimeOfDay(end);
  if (startMinute >= endMinute) throw new TimeRangeError('start time cannot be equal or greater than end time');
  return { startMinute, endMinute };
}

function parseTimeOfDay(text: string): number {
  if (!/^(?:(?:[01]\d|2[0-3]):[0-5]\d|24:00)$/.test(text))
    throw new TimeRangeError(`couldn't parse timestamp ${text}, invalid format`);
  return Number(text.slice(0, 2)) * 60 + Number(text.slice(3));
}

const NUMBER = /^[+-]?\d+$/;

function parseNumber(text: string): number {
  if (!NUMBER.test(text)) throw new TimeRangeError(`strconv.Atoi: parsing "${text}": invalid syntax`);
  return Number(text);
}

function parseRange(text: string, parseMember: (member: string) => number): InclusiveRange {
  const members = text.toLowerCase().split(':');
  if (members.length > 2) throw new TimeRangeError(`couldn't parse range ${text.toLowerCase()}, invalid format`);
  const [begin = '', end = begin] = members;
  return { begin: parseMember(begin), end: parseMember(end) };
}
