/** When, in its time, a silence holds: `saturday,sunday 02:00-04:00 Europe/Paris`, in the words of Alertmanager's time intervals. Alertmanager
 *  takes it for an annotation that means nothing. */
import { containsTime } from '../time-intervals/contains-time.ts';
import {
  parseDaysOfMonth,
  parseMinutes,
  parseMonths,
  parseWeekdays,
  TimeRangeError,
} from '../time-intervals/parse-ranges.ts';
import { ALWAYS, type TimeInterval } from '../time-intervals/time-interval.ts';
import { hostLocation, isLocation } from '../time-intervals/wall-clock.ts';

/** The annotation of a silence that holds again and again: days of the week, months, days of the month, times of the day and a time zone, each
 *  once at most, in any order; of a kind several with commas between them: `monday,friday 09:00-12:00,13:00-17:00`. All have to fit; UTC unless
 *  a zone is there. */
export const RECURS = 'vigie_recurs';

const TIMES = /^\d\d:\d\d-\d\d:\d\d$/;
const DAYS = /^-?\d/;
const NAMES = /^[a-z]+(?::[a-z]+)?$/i;

/** Of texts that silences have: they are looked at for each alert. undefined: it is none. */
const known = new Map<string, TimeInterval | undefined>();
const MOST_KNOWN = 1000;

/** @returns what is wrong with the text; undefined: nothing */
export function recurrenceProblem(text: string): string | undefined {
  try {
    parseRecurrence(text);
    return undefined;
  } catch (error) {
    if (error instanceof TimeRangeError) return error.message;
    throw error;
  }
}

/** Never, of a text that is none: another version of Vigie may have taken it, and it must keep nobody from being told. */
export function recursAt(text: string, timeMs: number): boolean {
  if (!known.has(text)) {
    if (known.size >= MOST_KNOWN) known.clear();
    known.set(text, recurrenceProblem(text) === undefined ? parseRecurrence(text) : undefined);
  }
  const interval = known.get(text);
  return interval !== undefined && containsTime(interval, timeMs);
}

/** @throws {TimeRangeError} */
function parseRecurrence(text: string): TimeInterval {
  const words = text.split(/\s+/).filter((word) => word !== '');
  if (words.length === 0) throw new TimeRangeError('expected times such as saturday,sunday 02:00-04:00 Europe/Paris');
  const seen = new Set<string>();
  let interval = ALWAYS;
  for (const word of words) {
    const part = readWord(word);
    const [field = ''] = Object.keys(part);
    if (seen.has(field))
      throw new TimeRangeError(`${word}: one of its kind is there already; commas part those of a kind`);
    seen.add(field);
    interval = { ...interval, ...part };
  }
  return interval;
}

/** @returns one field */
function readWord(word: string): Partial<TimeInterval> {
  const parts = word.split(',');
  if (parts.every((part) => TIMES.test(part)))
    return { times: parts.map((part) => parseMinutes(part.slice(0, 5), part.slice(6))) };
  if (parts.every((part) => DAYS.test(part))) return { daysOfMonth: parts.map(parseDaysOfMonth) };
  if (word === 'UTC') return { location: undefined };
  if (word === 'Local') return { location: hostLocation() };
  if (parts.every((part) => NAMES.test(part))) {
    const weekdays = attempt(() => parts.map(parseWeekdays));
    if (weekdays !== undefined) return { weekdays };
    const months = attempt(() => parts.map(parseMonths));
    if (months !== undefined) return { months };
  }
  if (isLocation(word)) return { location: word };
  const expected =
    'days such as monday:friday, months such as may, days of the month such as 1:7, times such as 02:00-04:00, or a time zone';
  throw new TimeRangeError(`${word}: expected ${expected}`);
}

function attempt<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    // Days that are, in an order that they do not have, are a mistake of their own.
    if (error instanceof TimeRangeError && / is not a valid (?:weekday|month)/.test(error.message)) return undefined;
    throw error;
  }
}
