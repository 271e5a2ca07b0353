import { formatInstant, inRange } from '../transforms/time/instant.ts';

const SECOND = 1_000_000_000n;

/** @param unixNanos since 1970
 *  @returns undefined before 1970 or after 9999 */
export function rfc3339OfNanos(unixNanos: bigint): string | undefined {
  const seconds = Number(unixNanos / SECOND);
  const instant = unixNanos < 0n ? undefined : inRange({ seconds, nanoseconds: Number(unixNanos % SECOND) });
  return instant && formatInstant(instant);
}
