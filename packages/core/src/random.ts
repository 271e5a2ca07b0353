/** Randomness, injected: a test names a seed and sees the same run again. */

/** @returns a number in [0, 1), as Math.random does */
export type Random = () => number;

/** mulberry32: 32 bits of state, period 2^32. For jitter and tests, never for secrets.
 *  @param seed any integer; only its low 32 bits count */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
