/** Go's layouts of times, written by example: `2006-01-02 15:04:05.000 -0700 MST`. Source: Go 1.26, time/format.go. */
import { escapeRegex } from '../regex/escape-regex.ts';
import { fixedZone, type TimeZone, UTC } from './time-zone.ts';

export const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
export const MONTHS = [
  ...['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October'],
  ...['November', 'December'],
];
const SECOND = 1_000_000_000n;

const LAYOUT =
  /January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|2006|[-Z]07(?::00:00|0000|:00|00)?|[.,]0+(?!\d)|[.,]9+(?!\d)|002|0[1-6]|15|PM|pm|__2|_2(?!006)|[1-5]/g;

/** time.Time.Format */
export function formatLayout(unixNanos: bigint, layout: string, zone: TimeZone = UTC): string {
  const seconds = floorDivide(unixNanos, SECOND);
  const fraction = String(unixNanos - seconds * SECOND).padStart(9, '0');
  const offset = zone.offsetAt(Number(seconds) * 1000);
  const parts = partsOf(new Date((Number(seconds) + offset.seconds) * 1000));
  return layout.replace(LAYOUT, (part) => {
    if (part === 'MST') return offset.abbreviation;
    if (part[0] === '-' || part[0] === 'Z') return offsetText(part, offset.seconds);
    const known = parts[part];
    if (known !== undefined) return known;
    const digits = fraction.slice(0, part.length - 1);
    if (part[1] === '0') return part[0] + digits;
    const trimmed = digits.replace(/0+$/, '');
    return trimmed === '' ? '' : part[0] + trimmed;
  });
}

/** @param form `-0700`, `Z07:00:00` */
function offsetText(form: string, offsetSeconds: number): string {
  if (form[0] === 'Z' && offsetSeconds === 0) return 'Z';
  const size = Math.abs(offsetSeconds);
  const numbers = [size / 3600, (size / 60) % 60, size % 60].map((value) => String(Math.floor(value)).padStart(2, '0'));
  const shown = numbers.slice(0, (form.replaceAll(':', '').length - 1) / 2);
  return (offsetSeconds < 0 ? '-' : '+') + shown.join(form.includes(':') ? ':' : '');
}

/** @param shown the time at which UTC shows what is to be written */
function partsOf(shown: Date): Readonly<Record<string, string>> {
  const month = MONTHS[shown.getUTCMonth()] ?? '';
  const day = DAYS[shown.getUTCDay()] ?? '';
  const hour = shown.getUTCHours();
  const hour12 = hour % 12 === 0 ? 12 : hour % 12;
  const two = (value: number): string => String(value).padStart(2, '0');
  return {
    January: month,
    Jan: month.slice(0, 3),
    Monday: day,
    Mon: day.slice(0, 3),
    '2006': String(shown.getUTCFullYear()).padStart(4, '0'),
    '01': two(shown.getUTCMonth() + 1),
    '02': two(shown.getUTCDate()),
    '03': two(hour12),
    '04': two(shown.getUTCMinutes()),
    '05': two(shown.getUTCSeconds()),
    '06': two(shown.getUTCFullYear() % 100),
    '002': String(yearDay(shown)).padStart(3, '0'),
    '15': two(hour),
    PM: hour < 12 ? 'AM' : 'PM',
    pm: hour < 12 ? 'am' : 'pm',
    _2: String(shown.getUTCDate()).padStart(2, ' '),
    __2: String(yearDay(shown)).padStart(3, ' '),
    '1': String(shown.getUTCMonth() + 1),
    '2': String(shown.getUTCDate()),
    '3': String(hour12),
    '4': String(shown.getUTCMinutes()),
    '5': String(shown.getUTCSeconds()),
  };
}

/** What may stand for each part of a layout, and the number that it is of. */
const READ: Readonly<Record<string, readonly [pattern: string, field: Field]>> = {
  January: [MONTHS.join('|'), 'monthName'],
  Jan: [MONTHS.map((name) => name.slice(0, 3)).join('|'), 'monthName'],
  Monday: [DAYS.join('|'), 'none'],
  Mon: [DAYS.map((name) => name.slice(0, 3)).join('|'), 'none'],
  MST: ['[A-Z]{3,5}|[+-]\\d\\d', 'none'],
  '2006': ['\\d{4}', 'year'],
  '06': ['\\d\\d', 'shortYear'],
  '-07:00': ['[+-]\\d\\d:\\d\\d', 'offset'],
  'Z07:00': ['Z|[+-]\\d\\d:\\d\\d', 'offset'],
  '-0700': ['[+-]\\d{4}', 'offset'],
  Z0700: ['Z|[+-]\\d{4}', 'offset'],
  '-07': ['[+-]\\d\\d', 'offset'],
  Z07: ['Z|[+-]\\d\\d', 'offset'],
  '01': ['\\d\\d', 'month'],
  '1': ['\\d\\d?', 'month'],
  '02': ['\\d\\d', 'day'],
  _2: [' ?\\d\\d?', 'day'],
  '2': ['\\d\\d?', 'day'],
  '15': ['\\d\\d', 'hour'],
  '03': ['\\d\\d', 'hour'],
  '3': ['\\d\\d?', 'hour'],
  '04': ['\\d\\d', 'minute'],
  '4': ['\\d\\d?', 'minute'],
  '05': ['\\d\\d(?:[.,]\\d+)?', 'second'],
  '5': ['\\d\\d?(?:[.,]\\d+)?', 'second'],
  PM: ['[AP]M', 'half'],
  pm: ['[ap]m', 'half'],
};
type Field =
  | ('none' | 'monthName' | 'year' | 'shortYear' | 'offset' | 'month')
  | ('day' | 'hour' | 'minute' | 'second' | 'half');

export interface ReadTime {
  readonly unixNanos: bigint;
  readonly zone: TimeZone;
}

/** time.Parse: a time that does not say its offset is in UTC.
 *  @returns undefined where the text is not so written, or no such time exists */
export function parseLayout(text: string, layout: string): ReadTime | undefined {
  const fields: Field[] = [];
  let pattern = '';
  let at = 0;
  for (const { 0: part, index } of layout.matchAll(LAYOUT)) {
    pattern += escapeRegex(layout.slice(at, index));
    at = index + part.length;
    const read = READ[part];
    // Fractions are read with the seconds before them.
    if (read === undefined) continue;
    pattern += `(${read[0]})`;
    fields.push(read[1]);
  }
  const match = new RegExp(`^${pattern}${escapeRegex(layout.slice(at))}$`).exec(text);
  return match === null ? undefined : timeOf(new Map(fields.map((field, index) => [field, match[index + 1] ?? ''])));
}

function timeOf(fields: ReadonlyMap<Field, string>): ReadTime | undefined {
  const number = (field: Field, fallback: number): number => Number(fields.get(field) ?? fallback);
  const short = fields.get('shortYear');
  const year = short === undefined ? number('year', 0) : Number(short) + (Number(short) >= 69 ? 1900 : 2000);
  const name = fields.get('monthName');
  const month = name === undefined ? number('month', 1) : MONTHS.findIndex((one) => one.startsWith(name)) + 1;
  const day = number('day', 1);
  const half = fields.get('half')?.toUpperCase();
  const written = number('hour', 0);
  const hour = half === undefined ? written : (written % 12) + (half === 'PM' ? 12 : 0);
  const [whole = '0', fraction = ''] = (fields.get('second') ?? '0').split(/[.,]/);
  const shown = new Date(0);
  shown.setUTCFullYear(year, month - 1, day);
  shown.setUTCHours(hour, number('minute', 0), Number(whole));
  const exists =
    shown.getUTCMonth() === month - 1 &&
    shown.getUTCDate() === day &&
    shown.getUTCHours() === hour &&
    Number(whole) < 60;
  if (!exists) return undefined;
  const offset = offsetSeconds(fields.get('offset'));
  const seconds = BigInt(shown.getTime() / 1000 - offset);
  const unixNanos = seconds * SECOND + BigInt(fraction.slice(0, 9).padEnd(9, '0'));
  return { unixNanos, zone: offset === 0 ? UTC : fixedZone(offset) };
}

function offsetSeconds(text = 'Z'): number {
  const [, sign, hours = '0', minutes = '0'] = /^([+-])(\d\d):?(\d\d)?$/.exec(text) ?? [];
  const size = Number(hours) * 3600 + Number(minutes) * 60;
  return sign === '-' ? -size : size;
}

export function yearDay(date: Date): number {
  const first = new Date(0);
  first.setUTCFullYear(date.getUTCFullYear(), 0, 1);
  return Math.floor((date.getTime() - first.getTime()) / 86_400_000) + 1;
}

export function floorDivide(value: bigint, by: bigint): bigint {
  return value < 0n && value % by !== 0n ? value / by - 1n : value / by;
}
