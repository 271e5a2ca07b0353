import { LabelSet } from '@vigie/promql/labels/label-set';
import { describe, expect, it } from 'vitest';
import { formatMatchers, matchesAll, sortMatchers } from '../../src/matchers/alert-matcher.ts';
import { parseMatcher, parseMatchers } from '../../src/matchers/parse-matchers.ts';

/** Alertmanager's own table: matcher/compat/parse_test.go. */
describe('matchers in both grammars', () => {
  it.each([
    ['{foo=bar,bar=baz}', '{foo="bar",bar="baz"}', undefined],
    ['{foo🙂=bar,bar=baz🙂}', '{foo🙂="bar",bar="baz🙂"}', undefined],
    [
      '{foo=!bar,bar=$baz\\n}',
      '{foo="!bar",bar="$baz\\n"}',
      `{foo=!bar,bar=$baz\\n} is read in the classic grammar of matchers, which later releases of Alertmanager no longer have (5:6: !: expected one of '=~': expected label value): write foo="!bar",bar="$baz\\n"`,
    ],
    [
      '{foo="\\xf0\\x9f\\x99\\x82"}',
      '{foo="\\\\xf0\\\\x9f\\\\x99\\\\x82"}',
      expect.stringMatching(/^\{foo=.* means \{foo="\\\\xf0.*"\} in the classic grammar/),
    ],
  ])('reads %s', (input, printed, warning) => {
    const parsed = parseMatchers(input);
    expect(formatMatchers(parsed.matchers)).toBe(printed);
    expect(parsed.warning).toEqual(warning);
  });

  it('tells what is in neither in the words of the classic one', () => {
    expect(() => parseMatchers('{foo!bar}')).toThrow(
      expect.objectContaining({ message: 'bad matcher format: foo!bar' }),
    );
    expect(() => parseMatcher('foo!bar')).toThrow(expect.objectContaining({ message: 'bad matcher format: foo!bar' }));
    expect(() => parseMatcher('{foo=bar}')).toThrow(
      expect.objectContaining({ message: 'unexpected open or close brace: {foo=bar}' }),
    );
  });

  it('reads one, without braces', () => {
    expect(formatMatchers(parseMatcher('foo=!bar\\n').matchers)).toBe('{foo="!bar\\n"}');
    expect(formatMatchers(parseMatcher('foo🙂=bar').matchers)).toBe('{foo🙂="bar"}');
  });
});

describe('a matcher', () => {
  const matches = (text: string, value: string): boolean =>
    matchesAll(parseMatchers(text).matchers, LabelSet.of({ a: value }));

  it.each([
    ['a=b', 'b', true],
    ['a=b', 'bb', false],
    ['a!=b', '', true],
    ['a=""', '', true],
    ['a=~"b|c.*"', 'cd', true],
    ['a=~"b|c.*"', 'abc', false],
    ['a=~b|c', 'c', true],
    ['a!~"b|c"', 'c', false],
    ['a!~".+"', '', true],
    ['a=~"b.c"', 'b\nc', false],
    ['a=~".*"', '', true],
  ])('%s of "%s" is %s', (text, value, expected) => {
    expect(matches(text, value)).toBe(expected);
  });

  it('is sorted by name, value and operator, by their bytes', () => {
    const { matchers } = parseMatchers('b=x,a!=x,a=x,a=~x,a=w,"\u{10000}"=x,"\uffee"=x');
    expect(formatMatchers(sortMatchers(matchers))).toBe('{a="w",a="x",a!="x",a=~"x",b="x",\uffee="x",\u{10000}="x"}');
  });
});
