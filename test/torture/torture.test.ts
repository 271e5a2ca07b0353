import { expect, it } from 'vitest';
import { NODE_AGENT, runCampaign } from './campaign.ts';

/** Part of `npm test`: about a minute on two busy cores. `npm run test:real` plays others, and more of them. */
const SCENARIOS = 40;
/** How long to look for a shorter case; scenarios that are asked for are only played. */
const SHRINK_S = 60;
/** A scenario that gets stuck takes its deadline, and shrinking plays some dozens of them. */
const TIMEOUT_MS = 3_600_000;

const { VIGIE_TORTURE_SEED: only, VIGIE_TORTURE_KEEP: keep, VIGIE_TORTURE_SHRINK: shrinkS } = process.env;
const seeds = only?.split(',').map(Number) ?? Array.from({ length: SCENARIOS }, (_, index) => index + 1);

it(`the node agent loses nothing and balances its books in ${seeds.length} random scenarios`, {
  timeout: TIMEOUT_MS,
}, async () => {
  const failure = await runCampaign({
    subject: NODE_AGENT,
    seeds,
    keep: keep?.split(',').map(Number),
    shrinkMs: Number(shrinkS ?? (only === undefined ? SHRINK_S : 0)) * 1000,
    isVerbose: seeds.length === 1,
    tell: console.info,
  });
  if (failure !== undefined) expect.fail(failure);
});
