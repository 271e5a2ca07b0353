import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatGoFloat, parseGoFloat } from '../src/go-float.ts';

const rows = readFileSync(new URL('../testdata/go/floats.jsonl', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line): readonly string[] => JSON.parse(line));

describe('numbers in Go', () => {
  it.each(
    rows.map(([bits = '', ...texts]) => [Buffer.from(bits, 'hex').readDoubleBE(), texts] as const),
  )('are formatted as Go does: %s', (value, texts) => {
    const written = (['e', 'f', 'g'] as const).flatMap((verb) =>
      [-1, 0, 1, 2, 3, 6, 10, 17].map((precision) => formatGoFloat(value, verb, precision)),
    );
    expect(written).toEqual(texts);
  });

  it('are read back as they were written', () => {
    fc.assert(
      fc.property(fc.double(), fc.constantFrom('e' as const, 'f' as const, 'g' as const), (value, verb) => {
        expect(parseGoFloat(formatGoFloat(value, verb))).toBe(value);
      }),
      { seed: 20_261_129 },
    );
  });

  it.each([
    ['', 'invalid syntax'],
    ['.', 'invalid syntax'],
    ['1e', 'invalid syntax'],
    [' 1', 'invalid syntax'],
    ['0x10', 'invalid syntax'],
    ['1_000', 'invalid syntax'],
    ['-nan', 'invalid syntax'],
    ['1e999', 'value out of range'],
    ['1e-999', 0],
    ['+.5', 0.5],
    ['5.', 5],
    ['iNf', Number.POSITIVE_INFINITY],
    ['-Infinity', Number.NEGATIVE_INFINITY],
    ['NAN', Number.NaN],
    ['9007199254740993', 9_007_199_254_740_992],
  ])('reads %j', (text, value) => {
    expect(parseGoFloat(text)).toBe(value);
  });
});
