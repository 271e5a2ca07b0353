/** OpenTelemetry's times in ms, as series have them. */
import type { PointTimes } from '@vigie/wire/otlp/metrics';

export function unixMs(unixNano: bigint): number {
  return Number(unixNano / 1_000_000n);
}

/** When a counter began.
 *  @returns 0 where it is not known: a point that begins where it ends says that */
export function startMs({ startTimeUnixNano, timeUnixNano }: PointTimes): number {
  return startTimeUnixNano < timeUnixNano ? unixMs(startTimeUnixNano) : 0;
}
