/** Durations of Go's `time` package: `1m30s`, `1.5h`, `-2s`, `300ms`. */

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};
/** Beyond are more nanoseconds than 63 bits hold. */
const LONGEST_MS = 2 ** 63 / 1e6;
const WHOLE = /^([+-]?)((?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/;
const PART = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g;

/** time.ParseDuration.
 *  @returns ms, with fractions; undefined where it is none */
export function parseGoDuration(text: string): number | undefined {
  if (/^[+-]?0$/.test(text)) return 0;
  const [, sign, parts = ''] = WHOLE.exec(text) ?? [];
  if (sign === undefined) return undefined;
  let totalMs = 0;
  for (const [, count, unit = ''] of parts.matchAll(PART)) totalMs += Number(count) * (UNIT_MS[unit] ?? 0);
  if (totalMs >= LONGEST_MS) return undefined;
  return sign === '-' ? -totalMs : totalMs;
}
