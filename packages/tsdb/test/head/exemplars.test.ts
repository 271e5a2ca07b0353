import { seededRandom } from '@vigie/core/random';
import { LabelSet } from '@vigie/promql/labels/label-set';
import type { Exemplar } from '@vigie/promql/storage/querier';
import { describe, expect, it } from 'vitest';
import { Exemplars } from '../../src/head/exemplars.ts';

function exemplar(timestampMs: number, value = 1): Exemplar {
  return { labels: LabelSet.of({ trace_id: `t${timestampMs}` }), value, timestampMs };
}

describe('exemplars', () => {
  it.each([1, 2, 3])('are the newest of all, those of a series in order of time, seed %i', (seed) => {
    const random = seededRandom(seed);
    const ring = new Exemplars(20);
    const all: { ref: number; exemplar: Exemplar }[] = [];
    for (let step = 0; step < 500; step++) {
      const ref = Math.floor(random() * 6);
      const one = exemplar(step);
      expect(ring.add(ref, one)).toBe('added');
      all.push({ ref, exemplar: one });
      const kept = all.slice(-20);
      for (let asked = 0; asked < 6; asked++) {
        const expected = kept.filter((other) => other.ref === asked && other.exemplar.timestampMs >= step - 15);
        expect(ring.of(asked, step - 15, step)).toEqual(expected.map((other) => other.exemplar));
      }
      expect([...ring.entries()]).toEqual(kept.map((other) => [other.ref, other.exemplar]));
      expect(ring.count).toBe(kept.length);
    }
  });

  it('are refused with a reason', () => {
    const ring = new Exemplars(4);
    expect(ring.add(1, exemplar(10))).toBe('added');
    expect(ring.add(1, exemplar(10))).toBe('known');
    expect(ring.add(1, exemplar(9))).toBe('out_of_order');
    expect(ring.add(1, exemplar(Number.NaN))).toBe('bad_timestamp');
    expect(ring.add(1, { ...exemplar(11), labels: LabelSet.of({ a: 'é'.repeat(127) }) })).toBe('added');
    expect(ring.add(1, { ...exemplar(12), labels: LabelSet.of({ a: 'é'.repeat(128) }) })).toBe('too_long');
    expect(new Exemplars(0).add(1, exemplar(1))).toBe('disabled');
  });
});
