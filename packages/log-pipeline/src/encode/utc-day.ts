const ZULU = 0x5a;

/** The UTC day of an RFC 3339 time, as `2026-11-21`. CRI-O writes local time, which may be another day in UTC.
 *  Cost: ten bytes where the time is in UTC, else a date parse. */
export function utcDay(bytes: Buffer, timeStart: number, timeEnd: number): string {
  const day = bytes.toString('latin1', timeStart, timeStart + 10);
  if (bytes[timeEnd - 1] === ZULU) return day;
  const timeMs = Date.parse(bytes.toString('latin1', timeStart, timeEnd));
  return Number.isNaN(timeMs) ? day : new Date(timeMs).toISOString().slice(0, 10);
}
