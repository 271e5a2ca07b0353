/** Property tests try the same cases in every run; `FC_SEED=7 npx vitest …` tries others. */
export const SEEDED = { seed: Number(process.env.FC_SEED ?? 20_261_121) };
