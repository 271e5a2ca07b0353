import { expect, it } from 'vitest';
import {
  parseDaysOfMonth,
  parseMinutes,
  parseMonths,
  parseWeekdays,
  parseYears,
} from '../../src/time-intervals/parse-ranges.ts';

const PARSERS = { weekdays: parseWeekdays, days: parseDaysOfMonth, months: parseMonths, years: parseYears };

it.each([
  ['weekdays', 'friday:monday', 'start day cannot be before end day'],
  ['weekdays', 'someday', 'someday is not a valid weekday'],
  ['weekdays', 'monday:tuesday:friday', "couldn't parse range monday:tuesday:friday, invalid format"],
  ['days', '0', '0 is not a valid day of the month: out of range'],
  ['days', '1:32', '32 is not a valid day of the month: out of range'],
  ['days', '-5:5', 'end day must be negative if start day is negative'],
  ['days', '15:-20', 'end day -20 is always before start day 15'],
  ['days', 'x', 'strconv.Atoi: parsing "x": invalid syntax'],
  ['months', 'may:april', 'end month april is before start month may'],
  ['months', 'mai', 'mai is not a valid month'],
  ['years', '2027:2026', 'end year 2026 is before start year 2027'],
] as const)('%s refuse %s', (kind, text, message) => {
  expect(() => PARSERS[kind](text)).toThrow(expect.objectContaining({ message }));
});

it.each([
  ['09:00', '', 'both start and end times must be provided'],
  ['9:00', '10:00', "couldn't parse timestamp 9:00, invalid format"],
  ['10:00', '10:00', 'start time cannot be equal or greater than end time'],
  ['10:00', '24:01', "couldn't parse timestamp 24:01, invalid format"],
])('times refuse %s to %s', (start, end, message) => {
  expect(() => parseMinutes(start, end)).toThrow(expect.objectContaining({ message }));
});
