import { FakeClock } from '@vigie/core/fake-clock';
import { type Random, seededRandom } from '@vigie/core/random';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { SampleColumns } from '@vigie/promql/storage/sample-columns';
import { describe, expect, it } from 'vitest';
import { Head } from '../../src/head/head.ts';
import { oddNumbers } from '../odd-numbers.ts';
import { type ModelSample, samplesOf } from './model.ts';

interface Sample {
  readonly timestampMs: number;
  readonly value: number;
}

/** What a head has of the samples, appended in this order in batches of random sizes. */
function stored(samples: readonly Sample[], random: Random): readonly ModelSample[] {
  const head = new Head({ outOfOrderWindowMs: 1e9, coldAfterMs: 1e9 }, new FakeClock());
  const ref = head.getOrCreate(LabelSet.of({ __name__: 'm' }));
  if (typeof ref === 'string') throw new Error(ref);
  for (let from = 0; from < samples.length; ) {
    const batch = samples.slice(from, from + 1 + Math.floor(random() * 40));
    from += batch.length;
    head.append({
      count: batch.length,
      refs: new Uint32Array(batch.length).fill(ref),
      timestampsMs: Float64Array.from(batch, ({ timestampMs }) => timestampMs),
      values: Float64Array.from(batch, ({ value }) => value),
    });
    if (random() < 0.05) head.store.cool(head.table.resolve(ref));
  }
  const columns = new SampleColumns();
  head.store.read(head.table.resolve(ref), -1e15, 1e15, columns);
  return samplesOf(columns);
}

function shuffled<T>(list: readonly T[], random: Random): T[] {
  return list
    .map((one) => ({ one, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ one }) => one);
}

describe('samples out of order', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('are stored as if they had come in order, once each, seed %i', (seed) => {
    const random = seededRandom(seed);
    const values = oddNumbers(random, 700);
    let timestampMs = new FakeClock().nowMs() - 20_000_000;
    const samples = Array.from(values, (value) => {
      timestampMs += 1 + Math.floor(random() * 20_000);
      return { timestampMs, value };
    });
    const inOrder = stored(samples, random);
    expect(inOrder).toHaveLength(samples.length);
    expect(stored(shuffled(samples, random), random)).toEqual(inOrder);
    expect(stored(shuffled([...samples, ...samples], random), random)).toEqual(inOrder);
    expect(stored(samples.toReversed(), random)).toEqual(inOrder);
  });
});
