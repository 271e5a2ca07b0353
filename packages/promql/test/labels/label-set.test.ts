import { describe, expect, it } from 'vitest';
import { LabelSet } from '../../src/labels/label-set.ts';

describe('a label set', () => {
  it.each([
    ['a', '0', { a: '0', b: '1', d: '2' }],
    ['c', 'x', { b: '1', c: 'x', d: '2' }],
    ['e', 'x', { b: '1', d: '2', e: 'x' }],
    ['d', 'x', { b: '1', d: 'x' }],
    ['b', '', { d: '2' }],
    ['c', '', { b: '1', d: '2' }],
  ])('with %s set to "%s" is sorted and has it once', (name, value, expected) => {
    const labels = LabelSet.of({ d: '2', b: '1' });
    const changed = labels.with(name, value);
    expect(Object.fromEntries(changed.entries())).toEqual(expected);
    expect(changed.names).toEqual(Object.keys(expected).sort());
    expect(labels.equals(LabelSet.of({ b: '1', d: '2' }))).toBe(true);
  });

  it('remembers what was derived of it, for each by whom, and not without end', () => {
    const labels = LabelSet.of({ a: '1' });
    const askers = Array.from({ length: 30 }, (_, index) => ({ part: LabelSet.of({ b: String(index) }) }));
    for (const [index, asker] of askers.entries()) {
      expect(labels.derivedBy(asker)).toBeUndefined();
      labels.rememberDerived(asker, asker.part);
      expect(labels.derivedBy(asker)).toBe(asker.part);
      const known = askers.slice(0, index + 1).filter((one) => labels.derivedBy(one) !== undefined);
      expect(known.length).toBeLessThanOrEqual(8);
      for (const one of known) expect(labels.derivedBy(one)).toBe(one.part);
    }
  });
});
