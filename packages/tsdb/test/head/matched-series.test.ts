import { LabelSet } from '@vigie/promql/labels/label-set';
import { Matcher } from '@vigie/promql/labels/matcher';
import { describe, expect, it } from 'vitest';
import { Head } from '../../src/head/head.ts';
import { MatchedSeries } from '../../src/head/matched-series.ts';
import { selectSlots } from '../../src/head/selection.ts';

describe('what matchers have found', () => {
  it('is known until series with the label come or go', () => {
    const head = new Head({}, { nowMs: () => 0 });
    for (const pod of ['api-1', 'api-2', 'db-1']) head.getOrCreate(LabelSet.of({ __name__: 'up', pod }));
    const select = (): readonly number[] => [...selectSlots(head, [new Matcher('pod', '=~', 'api-.*')])];
    expect(select()).toEqual([0, 1]);
    const version = head.postings.version(head.symbols.find('pod')!);
    head.getOrCreate(LabelSet.of({ __name__: 'other', job: 'x' }));
    expect(head.postings.version(head.symbols.find('pod')!)).toBe(version);
    expect(head.matched.heldBytes).toBe(8);
    expect(select()).toEqual([0, 1]);
    head.getOrCreate(LabelSet.of({ __name__: 'up', pod: 'api-3' }));
    expect(select()).toEqual([0, 1, 4]);
  });

  it('tells matchers apart that are written alike', () => {
    const head = new Head({}, { nowMs: () => 0 });
    for (const x of ['a', 'b', 'a|b']) head.getOrCreate(LabelSet.of({ __name__: 'up', x }));
    for (let time = 0; time < 2; time++) {
      const slots = (['=', '!=', '=~', '!~'] as const).map((operator) => [
        ...selectSlots(head, [new Matcher('x', operator, 'a|b')]),
      ]);
      expect(slots).toEqual([[2], [0, 1], [0, 1], [2]]);
    }
  });

  it('forgets what was asked for least recently, and holds no list that is larger than all may be', () => {
    const matched = new MatchedSeries();
    for (let n = 0; n < 600; n++) {
      matched.put(`k${n}`, 1, Int32Array.of(n));
      expect(matched.get('k0', 1)).toEqual(Int32Array.of(0));
    }
    expect(matched.get('k1', 1)).toBeUndefined();
    expect(matched.get('k599', 1)).toEqual(Int32Array.of(599));
    const before = matched.heldBytes;
    matched.put('large', 1, new Int32Array(2 ** 20 + 1));
    expect(matched.heldBytes).toBe(before);
    for (let n = 0; n < 10; n++) matched.put(`half${n}`, 1, new Int32Array(2 ** 19));
    expect(matched.heldBytes).toBeLessThanOrEqual(4 * 2 ** 20);
    expect(matched.get('half9', 2)).toBeUndefined();
    expect(matched.get('half9', 1)).toBeUndefined();
  });
});
