/** What a clock on a wall shows at a place. */

export interface WallClock {
  /** From 0, of the day. */
  readonly minute: number;
  /** 0 is Sunday. */
  readonly weekday: number;
  /** From 1. */
  readonly day: number;
  /** From 1. */
  readonly month: number;
  readonly year: number;
}

/** Formats cost a millisecond to make. */
const formats = new Map<string, Intl.DateTimeFormat>();

/** @param location of the IANA time zones; undefined for UTC
 *  @throws {RangeError} where there is no such zone */
export function wallClockAt(timeMs: number, location: string | undefined): WallClock {
  return location === undefined ? utcClock(new Date(timeMs)) : utcClock(new Date(shownAt(timeMs, location)));
}

/** Whether the time zone is known here, by a name that Go knows, too: with its capitals, and no offset. */
export function isLocation(name: string): boolean {
  if (/^[+-]/.test(name)) return false;
  try {
    // Of an older name it is another one.
    const { timeZone } = formatFor(name).resolvedOptions();
    return timeZone === name || timeZone.toLowerCase() !== name.toLowerCase();
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** The zone of this host, which `Local` means. */
export function hostLocation(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** What is shown there, as the time at which UTC shows the same. */
function shownAt(timeMs: number, location: string): number {
  const parts = new Map(
    formatFor(location)
      .formatToParts(timeMs)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const of = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
  return Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'));
}

function utcClock(time: Date): WallClock {
  return {
    minute: time.getUTCHours() * 60 + time.getUTCMinutes(),
    weekday: time.getUTCDay(),
    day: time.getUTCDate(),
    month: time.getUTCMonth() + 1,
    year: time.getUTCFullYear(),
  };
}

function formatFor(location: string): Intl.DateTimeFormat {
  const known = formats.get(location);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: location,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  });
  formats.set(location, format);
  return format;
}
