/** The automata against re2js, the reference: same match, same groups, on any pattern and any bytes. */
import fc from 'fast-check';
import { RE2JS } from 're2js';
import { describe, expect, it } from 'vitest';
import { compileRegex } from '../../src/regex/regex.ts';

const atom = fc.constantFrom(
  ...['a', 'b', 'c', '.', '[ab]', '[^a]', '\\d', '\\w', '\\s', '\\S', 'é', '[à-ž]', '[^é]', '€', '(?i:k)', '(?i:s)'],
  ...['\\x{fffd}', '[^\\n]', '(?s:.)', '[α-ωЁ]', '1', ' ', '😀', '\\x{80}', '[\\x{7f}-\\x{10ffff}]'],
);
const assertion = fc.constantFrom('^', '$', '\\b', '\\B', '(?m:^)', '(?m:$)', '\\A', '\\z', '');
const suffix = fc.constantFrom('*', '+', '?', '*?', '+?', '??', '{2}', '{1,3}', '{0,2}?', '{2,}');

function pieceOf(depth: number): fc.Arbitrary<string> {
  const simple = fc.oneof(
    { weight: 4, arbitrary: atom },
    { weight: 2, arbitrary: assertion },
    { weight: 3, arbitrary: fc.tuple(atom, suffix).map(([one, times]) => one + times) },
  );
  if (depth === 0) return simple;
  const inner = patternOf(depth - 1);
  return fc.oneof(
    { weight: 6, arbitrary: simple },
    { weight: 2, arbitrary: inner.map((one) => `(${one})`) },
    { weight: 2, arbitrary: fc.tuple(inner, suffix).map(([one, times]) => `(${one})${times}`) },
    { weight: 1, arbitrary: fc.tuple(inner, suffix).map(([one, times]) => `(?:${one})${times}`) },
  );
}

function patternOf(depth: number): fc.Arbitrary<string> {
  const branch = fc.array(pieceOf(depth), { maxLength: 4 }).map((pieces) => pieces.join(''));
  return fc.array(branch, { minLength: 1, maxLength: 2 }).map((branches) => branches.join('|'));
}

const text = fc
  .array(
    fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom('a', 'b', 'c', '1', ' ', '\n', 'é', '€', '😀', 'K', 'k', 'ſ', '\u212a') },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 3 }) },
      {
        weight: 1,
        arbitrary: fc.constantFrom(
          ...[[0xc3], [0xe2, 0x82], [0xed, 0xa0, 0x80], [0xf4, 0x90], [0x80], [0xef, 0xbf]].map((bytes) =>
            Uint8Array.from(bytes),
          ),
        ),
      },
    ),
    { maxLength: 12 },
  )
  .map((parts) => Buffer.concat(parts.map((part) => Buffer.from(part))));

/** What re2js finds, as execBytes would write it; undefined where it refuses the pattern. */
function byReference(source: string, bytes: Buffer): readonly number[] | 'no match' | undefined {
  try {
    const compiled = RE2JS.compile(source);
    const found: readonly number[] | null = compiled.re2().findUTF8SubmatchIndex(bytes);
    if (found === null) return 'no match';
    return Array.from({ length: 2 * compiled.groupCount() + 2 }, (_, slot) => found[slot] ?? -1);
  } catch {
    return undefined;
  }
}

describe('compileRegex against re2js', () => {
  it('finds the same groups in any bytes', () => {
    let automata = 0;
    fc.assert(
      fc.property(patternOf(1), text, (source, bytes) => {
        const expected = byReference(source, bytes);
        fc.pre(expected !== undefined);
        const regex = compileRegex(source);
        if (regex.automaton !== undefined) automata += 1;
        // Neighbours of the range must not matter.
        const around = Buffer.concat([Buffer.from('\u00e9a'), bytes, Buffer.from('a\u00e9')]);
        const spans = new Int32Array(2 * regex.groupNames.length);
        const found = regex.execBytes(around, 3, 3 + bytes.length, spans);
        expect(found ? [...spans].map((at) => (at < 0 ? -1 : at - 3)) : 'no match').toEqual(expected);
        expect(regex.testBytes(around, 3, 3 + bytes.length)).toBe(found);
      }),
      { seed: 7, numRuns: 800 },
    );
    expect(automata).toBeGreaterThan(750);
  });

  it.each([
    '(a*)*b',
    '(a|a)*b',
    '(a|aa)+$',
    '(.*)(.*)(.*)(.*)(.*)b',
    '([a-z]+)+\\d',
    '(x+x+)+y',
    '^(a?){40}a{40}$',
  ])('%s takes time linear in the text', (source) => {
    const regex = compileRegex(source);
    const bytes = Buffer.alloc(200_000, 'ax');
    const spans = new Int32Array(2 * regex.groupNames.length);
    // A backtracking matcher would not come back from this in the age of the universe.
    expect(regex.execBytes(bytes, 0, bytes.length, spans)).toBe(false);
    expect(regex.testBytes(Buffer.alloc(200_000, 'a'), 0, 200_000)).toBe(/aa/.test(source) && source.endsWith('$'));
  });

  it.each([
    '[ab]*a[ab]{16}c',
    '\\pL+',
    '(?:\\w{1,50}-){20}',
    '(a?){500}b',
  ])('%s, beyond the bound of the tables, is matched all the same', (source) => {
    const regex = compileRegex(source);
    expect(regex.automaton).toBeUndefined();
    const bytes = Buffer.from(`${'a'.repeat(20)}c`);
    const spans = new Int32Array(2 * regex.groupNames.length);
    const expected = byReference(source, bytes);
    expect(regex.execBytes(bytes, 0, bytes.length, spans) ? [...spans] : 'no match').toEqual(expected);
  });
});
