/** Time zones by their IANA names, with what Node's ICU knows of them. */
import { writtenAbbreviation } from './zone-abbreviations.ts';

export interface ZoneOffset {
  /** East of Greenwich. */
  readonly seconds: number;
  /** `CET`; of zones whose time has none, `+03`. */
  readonly abbreviation: string;
}

export interface TimeZone {
  readonly name: string;
  readonly offsetAt: (timeMs: number) => ZoneOffset;
}

export const UTC: TimeZone = { name: 'UTC', offsetAt: () => ({ seconds: 0, abbreviation: 'UTC' }) };

/** Without a name, as of a time that says no more than its offset. */
export function fixedZone(seconds: number): TimeZone {
  const abbreviation = offsetName(seconds).padEnd(5, '0');
  return { name: '', offsetAt: () => ({ seconds, abbreviation }) };
}

/** Each knows the abbreviations of its own part of the world, and writes `GMT+1` for the others. */
const LOCALES = ['en-US', 'en-GB', 'en-CA', 'en-AU', 'en-NZ', 'en-IN', 'en-ZA', 'ja-JP'];

/** Formats cost a millisecond to make. */
const zones = new Map<string, TimeZone>();

/** @returns undefined where there is no such zone */
export function timeZone(name: string): TimeZone | undefined {
  if (name === '' || name === 'UTC') return UTC;
  const known = zones.get(name);
  if (known !== undefined) return known;
  if (!isZone(name)) return undefined;
  const clock = clockFormat(name);
  const names = LOCALES.map((locale) => new Intl.DateTimeFormat(locale, { timeZone: name, timeZoneName: 'short' }));
  const zone: TimeZone = {
    name,
    offsetAt(timeMs) {
      const seconds = Math.round((shownAt(clock, timeMs) - Math.floor(timeMs / 1000) * 1000) / 1000);
      return {
        seconds,
        // Takes ten times as long as the seconds, which are all that most want.
        get abbreviation() {
          const written = writtenAbbreviation(name, seconds) ?? abbreviationAt(names, timeMs);
          return written || offsetName(seconds);
        },
      };
    },
  };
  zones.set(name, zone);
  return zone;
}

/** That of this host, by its environment's TZ where it has one. */
export function localZone(): TimeZone {
  return timeZone(Intl.DateTimeFormat().resolvedOptions().timeZone) ?? UTC;
}

function isZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: name }) !== undefined;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

function clockFormat(name: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat('en-US', {
    timeZone: name,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    era: 'short',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
}

/** What a clock shows there, as the time at which UTC shows the same, in ms. */
function shownAt(clock: Intl.DateTimeFormat, timeMs: number): number {
  const parts = new Map(clock.formatToParts(timeMs).map(({ type, value }) => [type, value]));
  const of = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.get(type) ?? 0);
  // The zero time of Go is there in the year before the first one.
  const year = parts.get('era')?.startsWith('B') === true ? 1 - of('year') : of('year');
  const shown = new Date(0);
  // Date.UTC takes the years below 100 for others.
  shown.setUTCFullYear(year, of('month') - 1, of('day'));
  shown.setUTCHours(of('hour'), of('minute'), of('second'));
  return shown.getTime();
}

function abbreviationAt(names: readonly Intl.DateTimeFormat[], timeMs: number): string | undefined {
  for (const format of names) {
    const name = format.formatToParts(timeMs).find(({ type }) => type === 'timeZoneName')?.value ?? '';
    if (/^[A-Z]{3,5}$/.test(name)) return name;
  }
  return undefined;
}

/** As zones without an abbreviation have it: `+03`, `-0330`. */
function offsetName(seconds: number): string {
  const minutes = Math.abs(Math.trunc(seconds / 60));
  const two = (value: number): string => String(value).padStart(2, '0');
  const rest = minutes % 60;
  return `${seconds < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}${rest === 0 ? '' : two(rest)}`;
}
