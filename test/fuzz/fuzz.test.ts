/** Every parser of bytes from outside, on inputs that are almost real. `VIGIE_FUZZ_SECONDS=600` runs as long as that in all,
 *  from another seed each time; `VIGIE_FUZZ_SEED` repeats one. */
import { describe, it } from 'vitest';
import { alertTargets } from './alert-targets.ts';
import { answerTargets } from './answer-targets.ts';
import { clusterTargets } from './cluster-targets.ts';
import { configTargets } from './config-targets.ts';
import { diskTargets } from './disk-targets.ts';
import { INJECTION_TARGETS } from './injection-targets.ts';
import { lineTargets } from './line-targets.ts';
import { metricTargets } from './metric-targets.ts';
import { probeTargets } from './probe-targets.ts';
import { queryTargets } from './query-targets.ts';
import { ruleTargets } from './rule-targets.ts';
import { fuzz } from './target.ts';
import { templateTargets } from './template-targets.ts';
import { timeTargets } from './time-targets.ts';
import { tsdbTargets } from './tsdb-targets.ts';
import { wireTargets } from './wire-targets.ts';

const targets = [
  ...lineTargets,
  ...timeTargets,
  ...wireTargets,
  ...metricTargets,
  ...clusterTargets,
  ...templateTargets,
  ...answerTargets,
  ...diskTargets,
  ...tsdbTargets,
  ...configTargets,
  ...INJECTION_TARGETS,
  ...probeTargets,
  ...queryTargets,
  ...ruleTargets,
  ...alertTargets,
];

const { VIGIE_FUZZ_SECONDS: allSeconds, VIGIE_FUZZ_SEED: givenSeed } = process.env;
const seconds = allSeconds === undefined ? undefined : Number(allSeconds) / targets.length;
const seed = Number(givenSeed ?? (seconds === undefined ? 20_261_121 : Date.now() % 2 ** 31));

describe('fuzzing', () => {
  it.each(targets)(
    '$name: no crash, and no growth',
    (target) => fuzz(target, seed, seconds),
    120_000 + 2_000 * (seconds ?? 0),
  );
});
