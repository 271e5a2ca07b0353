import { describe, expect, it } from 'vitest';
import { markedQuery } from '../../src/query/refusal-text.ts';

describe('markedQuery', () => {
  it('marks the place that a parse error names', () => {
    expect(
      markedQuery('sum(rate(up)', 'invalid parameter "query": 1:13: parse error: unclosed left parenthesis'),
    ).toEqual(['  sum(rate(up)', '              ^']);
  });

  it('shows the line of it, and counts bytes of UTF-8 as cells of the terminal', () => {
    expect(markedQuery('up ==\n  {job="日本"} +', '2:18: parse error: unexpected end of input')).toEqual([
      '  {job="日本"} +'.replace(/^/, '  '),
      '                 ^',
    ]);
  });

  it('shows the whole query where an error has no place', () => {
    expect(markedQuery('a\n  / b', 'found duplicate series for the match group')).toEqual(['  a', '    / b']);
    expect(markedQuery('a', '7:1: parse error: of another query')).toEqual(['  a']);
  });
});
