/** Times as programs write them: by name, or by a pattern of strptime's directives as Vector's are. */
import { escapeRegex } from '@vigie/core/regex/escape-regex';
import { type CalendarParts, calendarSeconds, type Instant, inRange, nanosecondsOf } from './instant.ts';
import { offsetOf, type Zone } from './zone.ts';

export interface TimeFormat {
  /** @param zone for times that name none
   *  @param nearMs Unix time of now: a time without a year is of the last twelve months
   *  @param prefix whether more may stand behind it
   *  @returns undefined for what is no such time */
  parse(text: string, zone: Zone, nearMs: number, prefix: boolean): Instant | undefined;
}

export type TimeFormatParsed =
  | { readonly status: 'ok'; readonly format: TimeFormat }
  | { readonly status: 'invalid'; readonly reason: string };

/** Patterns that have a name. */
const NAMED: ReadonlyMap<string, string> = new Map([
  ['clf', '%d/%b/%Y:%H:%M:%S %z'],
  ['nginx_error', '%Y/%m/%d %H:%M:%S'],
  ['apache_error', '%a %b %e %H:%M:%S%.f %Y'],
  ['syslog', '%b %e %H:%M:%S'],
  ['rfc2822', '%a, %e %b %Y %H:%M:%S %z'],
]);

/** @param name `rfc3339`, `unix`, `unix_ms`, `unix_us`, `unix_ns`, `klog`, one of NAMED, or a pattern with a % in it */
export function timeFormatOf(name: string): TimeFormatParsed {
  switch (name) {
    case 'rfc3339':
      return { status: 'ok', format: { parse: parseRfc3339 } };
    case 'unix':
      return { status: 'ok', format: unix(0) };
    case 'unix_ms':
      return { status: 'ok', format: unix(3) };
    case 'unix_us':
      return { status: 'ok', format: unix(6) };
    case 'unix_ns':
      return { status: 'ok', format: unix(9) };
    case 'klog': {
      const pattern = patternFormat('%m%d %H:%M:%S%.f');
      if (pattern.status === 'invalid') return pattern;
      const parse: TimeFormat['parse'] = (text, ...rest) =>
        /^[IWEF]/.test(text) ? pattern.format.parse(text.slice(1), ...rest) : undefined;
      return { status: 'ok', format: { parse } };
    }
    default: {
      const pattern = NAMED.get(name) ?? name;
      if (pattern.includes('%')) return patternFormat(pattern);
      const names = ['rfc3339', 'unix', 'unix_ms', 'unix_us', 'unix_ns', 'klog', ...NAMED.keys()].join(', ');
      return { status: 'invalid', reason: `one of ${names}, or a pattern such as %Y-%m-%d %H:%M:%S%.f` };
    }
  }
}

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:[.,](\d+))?([Zz]|[+-]\d\d:?\d\d)?/;

/** Forgives what loggers do: a space for T, a comma for the dot, an offset without its colon or none at all. */
function parseRfc3339(text: string, zone: Zone, _nearMs: number, prefix: boolean): Instant | undefined {
  const match = RFC3339.exec(text);
  if (match === null || (!prefix && match[0].length < text.length)) return undefined;
  const [, year, month, day, hour, minute, second, fraction = '', offset] = match;
  const parts = {
    year: Number(year),
    month: Number(month),
    day: Number(day),
    hour: Number(hour),
    minute: Number(minute),
    second: Number(second),
    nanoseconds: nanosecondsOf(fraction),
  };
  return placed(parts, offset, zone);
}

/** @param offset as written: undefined where there is none */
function placed(parts: CalendarParts, offset: string | undefined, zone: Zone): Instant | undefined {
  const seconds = calendarSeconds(parts);
  if (seconds === undefined) return undefined;
  const minutes = offset === undefined ? zone.offsetMinutes(seconds * 1000) : offsetOf(offset);
  if (minutes === undefined) return undefined;
  return inRange({ seconds: seconds - minutes * 60, nanoseconds: parts.nanoseconds });
}

/** @param digits those of the unit's fraction of a second */
function unix(digits: number): TimeFormat {
  return {
    parse(text, _zone, _nearMs, prefix) {
      const match = /^(\d{1,20})(?:\.(\d+))?/.exec(text);
      if (match === null || (!prefix && match[0].length < text.length)) return undefined;
      const [, whole = '', fraction = ''] = match;
      const padded = whole.padStart(digits + 1, '0');
      const split = padded.length - digits;
      return inRange({
        seconds: Number(padded.slice(0, split)),
        nanoseconds: nanosecondsOf(padded.slice(split) + fraction),
      });
    },
  };
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const MONTH =
  'jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?';
const WEEKDAY = '(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?';

/** A directive as a group of a regular expression, and how the group is named. Nothing in them can match in two ways,
 *  so that matching takes linear time. */
const DIRECTIVES: ReadonlyMap<string, readonly [pattern: string, part: string]> = new Map([
  ['Y', ['\\d{4}', 'year']],
  ['y', ['\\d\\d', 'shortYear']],
  ['m', ['\\d\\d?', 'month']],
  ['d', ['[ ]?\\d\\d?', 'day']],
  ['e', ['[ ]?\\d\\d?', 'day']],
  ['b', [MONTH, 'monthName']],
  ['B', [MONTH, 'monthName']],
  ['h', [MONTH, 'monthName']],
  ['H', ['[ ]?\\d\\d?', 'hour']],
  ['k', ['[ ]?\\d\\d?', 'hour']],
  ['I', ['[ ]?\\d\\d?', 'hour12']],
  ['l', ['[ ]?\\d\\d?', 'hour12']],
  ['p', ['am|pm', 'half']],
  ['P', ['am|pm', 'half']],
  ['M', ['\\d\\d', 'minute']],
  ['S', ['\\d\\d', 'second']],
  ['f', ['\\d+', 'fraction']],
  ['.f', ['\\d+', 'dotFraction']],
  ['3f', ['\\d{3}', 'fraction']],
  ['6f', ['\\d{6}', 'fraction']],
  ['9f', ['\\d{9}', 'fraction']],
  ['z', ['[Zz]|[+-]\\d\\d:?\\d\\d', 'offset']],
  [':z', ['[Zz]|[+-]\\d\\d:?\\d\\d', 'offset']],
  ['#z', ['[Zz]|[+-]\\d\\d(?::?\\d\\d)?', 'offset']],
  ['Z', ['UTC|GMT|Z', 'utc']],
  ['s', ['\\d{1,12}', 'seconds']],
  ['a', [WEEKDAY, 'weekday']],
  ['A', [WEEKDAY, 'weekday']],
]);

const SHORTHANDS: ReadonlyMap<string, string> = new Map([
  ['F', '%Y-%m-%d'],
  ['T', '%H:%M:%S'],
  ['R', '%H:%M'],
  ['D', '%m/%d/%y'],
]);

const DIRECTIVE = /%(\.f|[369]f|[:#]z|[A-Za-z%])/g;

function patternFormat(pattern: string): TimeFormatParsed {
  const source = pattern.replaceAll(/%([FTRD])/g, (_whole, letter: string) => SHORTHANDS.get(letter) ?? '');
  const used = new Set<string>();
  let expression = '';
  let end = 0;
  for (const match of source.matchAll(DIRECTIVE)) {
    expression += literal(source.slice(end, match.index));
    end = match.index + match[0].length;
    const [, directive = ''] = match;
    if (directive === '%') {
      expression += '%';
      continue;
    }
    const known = DIRECTIVES.get(directive);
    if (known === undefined) return { status: 'invalid', reason: `a directive of strptime where ${match[0]} stands` };
    const [part, name] = known;
    if (used.has(name)) return { status: 'invalid', reason: `${match[0]} once, not twice` };
    used.add(name);
    // Vector's %.f takes its dot along, and both may be missing.
    expression += directive === '.f' ? `(?:[.,](?<${name}>${part}))?` : `(?<${name}>${part})`;
  }
  const rest = source.slice(end);
  if (rest.includes('%')) return { status: 'invalid', reason: 'a directive of strptime behind each %' };
  expression += literal(rest);
  const needed = [['seconds'], ['day', 'hour', 'minute']].some((parts) =>
    parts.every((part) => used.has(part) || (part === 'hour' && used.has('hour12'))),
  );
  const hasMonth = used.has('month') || used.has('monthName') || used.has('seconds');
  if (!needed || !hasMonth)
    return { status: 'invalid', reason: 'a pattern with month, day, hour and minute, or with %s' };
  const regex = new RegExp(`^${expression}`, 'i');
  return {
    status: 'ok',
    format: { parse: (text, zone, nearMs, prefix) => parsePattern(regex, text, zone, nearMs, prefix) },
  };
}

/** White space stands for any. */
function literal(text: string): string {
  return escapeRegex(text).replaceAll(/\s+/g, '\\s+');
}

function parsePattern(regex: RegExp, text: string, zone: Zone, nearMs: number, prefix: boolean): Instant | undefined {
  const match = regex.exec(text);
  if (match?.groups === undefined || (!prefix && match[0].length < text.length)) return undefined;
  const { groups } = match;
  const number = (name: string): number | undefined => (groups[name] === undefined ? undefined : Number(groups[name]));
  const nanoseconds = nanosecondsOf(groups.fraction ?? groups.dotFraction ?? '');
  const seconds = number('seconds');
  if (seconds !== undefined) return inRange({ seconds, nanoseconds });
  const monthName = groups.monthName?.slice(0, 3).toLowerCase();
  const shortYear = number('shortYear');
  const month = number('month') ?? MONTHS.indexOf(monthName ?? '') + 1;
  const offset = groups.offset ?? (groups.utc === undefined ? undefined : 'Z');
  const given = {
    month,
    day: number('day') ?? 0,
    hour: hourOf(groups, number),
    minute: number('minute') ?? 0,
    second: number('second') ?? 0,
    nanoseconds,
  };
  const placedIn = (year: number): Instant | undefined => placed({ ...given, year }, offset, zone);
  const year = number('year') ?? (shortYear === undefined ? undefined : shortYear + (shortYear < 69 ? 2000 : 1900));
  return year === undefined ? nearest(placedIn, nearMs) : placedIn(year);
}

function hourOf(
  groups: Readonly<Record<string, string | undefined>>,
  number: (name: string) => number | undefined,
): number {
  const hour12 = number('hour12');
  if (hour12 === undefined) return number('hour') ?? 0;
  // 24 is no hour of any day, and refused as such.
  if (hour12 < 1 || hour12 > 12) return 24;
  return (hour12 % 12) + (groups.half?.toLowerCase() === 'pm' ? 12 : 0);
}

/** Clocks that are ahead, and zones that are not what they were taken for. */
const AHEAD_MS = 24 * 3_600_000;

/** Of next year, this and the last, the latest that is not to come: around New Year both sides have such records. */
function nearest(placedIn: (year: number) => Instant | undefined, nearMs: number): Instant | undefined {
  const thisYear = new Date(nearMs).getUTCFullYear();
  return [thisYear + 1, thisYear, thisYear - 1]
    .map(placedIn)
    .find((instant) => instant !== undefined && instant.seconds * 1000 <= nearMs + AHEAD_MS);
}
