/** Nothing lost, and books that balance to the byte, whatever happens to files, agent and sink; for the streaming sidecar every line in its order, whatever happens to its reader: scenarios of test/torture beyond those of `npm test`. */
import { expect, test } from 'vitest';
import { NODE_AGENT, runCampaign, SIDECAR_STREAM } from '../torture/campaign.ts';
import { inForm } from './form.ts';
import { progress } from './progress.ts';

/** One to two seconds each on two cores that do nothing else. */
const SCENARIOS = inForm(60, 500);
/** Where nobody names a seed, the same ones every time: who changes the agent should not be stopped by what was there before. */
const first = Number(process.env.VIGIE_REAL_SEED ?? inForm(41, 1));
const SHRINK_MS = 60_000;
const TIMEOUT_MS = inForm(900_000, 3_600_000);

test.each([
  ['the node agent', NODE_AGENT],
  ['the streaming sidecar', SIDECAR_STREAM],
])(`${SCENARIOS} random scenarios for %s, from seed ${first} on`, { timeout: TIMEOUT_MS }, async (name, subject) => {
  progress(`torture: ${SCENARIOS} scenarios for ${name} from seed ${first} on; VIGIE_REAL_SEED=N begins at another`);
  const seeds = Array.from({ length: SCENARIOS }, (_, index) => first + index);
  const failure = await runCampaign({ subject, seeds, shrinkMs: SHRINK_MS, isVerbose: false, tell: progress });
  if (failure !== undefined) expect.fail(failure);
});
