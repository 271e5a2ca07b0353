import { describe, expect, it } from 'vitest';
import { replaceAll } from '../../src/regex/replace.ts';

describe('replacing matches', () => {
  // The last of each is what Go 1.26's ReplaceAllString gives.
  it.each([
    ['^a', 'x', 'aab', 'xab'],
    ['\\ba', 'x', 'aa a', 'xa x'],
    ['x*', '-', 'abc', '-a-b-c-'],
    ['a*', 'x', 'baac', 'xbxcx'],
    ['(a)|b', '[$1]', 'ab', '[a][]'],
    ['a|', 'X', 'aba', 'XbX'],
    ['', '-', 'é😀', '-é-😀-'],
    ['$', '.', 'ab', 'ab.'],
    ['(?P<n>.)', '${n}$n$$ $9 $nx', 'h', 'hh$  '],
    ['b', '', 'abc', 'ac'],
    ['(?m)^', '> ', 'a\nb', '> a\n> b'],
    ['z', 'y', 'abc', 'abc'],
  ])('of %j by %j in %j gives %j', (pattern, replacement, text, replaced) => {
    expect(replaceAll(pattern, text, replacement, 100)).toBe(replaced);
  });

  it('is refused where the result would be too long', () => {
    expect(() => replaceAll('a', 'aaaa', 'bbbb', 15)).toThrow('a replacement of more than 15 characters');
    expect(replaceAll('a', 'aaaa', 'bbbb', 16)).toBe('b'.repeat(16));
  });

  it('says what is wrong with a pattern', () => {
    expect(() => replaceAll('(', 'a', 'b', 10)).toThrow("regular expression '('");
  });
});
