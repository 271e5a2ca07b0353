import { type Random, seededRandom } from '@vigie/core/random';
import { describe, expect, it } from 'vitest';
import { Annotations } from '../../src/evaluate/annotations.ts';
import { ABSENT, VectorBlock } from '../../src/evaluate/block.ts';
import { RANGE_FUNCTIONS, ROW_FUNCTIONS } from '../../src/evaluate/range-functions.ts';
import { RangeWindow } from '../../src/evaluate/range-window.ts';
import { LabelSet } from '../../src/labels/label-set.ts';
import { SampleColumns } from '../../src/storage/sample-columns.ts';

const LENGTH_MS = 300_000;
const STEP_MS = 60_000;
const STEPS = 40;

/** Of a gauge or a counter, with gaps, jitter and staleness markers. */
function randomColumns(random: Random, isCounter: boolean): SampleColumns {
  const columns = new SampleColumns();
  let value = Math.floor(random() * 1e4) - (isCounter ? 0 : 5e3);
  for (let timestampMs = 0; timestampMs < STEPS * STEP_MS; timestampMs += 15_000) {
    if (random() < 0.05) timestampMs += 240_000;
    value += isCounter ? random() * 100 : random() * 100 - 50;
    if (random() < 0.02) columns.addStale(timestampMs);
    else columns.addFloat(timestampMs + Math.floor(random() * 5_000), random() < 0.005 ? Number.NaN : value);
  }
  return columns;
}

describe.each([...ROW_FUNCTIONS])('%s of a row', (name, rowFunction) => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('is that of each of its windows, seed %i', (seed) => {
    const random = seededRandom(seed);
    for (let round = 0; round < 20; round++) {
      const window = new RangeWindow(new Annotations(), { start: 0, end: 0 });
      window.lengthMs = LENGTH_MS;
      window.samples.take(randomColumns(random, round % 2 === 0));
      const { times, floatCount } = window.samples;
      const firstEndMs = Math.floor(random() * 200_000);
      const block = new VectorBlock(STEPS, 1);
      block.addRow(LabelSet.empty, true);
      const floats = { samples: window.samples, firstEndMs, stepMs: STEP_MS, lengthMs: LENGTH_MS };
      const windowed = rowFunction(floats, block, 0);
      if (windowed === undefined) {
        expect(window.samples.falls).toBe(true);
        expect(block.isEmptyRow(0)).toBe(true);
        continue;
      }
      let seen = 0;
      for (let step = 0; step < STEPS; step++) {
        window.endMs = firstEndMs + step * STEP_MS;
        window.startMs = window.endMs - LENGTH_MS;
        const within = [...times.subarray(0, floatCount)].map((at) => at > window.startMs && at <= window.endMs);
        window.from = within.indexOf(true);
        window.to = within.lastIndexOf(true) + 1;
        window.clearResult();
        if (window.from >= 0) {
          seen += window.to - window.from;
          RANGE_FUNCTIONS.get(name)?.(window);
        }
        const expected = window.hasFloat ? window.float : undefined;
        expect(block.kinds[step] === ABSENT ? undefined : block.values[step]).toBe(expected);
      }
      expect(windowed).toBe(seen);
    }
  });
});
