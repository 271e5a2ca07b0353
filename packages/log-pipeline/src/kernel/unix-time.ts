/** RFC 3339 text as Unix time, a byte at a time. The kernel's other half is assembly/unix-time.ts. */

const DAY_SECONDS = 86_400;
/** Days from 0000-03-01 to 1970-01-01. */
const EPOCH_DAYS = 719_468;
const DOT = 0x2e;
const PLUS = 0x2b;
const MINUS = 0x2d;
const ZERO = 0x30;
/** `2026-11-21T10:00:00` */
const SECONDS_LENGTH = 19;
const NANOS_DIGITS = 9;

/** A point in time; reused, so that reading one allocates nothing. */
export interface UnixTime {
  /** Whole seconds since 1970, never below 0. */
  seconds: number;
  /** 0 to 999,999,999 */
  nanos: number;
}

/** Reads `2026-11-21T10:00:00[.fraction][Z|±hh:mm]`. Digits behind the ninth of a fraction are left out. As framing checks
 *  digits and not dates, a month 13 is the next year's first; a time before 1970 is 1970. */
export function readUnixTime(bytes: Uint8Array, start: number, length: number, into: UnixTime): void {
  into.seconds = 0;
  into.nanos = 0;
  if (length < SECONDS_LENGTH) return;
  const two = (at: number): number => (bytes[start + at]! - ZERO) * 10 + (bytes[start + at + 1]! - ZERO);
  let nanos = 0;
  let at = SECONDS_LENGTH;
  if (at < length && bytes[start + at] === DOT) {
    at++;
    let digits = 0;
    for (; at < length; at++) {
      const digit = bytes[start + at]! - ZERO;
      if (digit < 0 || digit > 9) break;
      if (digits < NANOS_DIGITS) {
        nanos = nanos * 10 + digit;
        digits++;
      }
    }
    for (; digits < NANOS_DIGITS; digits++) nanos *= 10;
  }
  let offsetSeconds = 0;
  const sign = at + 6 <= length ? bytes[start + at] : 0;
  if (sign === PLUS || sign === MINUS) {
    offsetSeconds = two(at + 1) * 3600 + two(at + 4) * 60;
    if (sign === MINUS) offsetSeconds = -offsetSeconds;
  }
  const days = daysSinceEpoch(two(0) * 100 + two(2), two(5), two(8));
  const seconds = days * DAY_SECONDS + two(11) * 3600 + two(14) * 60 + two(17) - offsetSeconds;
  if (seconds < 0) return;
  into.seconds = seconds;
  into.nanos = nanos;
}

/** Source: Howard Hinnant, "chrono-compatible low-level date algorithms", days_from_civil. */
function daysSinceEpoch(year: number, month: number, day: number): number {
  // The year begins in March, so that the leap day is its last.
  const months = year * 12 + (month - 1) - 2;
  const marchYear = Math.floor(months / 12);
  const marchMonth = months - marchYear * 12;
  const era = Math.floor(marchYear / 400);
  const yearOfEra = marchYear - era * 400;
  const dayOfYear = Math.floor((153 * marchMonth + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - EPOCH_DAYS;
}
