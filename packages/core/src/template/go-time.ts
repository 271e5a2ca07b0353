/** Go's time.Time and time.Duration, as far as templates see them. */
import { type FunctionMap, GoFunction, GoStruct, type Value } from './values.ts';

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = [
  ...['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October'],
  ...['November', 'December'],
];
const SECOND = 1_000_000_000n;

/** @param unixNanos in UTC
 *  @returns a *time.Time, with the methods that reports use */
export function goTime(unixNanos: bigint): GoStruct {
  const none = (value: () => Value): GoFunction => new GoFunction([], value);
  const seconds = floorDivide(unixNanos, SECOND);
  const date = new Date(Number(seconds) * 1000);
  const methods: FunctionMap = new Map([
    ['Unix', none(() => seconds)],
    ['UnixMilli', none(() => floorDivide(unixNanos, 1_000_000n))],
    ['UnixNano', none(() => unixNanos)],
    ['Year', none(() => BigInt(date.getUTCFullYear()))],
    ['Day', none(() => BigInt(date.getUTCDate()))],
    ['YearDay', none(() => BigInt(yearDay(date)))],
    ['Hour', none(() => BigInt(date.getUTCHours()))],
    ['Minute', none(() => BigInt(date.getUTCMinutes()))],
    ['Second', none(() => BigInt(date.getUTCSeconds()))],
    ['Nanosecond', none(() => unixNanos - seconds * SECOND)],
    ['Month', none(() => named('time.Month', MONTHS[date.getUTCMonth()]))],
    ['Weekday', none(() => named('time.Weekday', DAYS[date.getUTCDay()]))],
    ['UTC', none(() => goTime(unixNanos))],
    ['IsZero', none(() => false)],
    ['String', none(() => formatTime(unixNanos))],
    ['Format', new GoFunction(['string'], ([layout]) => formatLayout(unixNanos, String(layout)))],
    ['Add', new GoFunction(['time.Duration'], ([duration]) => goTime(unixNanos + nanosOf(duration)))],
  ]);
  return new GoStruct('*time.Time', new Map([['nanos', unixNanos]]), methods, formatTime(unixNanos));
}

function named(typeName: string, text = ''): GoStruct {
  return new GoStruct(typeName, new Map(), new Map([['String', new GoFunction([], () => text)]]), text);
}

/** @returns a *time.Duration */
export function goDuration(nanos: bigint): GoStruct {
  const none = (value: () => Value): GoFunction => new GoFunction([], value);
  const methods: FunctionMap = new Map([
    ['Hours', none(() => Number(nanos) / 3.6e12)],
    ['Minutes', none(() => Number(nanos) / 6e10)],
    ['Seconds', none(() => Number(nanos) / 1e9)],
    ['Milliseconds', none(() => nanos / 1_000_000n)],
    ['Microseconds', none(() => nanos / 1000n)],
    ['Nanoseconds', none(() => nanos)],
    ['String', none(() => formatGoDuration(nanos))],
  ]);
  return new GoStruct('*time.Duration', new Map([['nanos', nanos]]), methods, formatGoDuration(nanos));
}

/** @returns nanoseconds; 0 for what is no time and no duration */
export function nanosOf(value: Value): bigint {
  const nanos = value instanceof GoStruct ? value.fields.get('nanos') : undefined;
  return typeof nanos === 'bigint' ? nanos : 0n;
}

/** `2009-11-10 23:00:00.5 +0000 UTC` */
export function formatTime(unixNanos: bigint): string {
  return formatLayout(unixNanos, '2006-01-02 15:04:05.999999999 -0700 MST');
}

const LAYOUT =
  /January|Jan|Monday|Mon|MST|2006|-07:00|Z07:00|-0700|[.,]0+(?!\d)|[.,]9+(?!\d)|01|02|03|04|05|06|002|15|PM|pm|_2|1|2|3|4|5/g;

/** time.Time.Format, in UTC. */
function formatLayout(unixNanos: bigint, layout: string): string {
  const seconds = floorDivide(unixNanos, SECOND);
  const fraction = String(unixNanos - seconds * SECOND).padStart(9, '0');
  const date = new Date(Number(seconds) * 1000);
  const month = MONTHS[date.getUTCMonth()] ?? '';
  const day = DAYS[date.getUTCDay()] ?? '';
  const hour = date.getUTCHours();
  const hour12 = hour % 12 === 0 ? 12 : hour % 12;
  const two = (value: number): string => String(value).padStart(2, '0');
  const parts: Readonly<Record<string, string>> = {
    January: month,
    Jan: month.slice(0, 3),
    Monday: day,
    Mon: day.slice(0, 3),
    MST: 'UTC',
    '2006': String(date.getUTCFullYear()).padStart(4, '0'),
    '-07:00': '+00:00',
    'Z07:00': 'Z',
    '-0700': '+0000',
    '01': two(date.getUTCMonth() + 1),
    '02': two(date.getUTCDate()),
    '03': two(hour12),
    '04': two(date.getUTCMinutes()),
    '05': two(date.getUTCSeconds()),
    '06': two(date.getUTCFullYear() % 100),
    '002': String(yearDay(date)).padStart(3, '0'),
    '15': two(hour),
    PM: hour < 12 ? 'AM' : 'PM',
    pm: hour < 12 ? 'am' : 'pm',
    _2: String(date.getUTCDate()).padStart(2, ' '),
    '1': String(date.getUTCMonth() + 1),
    '2': String(date.getUTCDate()),
    '3': String(hour12),
    '4': String(date.getUTCMinutes()),
    '5': String(date.getUTCSeconds()),
  };
  return layout.replace(LAYOUT, (part) => {
    const known = parts[part];
    if (known !== undefined) return known;
    const digits = fraction.slice(0, part.length - 1);
    if (part[1] === '0') return part[0] + digits;
    const trimmed = digits.replace(/0+$/, '');
    return trimmed === '' ? '' : part[0] + trimmed;
  });
}

function yearDay(date: Date): number {
  const first = Date.UTC(date.getUTCFullYear(), 0, 1);
  return Math.floor((date.getTime() - first) / 86_400_000) + 1;
}

/** `1h2m3.5s`, `1.5ms`, `0s` */
export function formatGoDuration(nanos: bigint): string {
  if (nanos === 0n) return '0s';
  const sign = nanos < 0n ? '-' : '';
  const size = nanos < 0n ? -nanos : nanos;
  if (size < 1000n) return `${sign}${size}ns`;
  if (size < 1_000_000n) return `${sign}${decimal(size, 1000n, 3)}µs`;
  if (size < SECOND) return `${sign}${decimal(size, 1_000_000n, 6)}ms`;
  const minutes = size / (60n * SECOND);
  const seconds = `${decimal(size % (60n * SECOND), SECOND, 9)}s`;
  if (minutes === 0n) return sign + seconds;
  return minutes < 60n ? `${sign}${minutes}m${seconds}` : `${sign}${minutes / 60n}h${minutes % 60n}m${seconds}`;
}

function decimal(value: bigint, unit: bigint, digits: number): string {
  const fraction = String(value % unit)
    .padStart(digits, '0')
    .replace(/0+$/, '');
  return `${value / unit}${fraction === '' ? '' : `.${fraction}`}`;
}

function floorDivide(value: bigint, by: bigint): bigint {
  return value < 0n && value % by !== 0n ? value / by - 1n : value / by;
}
