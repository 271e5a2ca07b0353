/** A server may ask for any wait; beyond this we ask it again. */
const LONGEST_MS = 300_000;

/** The Retry-After header: seconds or a date (RFC 9110, 10.2.3).
 *  @returns 0..300,000; undefined where there is none or it is not one */
export function parseRetryAfter(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  if (/^\d+(?:\.\d+)?$/.test(text)) return Math.min(LONGEST_MS, Math.ceil(Number(text) * 1000));
  const atMs = /[A-Za-z]/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(atMs) ? undefined : Math.min(LONGEST_MS, Math.max(0, atMs - nowMs));
}
