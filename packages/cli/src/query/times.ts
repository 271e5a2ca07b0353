/** Times and steps as they are written on a command line. */
import { parseDuration } from '@vigie/core/durations';

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/i;
const SECONDS = /^-?\d+(?:\.\d+)?$/;
const RELATIVE = /^now(?:([+-])(.+))?$/;

/** `2026-11-29T10:00:00Z`, Unix time in seconds, `now`, `now-1h30m`.
 *  @returns Unix ms; undefined when it is none of them */
export function parseTime(text: string, nowMs: number): number | undefined {
  if (SECONDS.test(text)) return Math.round(Number(text) * 1000);
  if (RFC3339.test(text)) {
    const timeMs = Date.parse(text);
    return Number.isNaN(timeMs) ? undefined : timeMs;
  }
  const [whole, sign, distance] = RELATIVE.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const distanceMs = distance === undefined ? 0 : parseDuration(distance);
  if (distanceMs === undefined) return undefined;
  return sign === '-' ? nowMs - distanceMs : nowMs + distanceMs;
}

/** `15s`, or seconds.
 *  @returns ms, above 0; undefined for anything else */
export function parseStep(text: string): number | undefined {
  const stepMs = SECONDS.test(text) ? Math.round(Number(text) * 1000) : parseDuration(text);
  return stepMs !== undefined && stepMs > 0 ? stepMs : undefined;
}

/** `2026-11-29T10:00:00Z`; Unix time in seconds beyond what dates reach. */
export function formatTime(timeMs: number): string {
  const time = new Date(timeMs);
  return Number.isNaN(time.getTime()) ? String(timeMs / 1000) : time.toISOString().replace('.000Z', 'Z');
}
