/** Time in steps that lie at multiples of their length, so that two evaluations cut it at the same places. */

/** What a rule has to wait for at most beside its delay, where it has few steps. */
const LENGTHS_MS = [10_000, 30_000, 60_000, 300_000, 600_000, 3_600_000, 86_400_000];
const LONGEST_MS = 86_400_000;
/** Of one question. */
const MOST_STEPS = 120;

/** After an outage: what lies further back is not looked for. */
export const CATCH_UP_MS = 6 * 3_600_000;

/** A length of which a question about this much time has few. */
export function stepFor(spanMs: number): number {
  return LENGTHS_MS.find((length) => spanMs / length <= MOST_STEPS) ?? LONGEST_MS;
}

/** The same, which divides the range. */
export function stepOfRange(rangeMs: number, spanMs: number): number {
  return greatestCommonDivisor(rangeMs, stepFor(spanMs));
}

/** The longest of those that are shorter, and divide it; undefined of the shortest. */
export function shorterStep(stepMs: number): number | undefined {
  return LENGTHS_MS.findLast((length) => length < stepMs && stepMs % length === 0);
}

export function floorTo(timeMs: number, stepMs: number): number {
  return Math.floor(timeMs / stepMs) * stepMs;
}

export function ceilTo(timeMs: number, stepMs: number): number {
  return Math.ceil(timeMs / stepMs) * stepMs;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
