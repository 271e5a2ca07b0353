/** Go's time.Time and time.Duration, as far as templates see them. */
import { DAYS, floorDivide, formatLayout, MONTHS, yearDay } from './time-layout.ts';
import { localZone, type TimeZone, UTC } from './time-zone.ts';
import { type FunctionMap, GoFunction, GoStruct, type Value } from './values.ts';

const SECOND = 1_000_000_000n;
const LONGEST = 2n ** 63n - 1n;
/** Of the year 1, which Go takes for no time. */
export const ZERO_TIME_NANOS = -62_135_596_800n * SECOND;

/** A *time.Time, with the methods that reports use. */
export class GoTime extends GoStruct {
  readonly unixNanos: bigint;
  readonly zone: TimeZone;

  constructor(unixNanos: bigint, zone: TimeZone) {
    super('*time.Time', new Map([['nanos', unixNanos]]), timeMethods(unixNanos, zone), formatTime(unixNanos, zone));
    this.unixNanos = unixNanos;
    this.zone = zone;
  }
}

export function goTime(unixNanos: bigint, zone: TimeZone = UTC): GoTime {
  return new GoTime(unixNanos, zone);
}

function timeMethods(unixNanos: bigint, zone: TimeZone): FunctionMap {
  const none = (value: () => Value): GoFunction => new GoFunction([], value);
  const other = (give: (nanos: bigint) => Value): GoFunction =>
    new GoFunction(['time.Time'], ([time]) => give(nanosOf(time)));
  const seconds = floorDivide(unixNanos, SECOND);
  const shown = (): Date => new Date((Number(seconds) + zone.offsetAt(Number(seconds) * 1000).seconds) * 1000);
  const stepped = (step: (since: bigint, by: bigint) => bigint): GoFunction =>
    new GoFunction(['time.Duration'], ([duration]) =>
      goTime(ZERO_TIME_NANOS + step(unixNanos - ZERO_TIME_NANOS, nanosOf(duration)), zone),
    );
  return new Map([
    ['Unix', none(() => seconds)],
    ['UnixMilli', none(() => floorDivide(unixNanos, 1_000_000n))],
    ['UnixNano', none(() => unixNanos)],
    ['Year', none(() => BigInt(shown().getUTCFullYear()))],
    ['Day', none(() => BigInt(shown().getUTCDate()))],
    ['YearDay', none(() => BigInt(yearDay(shown())))],
    ['Hour', none(() => BigInt(shown().getUTCHours()))],
    ['Minute', none(() => BigInt(shown().getUTCMinutes()))],
    ['Second', none(() => BigInt(shown().getUTCSeconds()))],
    ['Nanosecond', none(() => unixNanos - seconds * SECOND)],
    ['Month', none(() => named('time.Month', MONTHS[shown().getUTCMonth()]))],
    ['Weekday', none(() => named('time.Weekday', DAYS[shown().getUTCDay()]))],
    ['UTC', none(() => goTime(unixNanos))],
    ['Local', none(() => goTime(unixNanos, localZone()))],
    ['IsZero', none(() => unixNanos === ZERO_TIME_NANOS)],
    ['String', none(() => formatTime(unixNanos, zone))],
    ['Format', new GoFunction(['string'], ([layout]) => formatLayout(unixNanos, String(layout), zone))],
    ['Add', new GoFunction(['time.Duration'], ([duration]) => goTime(unixNanos + nanosOf(duration), zone))],
    [
      'AddDate',
      new GoFunction(['int', 'int', 'int'], ([years, months, days]) => {
        const date = shown();
        date.setUTCFullYear(
          date.getUTCFullYear() + Number(years),
          date.getUTCMonth() + Number(months),
          date.getUTCDate() + Number(days),
        );
        return goTime(unixAt(date.getTime(), zone) + unixNanos - seconds * SECOND, zone);
      }),
    ],
    ['Sub', other((nanos) => goDuration(unixNanos - nanos, 'time.Duration'))],
    ['Round', stepped(rounded)],
    ['Truncate', stepped(truncated)],
    ['Before', other((nanos) => unixNanos < nanos)],
    ['After', other((nanos) => unixNanos > nanos)],
    ['Equal', other((nanos) => unixNanos === nanos)],
    ['Compare', other((nanos) => BigInt(unixNanos > nanos) - BigInt(unixNanos < nanos))],
  ]);
}

/** @param shownMs what a clock there shows, as the time at which UTC shows the same; one that it shows twice is the first
 *  @returns Unix nanoseconds */
function unixAt(shownMs: number, zone: TimeZone): bigint {
  const guess = shownMs - zone.offsetAt(shownMs).seconds * 1000;
  return BigInt(shownMs - zone.offsetAt(guess).seconds * 1000) * 1_000_000n;
}

function truncated(value: bigint, by: bigint): bigint {
  return by <= 0n ? value : value - (value % by);
}

/** Halves away from zero. */
function rounded(value: bigint, by: bigint): bigint {
  if (by <= 0n) return value;
  const size = value < 0n ? -value : value;
  const rest = size % by;
  const result = rest + rest < by ? size - rest : size + by - rest;
  return value < 0n ? -result : result;
}

function saturated(nanos: bigint): bigint {
  if (nanos > LONGEST) return LONGEST;
  return nanos < -LONGEST - 1n ? -LONGEST - 1n : nanos;
}

function named(typeName: string, text = ''): GoStruct {
  return new GoStruct(typeName, new Map(), new Map([['String', new GoFunction([], () => text)]]), text);
}

/** @param exact one of more than 292 years counts as 292 years */
export function goDuration(exact: bigint, typeName: '*time.Duration' | 'time.Duration' = '*time.Duration'): GoStruct {
  const nanos = saturated(exact);
  const none = (value: () => Value): GoFunction => new GoFunction([], value);
  const stepped = (step: (value: bigint, by: bigint) => bigint): GoFunction =>
    new GoFunction(['time.Duration'], ([by]) => goDuration(step(nanos, nanosOf(by)), 'time.Duration'));
  const methods: FunctionMap = new Map([
    ['Hours', none(() => Number(nanos) / 3.6e12)],
    ['Minutes', none(() => Number(nanos) / 6e10)],
    ['Seconds', none(() => Number(nanos) / 1e9)],
    ['Milliseconds', none(() => nanos / 1_000_000n)],
    ['Microseconds', none(() => nanos / 1000n)],
    ['Nanoseconds', none(() => nanos)],
    ['Round', stepped(rounded)],
    ['Truncate', stepped(truncated)],
    ['Abs', none(() => goDuration(nanos < 0n ? -nanos : nanos, 'time.Duration'))],
    ['String', none(() => formatGoDuration(nanos))],
  ]);
  return new GoStruct(typeName, new Map([['nanos', nanos]]), methods, formatGoDuration(nanos));
}

/** @returns nanoseconds; 0 for what is no time and no duration */
export function nanosOf(value: Value): bigint {
  const nanos = value instanceof GoStruct ? value.fields.get('nanos') : undefined;
  return typeof nanos === 'bigint' ? nanos : 0n;
}

/** `2009-11-10 23:00:00.5 +0000 UTC` */
export function formatTime(unixNanos: bigint, zone: TimeZone = UTC): string {
  return formatLayout(unixNanos, '2006-01-02 15:04:05.999999999 -0700 MST', zone);
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
