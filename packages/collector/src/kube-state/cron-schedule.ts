/** When a CronJob is due, as Kubernetes computes it, at changes between summer and winter time too. Source: robfig/cron v3.0.1, parser.go and
 *  spec.go, whose standard parser Kubernetes and kube-state-metrics use. Pure. */
import { parseGoDuration } from '@vigie/core/go-duration';
import { type TimeZone, timeZone } from '@vigie/core/template/time-zone';

export interface CronSchedule {
  /** @param afterMs Unix ms
   *  @returns the first time behind it, Unix ms; undefined where there is none within five years
   *  Cost: some µs in UTC; in another zone as much for each month, day, hour and minute that it passes over. */
  next(afterMs: number): number | undefined;
}

interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

interface Field {
  readonly values: ReadonlySet<number>;
  /** Written as `*`: of the two fields of days, the other one decides. */
  readonly isStar: boolean;
}

const MINUTE: Bounds = { min: 0, max: 59 };
const HOUR: Bounds = { min: 0, max: 23 };
const DAY: Bounds = { min: 1, max: 31 };
const MONTH: Bounds = {
  min: 1,
  max: 12,
  names: ['', 'jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'],
};
const WEEKDAY: Bounds = { min: 0, max: 6, names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] };
const DESCRIPTORS: ReadonlyMap<string, string> = new Map([
  ['@yearly', '0 0 1 1 *'],
  ['@annually', '0 0 1 1 *'],
  ['@monthly', '0 0 1 * *'],
  ['@weekly', '0 0 * * 0'],
  ['@daily', '0 0 * * *'],
  ['@midnight', '0 0 * * *'],
  ['@hourly', '0 * * * *'],
]);
const ZONE = /^(?:CRON_)?TZ=(\S*)\s+(.*)$/;
const SECOND_MS = 1000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const LONGEST_SEARCH_YEARS = 5;

/** @param written five fields, `@daily` and its like, or `@every 1h30m`; perhaps behind `TZ=Europe/Paris `
 *  @param zone of IANA; '' for UTC, which control planes run in
 *  @returns undefined for what is no schedule, or of a zone that is not known */
export function parseCronSchedule(written: string, zone: string): CronSchedule | undefined {
  const [, own = zone, schedule = written] = (zone === '' ? ZONE.exec(written) : null) ?? [];
  const place = timeZone(own);
  if (place === undefined) return undefined;
  const text = schedule.trim();
  const every = /^@every (.*)$/.exec(text)?.[1];
  if (every !== undefined) return constantDelay(parseGoDuration(every));
  const parts = (DESCRIPTORS.get(text) ?? text).split(/\s+/);
  if (parts.length !== 5) return undefined;
  const [minutes, hours, days, months, weekdays] = [MINUTE, HOUR, DAY, MONTH, WEEKDAY].map((bounds, index) =>
    parseField(parts[index] ?? '', bounds),
  );
  if (!minutes || !hours || !days || !months || !weekdays) return undefined;
  const fields = { minutes, hours, days, months, weekdays };
  // `,` is a field of nothing: every minute of five years would be looked at in vain.
  if (Object.values(fields).some(({ values }) => values.size === 0)) return { next: () => undefined };
  return { next: (afterMs) => search(fields, place, afterMs) };
}

function constantDelay(everyMs: number | undefined): CronSchedule | undefined {
  if (everyMs === undefined) return undefined;
  const delayMs = Math.max(SECOND_MS, wholeSeconds(everyMs));
  return { next: (afterMs) => wholeSeconds(afterMs) + delayMs };
}

function parseField(written: string, bounds: Bounds): Field | undefined {
  const values = new Set<number>();
  let isStar = false;
  for (const range of written.split(',').filter((part) => part !== '')) {
    const [span = '', step, ...more] = range.split('/');
    const [low = '', high, ...others] = span.split('-');
    const isAny = low === '*' || low === '?';
    const from = isAny ? bounds.min : numberOf(low, bounds);
    // `5/15` goes on to the end.
    const open = step !== undefined && high === undefined;
    const to = isAny || open ? bounds.max : high === undefined ? from : numberOf(high, bounds);
    const by = step === undefined ? 1 : numberOf(step, {});
    if (from === undefined || to === undefined || by === undefined || more.length > 0) return undefined;
    if ((others.length > 0 && !isAny) || from < bounds.min || to > bounds.max || from > to || by === 0)
      return undefined;
    for (let value = from; value <= to; value += by) values.add(value);
    isStar ||= isAny && by === 1;
  }
  return { values, isStar };
}

function numberOf(text: string, { names = [] }: Partial<Bounds>): number | undefined {
  const named = text === '' ? -1 : names.indexOf(text.toLowerCase());
  if (named >= 0) return named;
  return /^\+?\d+$/.test(text) ? Number(text) : undefined;
}

interface Fields {
  readonly minutes: Field;
  readonly hours: Field;
  readonly days: Field;
  readonly months: Field;
  readonly weekdays: Field;
}

function search(fields: Fields, zone: TimeZone, afterMs: number): number | undefined {
  const place = new Place(zone, wholeSeconds(afterMs) + SECOND_MS);
  const lastYear = place.shown.getUTCFullYear() + LONGEST_SEARCH_YEARS;
  while (place.shown.getUTCFullYear() <= lastYear) {
    const fits =
      place.toMonth(fields) &&
      place.toDay(fields) &&
      place.toHour(fields) &&
      place.toMinute(fields) &&
      place.toSecond();
    if (fits) return place.timeMs;
  }
  return undefined;
}

/** Where the search is. Each step moves on until its field fits, and is false where that has changed a larger one: then all begins again. */
class Place {
  timeMs: number;
  readonly #zone: TimeZone;
  /** The first field to move begins at its beginning, and all that are smaller. */
  #hasMoved = false;

  constructor(zone: TimeZone, timeMs: number) {
    this.#zone = zone;
    this.timeMs = timeMs;
  }

  /** What a clock shows there, as the time at which UTC shows the same. */
  get shown(): Date {
    return new Date(this.timeMs + this.#offsetMs(this.timeMs));
  }

  toMonth({ months }: Fields): boolean {
    while (!months.values.has(this.shown.getUTCMonth() + 1)) {
      this.#begin((shown) => {
        shown.setUTCDate(1);
        shown.setUTCHours(0, 0, 0);
      });
      this.#show((shown) => shown.setUTCMonth(shown.getUTCMonth() + 1));
      if (this.shown.getUTCMonth() === 0) return false;
    }
    return true;
  }

  toDay(fields: Fields): boolean {
    while (!isDay(fields, this.shown)) {
      this.#begin((shown) => shown.setUTCHours(0, 0, 0));
      this.#show((shown) => shown.setUTCDate(shown.getUTCDate() + 1));
      const hour = this.shown.getUTCHours();
      // Where midnight is left out, the day begins at one, or the clock still shows the day before.
      if (hour !== 0) this.timeMs += (hour > 12 ? 24 - hour : -hour) * HOUR_MS;
      if (this.shown.getUTCDate() === 1) return false;
    }
    return true;
  }

  toHour({ hours }: Fields): boolean {
    while (!hours.values.has(this.shown.getUTCHours())) {
      this.#begin((shown) => shown.setUTCMinutes(0, 0));
      this.timeMs += HOUR_MS;
      if (this.shown.getUTCHours() === 0) return false;
    }
    return true;
  }

  toMinute({ minutes }: Fields): boolean {
    while (!minutes.values.has(this.shown.getUTCMinutes())) {
      this.#nextMinute();
      if (this.shown.getUTCMinutes() === 0) return false;
    }
    return true;
  }

  /** Schedules have none: it is the first. */
  toSecond(): boolean {
    if (this.timeMs % MINUTE_MS === 0) return true;
    this.#nextMinute();
    return false;
  }

  #nextMinute(): void {
    this.#hasMoved = true;
    this.timeMs += MINUTE_MS - (this.timeMs % MINUTE_MS);
  }

  #begin(change: (shown: Date) => unknown): void {
    if (!this.#hasMoved) this.#show(change);
    this.#hasMoved = true;
  }

  /** Goes to when the clock shows something else, as Go's time.Date does: where it shows that twice or never, by the offset of one side of
   *  the change. */
  #show(change: (shown: Date) => unknown): void {
    const { shown } = this;
    change(shown);
    const wantedMs = shown.getTime();
    this.timeMs = wantedMs - this.#offsetMs(wantedMs - this.#offsetMs(wantedMs));
  }

  #offsetMs(timeMs: number): number {
    return this.#zone.offsetAt(timeMs).seconds * SECOND_MS;
  }
}

/** Both fields of days count where one of them is `*`, and otherwise either. */
function isDay({ days, weekdays }: Fields, shown: Date): boolean {
  const isDayOfMonth = days.values.has(shown.getUTCDate());
  const isWeekday = weekdays.values.has(shown.getUTCDay());
  return days.isStar || weekdays.isStar ? isDayOfMonth && isWeekday : isDayOfMonth || isWeekday;
}

function wholeSeconds(ms: number): number {
  return Math.floor(ms / SECOND_MS) * SECOND_MS;
}
