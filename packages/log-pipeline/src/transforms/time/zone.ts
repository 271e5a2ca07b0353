/** Where a time without an offset was written. */

/** Local times whose offset is remembered: offsets change at quarters of an hour. */
const QUARTER_MS = 900_000;
const QUARTERS_KEPT = 1024;

export interface Zone {
  /** @param localMs the local time, read as if it were UTC
   *  @returns minutes east of UTC; where clocks were set back and both would do, those of before */
  offsetMinutes(localMs: number): number;
}

export const UTC: Zone = { offsetMinutes: () => 0 };

/** @param name `UTC`, `local`, `+02:00`, or a name of the IANA database such as `Europe/Paris`
 *  @returns undefined where there is no such zone */
export function zoneOf(name: string): Zone | undefined {
  if (name === 'UTC' || name === 'Z') return UTC;
  if (name === 'local') return { offsetMinutes: (localMs) => localOffset(localMs) };
  const fixed = offsetOf(name);
  if (fixed !== undefined) return { offsetMinutes: () => fixed };
  try {
    return new NamedZone(name);
  } catch {
    return undefined;
  }
}

/** `Z`, `+0200`, `+02:00`, `-07`. @returns minutes east of UTC */
export function offsetOf(written: string): number | undefined {
  if (written === 'Z' || written === 'z') return 0;
  const match = /^([+-])([01]\d|2[0-3])(?::?([0-5]\d))?$/.exec(written);
  if (match === null) return undefined;
  const [, sign, hours, minutes = '0'] = match;
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
}

/** JavaScript reads parts of a date as local by itself. */
function localOffset(localMs: number): number {
  const parts = new Date(localMs);
  const local = new Date(
    parts.getUTCFullYear(),
    parts.getUTCMonth(),
    parts.getUTCDate(),
    parts.getUTCHours(),
    parts.getUTCMinutes(),
  );
  return -local.getTimezoneOffset();
}

class NamedZone implements Zone {
  readonly #format: Intl.DateTimeFormat;
  readonly #known = new Map<number, number>();

  /** @throws {RangeError} where there is no such zone */
  constructor(name: string) {
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  }

  offsetMinutes(localMs: number): number {
    const quarter = Math.floor(localMs / QUARTER_MS);
    const known = this.#known.get(quarter);
    if (known !== undefined) return known;
    const before = this.#offsetAt(localMs - 12 * 3_600_000);
    const fits = this.#offsetAt(localMs - before * 60_000) === before;
    const offset = fits ? before : this.#offsetAt(localMs - this.#offsetAt(localMs) * 60_000);
    if (this.#known.size >= QUARTERS_KEPT) this.#known.clear();
    this.#known.set(quarter, offset);
    return offset;
  }

  #offsetAt(utcMs: number): number {
    const parts = new Map(this.#format.formatToParts(utcMs).map(({ type, value }) => [type, Number(value)]));
    const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
    const local = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
    return Math.round((local - Math.floor(utcMs / 1000) * 1000) / 60_000);
  }
}
