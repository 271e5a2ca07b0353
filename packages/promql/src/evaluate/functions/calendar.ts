/** Parts of a date in UTC, at any time that a 64-bit number of seconds holds. Source: Go's time, as Prometheus calls it. */

interface CivilDate {
  /** 1970, for instance; beyond what an ECMAScript date has, too. */
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  /** 1 to 31. */
  readonly day: number;
  /** 0 is Sunday. */
  readonly weekday: number;
  readonly secondOfDay: number;
}

/** @param seconds Unix time, cut off at whole ones */
export const CALENDAR_FUNCTIONS: ReadonlyMap<string, (seconds: number) => number> = new Map([
  ['day_of_month', (seconds) => civilDate(seconds).day],
  ['day_of_week', (seconds) => civilDate(seconds).weekday],
  ['day_of_year', (seconds) => dayOfYear(civilDate(seconds))],
  ['days_in_month', (seconds) => daysInMonth(civilDate(seconds))],
  ['hour', (seconds) => Math.floor(civilDate(seconds).secondOfDay / 3600)],
  ['minute', (seconds) => Math.floor((civilDate(seconds).secondOfDay % 3600) / 60)],
  ['month', (seconds) => civilDate(seconds).month],
  ['year', (seconds) => civilDate(seconds).year],
]);

/** Of an ECMAScript date, to both sides of 1970. */
const MAX_DATE_SECONDS = 8.64e12;

function civilDate(seconds: number): CivilDate {
  const whole = Math.trunc(seconds);
  if (!(Math.abs(whole) <= MAX_DATE_SECONDS)) return farDate(whole);
  const date = new Date(whole * 1000);
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    weekday: date.getUTCDay(),
    secondOfDay: ((whole % DAY_SECONDS) + DAY_SECONDS) % DAY_SECONDS,
  };
}

const DAY_SECONDS = 86_400;
/** Days from the first of March of a year 0 to 1970. */
const EPOCH_DAYS = 719_468n;
/** Days of 400 years, after which the calendar repeats itself. */
const ERA_DAYS = 146_097n;
/** Go counts from the first of March of this year, which 64 bits of seconds just reach. */
const FIRST_YEAR = -292_277_022_400n;

/** What is no number of 64 bits becomes the lowest one, as on amd64. */
function farDate(seconds: number): CivilDate {
  const isWithin = seconds >= -(2 ** 63) && seconds < 2 ** 63;
  const unix = isWithin ? BigInt(seconds) : -(2n ** 63n);
  const firstDays = EPOCH_DAYS - (FIRST_YEAR / 400n) * ERA_DAYS;
  const absolute = BigInt.asUintN(64, unix + firstDays * 86_400n);
  const days = absolute / 86_400n;
  const ofEra = Number(days % ERA_DAYS);
  const yearOfEra = Math.floor(
    (ofEra - Math.floor(ofEra / 1460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365,
  );
  const ofYear = ofEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  // Months count from March, so that a leap day is the last of its year.
  const fromMarch = Math.floor((5 * ofYear + 2) / 153);
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
  const year = BigInt(yearOfEra) + (days / ERA_DAYS) * 400n + FIRST_YEAR + (month <= 2 ? 1n : 0n);
  return {
    year: Number(year),
    month,
    day: ofYear - Math.floor((153 * fromMarch + 2) / 5) + 1,
    // The first of March of a year that 400 divides is a Wednesday.
    weekday: (ofEra + 3) % 7,
    secondOfDay: Number(absolute % 86_400n),
  };
}

const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function daysInMonth({ year, month }: Pick<CivilDate, 'year' | 'month'>): number {
  return MONTH_DAYS[month - 1]! + (month === 2 && isLeap(year) ? 1 : 0);
}

function dayOfYear({ year, month, day }: CivilDate): number {
  let days = day;
  for (let before = 1; before < month; before++) days += daysInMonth({ year, month: before });
  return days;
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}
