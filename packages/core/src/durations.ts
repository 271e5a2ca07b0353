/** Durations as Prometheus writes them: `1h30m`, `500ms`, `15s`, units from long to short, each at most once. */

const UNITS = [
  ['y', 365 * 86_400_000],
  ['w', 7 * 86_400_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
] as const;

const PATTERN = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+)s)?(?:(\d+)ms)?$/;

/** @returns milliseconds, or undefined when the text is no duration or is beyond 2^53 ms; `0` needs no unit */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0;
  const match = text === '' ? null : PATTERN.exec(text);
  if (match === null) return undefined;
  const totalMs = UNITS.reduce((sumMs, [, unitMs], index) => sumMs + Number(match[index + 1] ?? 0) * unitMs, 0);
  return Number.isSafeInteger(totalMs) ? totalMs : undefined;
}

/** The shortest text that parseDuration reads back to the same value; years and weeks only where they are exact, as in
 *  Prometheus.
 *  @param durationMs an integer >= 0 */
export function formatDuration(durationMs: number): string {
  if (durationMs === 0) return '0s';
  let text = '';
  let restMs = durationMs;
  for (const [unit, unitMs] of UNITS) {
    if ((unit === 'y' || unit === 'w') && restMs % unitMs !== 0) continue;
    const count = Math.floor(restMs / unitMs);
    if (count > 0) text += `${count}${unit}`;
    restMs -= count * unitMs;
  }
  return text;
}
