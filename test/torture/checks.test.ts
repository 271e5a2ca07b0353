import { describe, expect, it } from 'vitest';
import { execute, type Outcome } from './execution.ts';
import { type Defect, ReferenceReader } from './reference-reader.ts';
import { generateScenario } from './scenario.ts';

const CORRECT_SEEDS = 10;
const MOST_SEEDS = 40;
/** Only a reader that is stuck takes it all; long enough for a correct ending on a machine that does three other things. */
const DEFECT_DEADLINE_MS = 5_000;

function play(seed: number, deadlineMs: number, defect?: Defect): Promise<Outcome> {
  return execute(generateScenario(seed), {
    makeAgent: (layout, scenario) => new ReferenceReader(layout, scenario.settings, defect),
    deadlineMs,
    keepFolder: false,
  });
}

describe('the checks of the torture test', () => {
  it('find nothing wrong with a reader that is correct by construction', { timeout: 120_000 }, async () => {
    for (let seed = 1; seed <= CORRECT_SEEDS; seed++) {
      const { violations, trace } = await play(seed, 20_000);
      expect(violations, [`seed ${seed}`, ...violations, ...trace].join('\n')).toEqual([]);
    }
  });

  // Each defect is one that a log agent has had; what it must be told apart by stands beside it, and where scenarios
  // that show it are rare, the seed to begin with.
  const defects: readonly [Defect, RegExp, firstSeed?: number][] = [
    ['leaves out the last line of what it finds', /^stuck: .*records missing/s],
    ['ignores .gz', /^stuck: .*records missing/s],
    ['knows files by inode only', /^stuck: .*records missing/s],
    ['takes a 200 for success of every item', /^(stuck: .*records missing|ledger: .*acked records)/s],
    ['writes its checkpoint before the answer', /^stuck: .*records missing/s],
    ['sends under random ids', /^doubled: /s],
    ['takes copies for new bytes', /^doubled: /s],
    ['throws refused records away', /^dead letter: none of/s],
    ['joins fragments of both streams', /^(content: |stuck: .*records missing)/s],
    ['forgets open messages at rotation', /^(content: |stuck: .*records missing|doubled: )/s],
    ['decodes each fragment alone', /^content: /s],
    ['does not cut long lines', /^content: .*truncated/s],
    ['says nothing of partial messages', /^content: .*partial/s, 60],
    ['counts every line twice', /^ledger: .*read is more than/s],
    ['sends the newest first', /^order: /s],
  ];
  it.concurrent.each(defects)('find a reader that %s', { timeout: 120_000 }, async (defect, sign, firstSeed = 1) => {
    const found: string[] = [];
    for (let seed = firstSeed; seed < firstSeed + MOST_SEEDS && !found.some((one) => sign.test(one)); seed++) {
      found.push(...(await play(seed, DEFECT_DEADLINE_MS, defect)).violations);
    }
    expect(found).toContainEqual(expect.stringMatching(sign));
  });
});
