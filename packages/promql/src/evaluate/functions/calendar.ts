/** Parts of a date in UTC. */

const DAY_MS = 86_400_000;

/** @param seconds Unix time, cut off at whole ones */
export const CALENDAR_FUNCTIONS: ReadonlyMap<string, (seconds: number) => number> = new Map([
  ['day_of_month', dateOf((date) => date.getUTCDate())],
  ['day_of_week', dateOf((date) => date.getUTCDay())],
  ['day_of_year', dateOf((date) => Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0)) / DAY_MS) + 1)],
  [
    'days_in_month',
    dateOf((date) => new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate()),
  ],
  ['hour', dateOf((date) => date.getUTCHours())],
  ['minute', dateOf((date) => date.getUTCMinutes())],
  ['month', dateOf((date) => date.getUTCMonth() + 1)],
  ['year', dateOf((date) => date.getUTCFullYear())],
]);

function dateOf(part: (date: Date) => number): (seconds: number) => number {
  return (seconds) => part(new Date(Math.trunc(seconds) * 1000));
}
