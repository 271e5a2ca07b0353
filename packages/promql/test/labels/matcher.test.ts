import { describe, expect, it } from 'vitest';
import { LabelSet } from '../../src/labels/label-set.ts';
import { Matcher, type MatchOperator } from '../../src/labels/matcher.ts';

describe('a matcher', () => {
  const cases: readonly (readonly [MatchOperator, string, string, boolean])[] = [
    ['=', 'a', 'a', true],
    ['=', '', '', true],
    ['!=', 'a', 'b', true],
    ['!=', 'a', 'a', false],
    ['=~', 'a.*', 'ab', true],
    ['=~', 'a', 'ab', false],
    ['=~', 'a|bc', 'bc', true],
    ['=~', 'a|bc', 'b', false],
    ['=~', 'a|', '', true],
    ['=~', 'a.b', 'a\nb', true],
    ['=~', '(?i)AB', 'ab', true],
    ['!~', 'a+', 'aa', false],
    ['!~', 'a+', '', true],
  ];
  it.each(cases)('%s %j on %j: %s', (operator, value, text, expected) => {
    expect(new Matcher('x', operator, value).matches(text)).toBe(expected);
  });

  it('knows its alternatives where they are plain', () => {
    expect(new Matcher('x', '=~', 'a|b-1|').alternatives).toEqual(['a', 'b-1', '']);
    expect(new Matcher('x', '=~', 'a.|b').alternatives).toBeUndefined();
    expect(new Matcher('x', '=', 'a|b').alternatives).toBeUndefined();
  });
});

describe('a label set', () => {
  it('is sorted, and has no empty label', () => {
    const labels = LabelSet.of({ b: '2', a: '1', c: '' });
    expect([labels.names, labels.values]).toEqual([
      ['a', 'b'],
      ['1', '2'],
    ]);
    expect(labels.get('c')).toBe('');
  });

  it('is compared label by label, fewer labels first', () => {
    const sets = [{ a: '2' }, { a: '1', b: '1' }, { a: '1' }, { b: '0' }].map((labels) => LabelSet.of(labels));
    expect(sets.sort((one, other) => one.compare(other)).map((labels) => labels.toJSON())).toEqual([
      { a: '1' },
      { a: '1', b: '1' },
      { a: '2' },
      { b: '0' },
    ]);
  });

  it('changes into another one', () => {
    const labels = LabelSet.of({ a: '1', b: '2' });
    expect(labels.with('a', '').toJSON()).toEqual({ b: '2' });
    expect(labels.with('c', '3').toJSON()).toEqual({ a: '1', b: '2', c: '3' });
    expect(labels.without('z')).toBe(labels);
    expect(labels.equals(LabelSet.of({ b: '2', a: '1' }))).toBe(true);
  });
});
