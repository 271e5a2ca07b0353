import { utcDay } from '../encode/utc-day.ts';
import type { RowTable } from '../kernel/table.ts';

/** The UTC day of a row's timestamp, as `2026-11-21`. */
export function utcDayOf(memory: Buffer, table: RowTable, row: number): string {
  const start = table.timeStart(row);
  return utcDay(memory, start, start + table.timeLength(row));
}
