import { expect, it } from 'vitest';
import { runCampaign, SIDECAR_STREAM } from '../campaign.ts';

/** Part of `npm test`: half a minute on two busy cores. `npm run test:real` plays others, and more of them. */
const SCENARIOS = 20;
const SHRINK_S = 60;
const TIMEOUT_MS = 3_600_000;

const { VIGIE_TORTURE_SEED: only, VIGIE_TORTURE_KEEP: keep, VIGIE_TORTURE_SHRINK: shrinkS } = process.env;
const seeds = only?.split(',').map(Number) ?? Array.from({ length: SCENARIOS }, (_, index) => index + 1);

it(`the streaming sidecar loses nothing, and repeats only what a kill left underway, in ${seeds.length} random scenarios`, {
  timeout: TIMEOUT_MS,
}, async () => {
  const failure = await runCampaign({
    subject: SIDECAR_STREAM,
    seeds,
    keep: keep?.split(',').map(Number),
    shrinkMs: Number(shrinkS ?? (only === undefined ? SHRINK_S : 0)) * 1000,
    isVerbose: seeds.length === 1,
    tell: console.info,
  });
  if (failure !== undefined) expect.fail(failure);
});
