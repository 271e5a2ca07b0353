import { describe, expect, it } from 'vitest';
import { quote, unquote } from '../../src/text/quote.ts';

describe('string literals', () => {
  it.each([
    ['"a"', 'a'],
    ["'a\"b'", 'a"b'],
    ['"\\n\\t\\\\\\""', '\n\t\\"'],
    ['"\\x41\\101\\u00e9\\U0001F600"', 'AAé😀'],
    ['"\\xc3\\xa9"', 'é'],
    ['`a\\n"\n`', 'a\\n"\n'],
  ])('%s', (literal, value) => {
    expect(unquote(literal)).toBe(value);
    expect(unquote(quote(value))).toBe(value);
  });

  it.each([
    '"',
    '"a',
    '\'a"',
    '"\\q"',
    '"\\x4"',
    '"\\400"',
    '"\\ud800"',
    '"a\nb"',
    "'a'b'",
  ])('%j is none', (literal) => {
    expect(unquote(literal)).toBeUndefined();
  });
});
