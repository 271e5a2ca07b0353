/** Times in requests: seconds since 1970 with a fraction, or RFC 3339. */
import { parseFloatText } from '../text/float.ts';

/** What Date can hold; Prometheus' own bounds are a thousand times further out, and so is nothing in a storage. */
export const MAX_TIME_MS = 8_640_000_000_000_000;
export const MIN_TIME_MS = -MAX_TIME_MS;

/** How Prometheus' client libraries write the bounds of Go's times, which have more digits than RFC 3339 has. */
const MIN_TIME_TEXT = '-292273086-05-16T16:47:06Z';
const MAX_TIME_TEXT = '292277025-08-18T07:12:54.999999999Z';

const RFC_3339 = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:[.,](\d+))?(?:Z|([+-])(\d{2}):(\d{2}))$/;

/** @returns Unix time in ms, whole; undefined where the text is neither */
export function parseTime(text: string): number | undefined {
  const seconds = parseNumber(text);
  if (seconds !== undefined) return Number.isFinite(seconds) ? within(secondsToMs(seconds)) : undefined;
  if (text === MIN_TIME_TEXT) return MIN_TIME_MS;
  if (text === MAX_TIME_TEXT) return MAX_TIME_MS;
  const match = RFC_3339.exec(text);
  return match === null ? undefined : rfc3339Ms(match);
}

/** strconv.ParseFloat, which wants an exponent of hexadecimal numbers, as PromQL does not; undefined where it fails. */
export function parseNumber(text: string): number | undefined {
  return /^[+-]?0[xX]/.test(text) ? undefined : parseFloatText(text);
}

/** To the nearest ms, in the steps in which Go does it, so that the same ms come out. */
function secondsToMs(seconds: number): number {
  const whole = Math.trunc(seconds);
  const fraction = roundAwayFromZero((seconds - whole) * 1000) / 1000;
  return whole * 1000 + Math.floor(Math.trunc(fraction * 1e9) / 1e6);
}

function roundAwayFromZero(value: number): number {
  return value < 0 ? -Math.round(-value) : Math.round(value);
}

function rfc3339Ms(match: RegExpExecArray): number | undefined {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number);
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  const isReal =
    date.getUTCMonth() === month - 1 && date.getUTCDate() === day && hour < 24 && minute < 60 && second < 60;
  if (!isReal) return undefined;
  const offsetMinutes = Number(match[9] ?? 0) * 60 + Number(match[10] ?? 0);
  const milliseconds = Number((match[7] ?? '').padEnd(3, '0').slice(0, 3));
  return date.getTime() + milliseconds - (match[8] === '-' ? -1 : 1) * offsetMinutes * 60_000;
}

function within(timestampMs: number): number {
  return Math.min(MAX_TIME_MS, Math.max(MIN_TIME_MS, timestampMs));
}
