/** The text of /proc and /sys: lines, columns, numbers. */
import { VigieError } from '@vigie/core/errors';

/** Without empty ones. */
export function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line.trim() !== '');
}

/** What stands between white space. */
export function columnsOf(line: string): string[] {
  return line.trim().split(/\s+/);
}

/** Decimal, or hexadecimal with `0x`. Beyond 2^53 to the nearest double, as every sample is one.
 *  @param where named by the error
 *  @throws {VigieError} HOST_METRICS_MALFORMED */
export function numberOf(text: string | undefined, where: string): number {
  const value = text === undefined || text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isNaN(value))
    throw malformed(where, `a number, got ${text === undefined ? 'nothing' : `'${text.trim()}'`}`);
  return value;
}

export function malformed(where: string, expected: string): VigieError {
  return new VigieError('HOST_METRICS_MALFORMED', `${where}: expected ${expected}`);
}
