import { FakeClock } from '@vigie/core/fake-clock';
import { type Random, seededRandom } from '@vigie/core/random';
import { isReset } from '@vigie/promql/histogram/compare';
import type { Histogram } from '@vigie/promql/histogram/histogram';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { SampleColumns } from '@vigie/promql/storage/sample-columns';
import { describe, expect, it } from 'vitest';
import { Head } from '../../src/head/head.ts';
import { oddNumbers } from '../odd-numbers.ts';
import { randomHistogram } from '../random-histogram.ts';
import { type ModelSample, samplesOf, withoutHints } from './model.ts';

interface Sample {
  readonly timestampMs: number;
  readonly value: number | Histogram;
}

/** What a head has of the samples, appended in this order in batches of random sizes. */
function stored(samples: readonly Sample[], random: Random, outOfOrderWindowMs = 1e9): readonly ModelSample[] {
  const head = new Head({ outOfOrderWindowMs, retentionMs: 1e13, coldAfterMs: 1e9 }, new FakeClock());
  const ref = head.getOrCreate(LabelSet.of({ __name__: 'm' }));
  if (typeof ref === 'string') throw new Error(ref);
  for (let from = 0; from < samples.length; ) {
    const batch = samples.slice(from, from + 1 + Math.floor(random() * 40));
    from += batch.length;
    // Runs of one kind, in their order.
    for (let start = 0; start < batch.length; ) {
      const isFloat = typeof batch[start]!.value === 'number';
      let end = start;
      while (end < batch.length && (typeof batch[end]!.value === 'number') === isFloat) end++;
      append(head, ref, batch.slice(start, end));
      start = end;
    }
    if (random() < 0.05) head.store.cool(head.table.resolve(ref));
  }
  const columns = new SampleColumns();
  head.store.read(head.table.resolve(ref), -1e15, 1e15, columns);
  return samplesOf(columns);
}

function append(head: Head, ref: number, run: readonly Sample[]): void {
  const histograms = run.flatMap(({ timestampMs, value }) =>
    typeof value === 'number' ? [] : [{ ref, timestampMs, histogram: value, startTimestampMs: 0 }],
  );
  head.appendHistograms(histograms);
  if (histograms.length > 0) return;
  head.append({
    count: run.length,
    refs: new Uint32Array(run.length).fill(ref),
    timestampsMs: Float64Array.from(run, ({ timestampMs }) => timestampMs),
    values: Float64Array.from(run, ({ value }) => (typeof value === 'number' ? value : 0)),
  });
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

  it.each([1, 2, 3, 4])('may be whole numbers, which are packed, and months apart, seed %i', (seed) => {
    const random = seededRandom(seed);
    const stepsMs = Array.from({ length: 700 }, () =>
      random() < 0.05 ? Math.floor(random() * 2 ** 34) : 1 + Math.floor(random() * 20_000),
    );
    let timestampMs = new FakeClock().nowMs() - stepsMs.reduce((sum, stepMs) => sum + stepMs);
    let value = 0;
    const samples = stepsMs.map((stepMs) => {
      timestampMs += stepMs;
      value += Math.floor(random() * 5);
      return { timestampMs, value };
    });
    const inOrder = stored(samples, random, 1e13);
    const columns = new SampleColumns();
    columns.reserve(samples.length);
    for (const sample of samples) columns.addFloat(sample.timestampMs, sample.value);
    expect(inOrder).toEqual(samplesOf(columns));
    expect(stored(shuffled(samples, random), random, 1e13)).toEqual(inOrder);
    expect(stored(samples.toReversed(), random, 1e13)).toEqual(inOrder);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('may be histograms, or histograms among floats, seed %i', (seed) => {
    const random = seededRandom(seed);
    const share = random() < 0.5 ? 1 : random();
    let timestampMs = new FakeClock().nowMs() - 10_000_000;
    const numbers = oddNumbers(random, 400);
    const samples = Array.from(numbers, (value, n) => {
      timestampMs += 1 + Math.floor(random() * 15_000);
      return {
        timestampMs,
        value: random() < share ? randomHistogram(seededRandom(n >> 5), random) : value,
      };
    });
    const inOrder = withoutHints(stored(samples, random));
    expect(inOrder).toHaveLength(samples.length);
    for (const order of [shuffled(samples, random), shuffled([...samples, ...samples], random), samples.toReversed()])
      expect(withoutHints(stored(order, random))).toEqual(inOrder);
  });

  it.each([1, 2, 3, 4])('leave no hint that a histogram goes on from one that is not before it, seed %i', (seed) => {
    const random = seededRandom(seed);
    const startMs = new FakeClock().nowMs() - 10_000_000;
    let counts = [5, 5];
    const samples = Array.from({ length: 200 }, (_, n) => {
      counts = random() < 0.2 ? [1, 0] : counts.map((count) => count + Math.floor(random() * 3));
      return { timestampMs: startMs + n * 15_000, value: counterOf(counts) };
    });
    const late = samples.filter(() => random() < 0.3);
    const onTime = samples.filter((sample) => !late.includes(sample));
    const found = stored([...onTime, ...shuffled(late, random)], random);
    expect(found).toHaveLength(200);
    for (const [index, { value }] of found.entries()) {
      const before = found[index - 1]?.value;
      if (typeof value === 'string' || value.counterResetHint !== 'not_reset') continue;
      expect(typeof before === 'object' && !isReset({ ...value, counterResetHint: 'unknown' }, before)).toBe(true);
    }
  });
});

function counterOf(positiveBuckets: readonly number[]): Histogram {
  return {
    counterResetHint: 'unknown',
    schema: 0,
    zeroThreshold: 0,
    zeroCount: 0,
    count: positiveBuckets.reduce((sum, count) => sum + count, 0),
    sum: 1,
    positiveSpans: [{ offset: 0, length: positiveBuckets.length }],
    negativeSpans: [],
    positiveBuckets,
    negativeBuckets: [],
    customValues: [],
  };
}
