import { seededRandom } from '@vigie/core/random';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { describe, expect, it } from 'vitest';
import { Head } from '../../src/head/head.ts';
import { randomHistogram } from '../random-histogram.ts';

function wide(buckets: number, count: number) {
  const positiveBuckets = new Array<number>(buckets).fill(count);
  return {
    ...randomHistogram(
      () => 0,
      () => 0.5,
    ),
    schema: 0,
    positiveSpans: [{ offset: 0, length: buckets }],
    positiveBuckets,
  };
}

describe('the tail of histograms', () => {
  it('counts against the bound of memory by its buckets, until it is compressed', () => {
    const head = new Head({ outOfOrderWindowMs: 1e9 }, { nowMs: () => 1e9 });
    const ref = head.getOrCreate(LabelSet.of({ __name__: 'h' }));
    if (typeof ref === 'string') throw new Error(ref);
    const before = head.usedBytes;
    const append = (timestampMs: number) =>
      head.appendHistograms([{ ref, timestampMs, histogram: wide(1_000, 7), startTimestampMs: 0 }]);
    for (const timestampMs of [10, 30, 20]) append(timestampMs);
    expect(head.usedBytes - before).toBeGreaterThan(3 * 8_000);
    append(20);
    expect(head.store.tails.samples).toBe(3);
    head.store.cool(head.table.resolve(ref));
    expect(head.store.tails).toMatchObject({ samples: 0, estimatedBytes: 0 });
    expect(head.usedBytes - before).toBeLessThan(2 * 8_000);
  });

  it.each([1, 2, 3])('is counted to the last byte whatever comes and goes, seed %i', (seed) => {
    const random = seededRandom(seed);
    const head = new Head({ outOfOrderWindowMs: 1e9, retentionMs: 20_000 }, { nowMs: () => 1e9 });
    const refs = ['a', 'b', 'c'].map((name) => head.getOrCreate(LabelSet.of({ __name__: name })));
    for (let step = 0; step < 400; step++) {
      const ref = refs[Math.floor(random() * 3)]!;
      if (typeof ref === 'string') throw new Error(ref);
      const timestampMs = step * 100 - Math.floor(random() * 2_000);
      const histogram = randomHistogram(seededRandom(step >> 6), random);
      head.appendHistograms([{ ref, timestampMs, histogram, startTimestampMs: 0 }]);
      if (random() < 0.02) head.maintain(0, 10);
    }
    for (let slot = 0; slot < head.table.slots; slot++) head.store.dropAll(slot);
    expect(head.store.tails).toMatchObject({ samples: 0, estimatedBytes: 0 });
    expect(head.store.sampleCount).toBe(0);
  });
});
