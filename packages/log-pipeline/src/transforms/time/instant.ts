/** Moments of records: Unix time with nanoseconds, from the parts of a calendar and as RFC 3339. */

export interface Instant {
  /** Whole seconds since 1970, rounded down. */
  readonly seconds: number;
  /** 0 to 999,999,999. */
  readonly nanoseconds: number;
}

export interface CalendarParts {
  readonly year: number;
  /** From 1. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  /** 60 in a leap second, which is taken as the next one. */
  readonly second: number;
  readonly nanoseconds: number;
}

/** The last second that four digits of a year can write. */
const MAX_SECONDS = Date.UTC(9999, 11, 31, 23, 59, 59) / 1000;

/** Seconds from 1970 to that time in UTC; negative before.
 *  @returns undefined where there is no such day or time */
export function calendarSeconds({ year, month, day, hour, minute, second }: CalendarParts): number | undefined {
  if (hour > 23 || minute > 59 || second > 60 || month < 1 || month > 12 || day < 1 || year < 1000) return undefined;
  const midnightMs = Date.UTC(year, month - 1, day);
  if (new Date(midnightMs).getUTCDate() !== day) return undefined;
  return midnightMs / 1000 + hour * 3600 + minute * 60 + second;
}

/** @returns undefined before 1970 or after 9999 */
export function inRange(instant: Instant): Instant | undefined {
  return instant.seconds >= 0 && instant.seconds <= MAX_SECONDS ? instant : undefined;
}

/** In UTC, with as many digits of the fraction as it has: none, or 3, 6 or 9. */
export function formatInstant({ seconds, nanoseconds }: Instant): string {
  const written = new Date(seconds * 1000).toISOString().slice(0, 19);
  if (nanoseconds === 0) return `${written}Z`;
  const digits = String(nanoseconds).padStart(9, '0');
  if (nanoseconds % 1_000_000 === 0) return `${written}.${digits.slice(0, 3)}Z`;
  return nanoseconds % 1000 === 0 ? `${written}.${digits.slice(0, 6)}Z` : `${written}.${digits}Z`;
}

/** Digits behind the decimal point, any number of them; those beyond nanoseconds are cut. */
export function nanosecondsOf(fraction: string): number {
  return Number(fraction.slice(0, 9).padEnd(9, '0'));
}
