/** A stream of pseudo-random numbers that is the same for the same seed (mulberry32). */
export interface Seeded {
  /** A float in [0, 1). */
  next(): number;
  /** An integer in [low, high). */
  between(low: number, high: number): number;
}

export function seeded(seed: number): Seeded {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return { next, between: (low, high) => low + Math.floor(next() * (high - low)) };
}

/** The seed of a run: VIGIE_REAL_SEED repeats one. */
export function runSeed(): number {
  const given = process.env.VIGIE_REAL_SEED;
  return given === undefined ? Math.floor(performance.timeOrigin) % 1_000_000 : Number(given);
}

/** Where nobody names a seed, the same one every time: who changes the code should not be stopped by a rare difference that was there before,
 *  and is found by other seeds. */
export function fixedSeed(): number {
  return Number(process.env.VIGIE_REAL_SEED ?? 50_010);
}
