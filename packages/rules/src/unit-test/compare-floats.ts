/** Floats as promtool compares them. */

/** @param isFuzzy whether neighbours count as the same */
export function isSameValue(a: number, b: number, isFuzzy: boolean): boolean {
  // NaN is no expected value, in promtool neither.
  return a === b || (isFuzzy && (neighbour(a, 1n) === b || neighbour(a, -1n) === b));
}

const word = new BigInt64Array(1);
const float = new Float64Array(word.buffer);

/** The next float towards +Inf (1) or -Inf (-1). */
function neighbour(value: number, direction: 1n | -1n): number {
  if (!Number.isFinite(value)) return value;
  if (value === 0) return direction === 1n ? Number.MIN_VALUE : -Number.MIN_VALUE;
  float[0] = value;
  word[0] = word[0]! + (value > 0 ? direction : -direction);
  return float[0];
}
