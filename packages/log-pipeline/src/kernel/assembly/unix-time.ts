/** RFC 3339 text as Unix time in decimal; what it means is said in ../unix-time.ts. */
import { TIME_UNIX_SECONDS } from '../layout';
import { writeDecimal, writeNineDigits } from './digits';

const SECONDS_LENGTH: usize = 19;
/** 2^63 - 1 nanoseconds, in 2262. */
const LAST_SECOND: i64 = 9223372036;
const LAST_NANO: u32 = 854775807;

// @ts-ignore: decorator
@inline
function two(at: usize): i64 {
  return (<i64>load<u8>(at) - 48) * 10 + (<i64>load<u8>(at, 1) - 48);
}

/** Writes the time at `start` as TIME_UNIX_SECONDS or TIME_UNIX_NANOS says; touches 8 bytes beyond the last digit at most.
 *  @returns one past the last digit */
export function writeUnixTime(out: usize, start: usize, length: usize, form: u32): usize {
  let seconds: i64 = 0;
  let nanos: u32 = 0;
  if (length >= SECONDS_LENGTH) {
    const end = start + length;
    let at = start + SECONDS_LENGTH;
    if (at < end && load<u8>(at) == 46) {
      at += 1;
      let digits = 0;
      for (; at < end; at++) {
        const digit = <u32>load<u8>(at) - 48;
        if (digit > 9) break;
        if (digits < 9) {
          nanos = nanos * 10 + digit;
          digits += 1;
        }
      }
      for (; digits < 9; digits++) nanos *= 10;
    }
    const sign: u8 = at + 6 <= end ? load<u8>(at) : 0;
    seconds = secondsSinceEpoch(start);
    if (sign == 43) seconds -= two(at + 1) * 3600 + two(at + 4) * 60;
    else if (sign == 45) seconds += two(at + 1) * 3600 + two(at + 4) * 60;
    if (seconds < 0) {
      seconds = 0;
      nanos = 0;
    }
  }
  if (form == TIME_UNIX_SECONDS) {
    out = writeDecimal(out, <f64>seconds);
    store<u8>(out, 46);
    return writeNineDigits(out + 1, nanos);
  }
  if (seconds > LAST_SECOND || (seconds == LAST_SECOND && nanos > LAST_NANO)) {
    seconds = LAST_SECOND;
    nanos = LAST_NANO;
  }
  if (seconds == 0) return writeDecimal(out, <f64>nanos);
  return writeNineDigits(writeDecimal(out, <f64>seconds), nanos);
}

function secondsSinceEpoch(start: usize): i64 {
  const year = two(start) * 100 + two(start + 2);
  // Not below -2, which the months of the year 0 come to: 400 years more make every division one of positive numbers.
  const months = (year + 400) * 12 + two(start + 5) - 3;
  const marchYear = months / 12;
  const marchMonth = months - marchYear * 12;
  const era = marchYear / 400;
  const yearOfEra = marchYear - era * 400;
  const dayOfYear = (153 * marchMonth + 2) / 5 + two(start + 8) - 1;
  const dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear;
  const days = (era - 1) * 146097 + dayOfEra - 719468;
  return days * 86400 + two(start + 11) * 3600 + two(start + 14) * 60 + two(start + 17);
}
