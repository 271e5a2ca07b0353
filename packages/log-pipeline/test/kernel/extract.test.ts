import { compileRegex } from '@vigie/core/regex';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ExtractedMember } from '../../src/kernel/extractor.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import { EXTRACT_ILL_FORMED, EXTRACT_NO_MATCH, EXTRACT_NO_ROOM } from '../../src/kernel/layout.ts';
import { KERNELS, putInput, simdKernel, twinKernel } from './kernels.ts';
import { SEEDED } from './seeded.ts';

/** Two one-pass patterns, and two whose captures are only known on the way back. */
const PATTERNS = [
  '^(\\S+) (?P<b>[a-z]*) ?"([^"]*)"(?: (-?[0-9.]+))?',
  '^<([0-9]{1,3})>(.)(.*)$',
  '(.*) (\\w+)=([^ ]+)',
  '\\b([a-z]+)(\\d+)?\\b',
];

function membersOf(groups: number): readonly ExtractedMember[] {
  const forms: readonly ExtractedMember['form'][] = [
    { kind: 'text' },
    { kind: 'letter', values: { W: '"warn"', '-': 'null' } },
    { kind: 'number' },
    { kind: 'priority', members: (priority) => `"priority":${priority},"severity":${priority % 8}` },
  ];
  return forms.flatMap((form, index) =>
    Array.from({ length: groups }, (_, group) => ({
      name: `${form.kind}"${group}`,
      group,
      form,
      omitsDash: (index + group) % 2 === 0,
    })).filter(({ group }) => form.kind !== 'priority' || group === 1),
  );
}

const extractors = new Map<Kernel, readonly number[]>();

function extractWith(kernel: Kernel, pattern: number, bytes: Uint8Array) {
  let loaded = extractors.get(kernel);
  if (loaded === undefined) {
    loaded = PATTERNS.map((source) => {
      const { automaton, groupNames } = compileRegex(source);
      return kernel.loadExtractor(automaton, membersOf(groupNames.length));
    });
    extractors.set(kernel, loaded);
  }
  const at = putInput(kernel, bytes, 0);
  const { start, end } = kernel.regions.arena;
  const written = kernel.extract(loaded[pattern]!, at, bytes.length, start, end);
  const slots = [...kernel.groupSlots.subarray(0, 2)].map((slot) => slot - at);
  return written < 0 ? { written } : { slots, text: kernel.memory.toString('latin1', start, start + written) };
}

const pieces = fc.constantFrom(
  ...['a', 'bc1', ' ', '"', '-', '0', '17', '-3.5', '007', '<13>', '=', 'W', '\\', '\u0001', 'é', '😀', '\n', '\t'],
  'long text without anything in it, of more than sixteen bytes',
);
const line = fc
  .array(fc.oneof({ weight: 12, arbitrary: pieces }, { weight: 1, arbitrary: fc.uint8Array({ maxLength: 2 }) }), {
    maxLength: 20,
  })
  .map((parts) => Buffer.concat(parts.map((part) => Buffer.from(part))));

describe('extracting groups', () => {
  it('writes the same in SIMD as in TypeScript', () => {
    const simd = simdKernel();
    const twin = twinKernel();
    fc.assert(
      fc.property(fc.nat(PATTERNS.length - 1), line, (pattern, bytes) => {
        expect(extractWith(simd, pattern, bytes)).toEqual(extractWith(twin, pattern, bytes));
      }),
      { ...SEEDED, numRuns: 4000 },
    );
  });

  it('finds what the regular expression finds, and writes JSON', () => {
    const kernel = simdKernel();
    let matches = 0;
    fc.assert(
      fc.property(fc.nat(PATTERNS.length - 1), line, (pattern, bytes) => {
        const regex = compileRegex(PATTERNS[pattern]!);
        const spans = new Int32Array(2 * regex.groupNames.length);
        const found = regex.execBytes(bytes, 0, bytes.length, spans);
        const result = extractWith(kernel, pattern, bytes);
        if (result.written === EXTRACT_ILL_FORMED) return;
        expect(result.written).toBe(found ? undefined : EXTRACT_NO_MATCH);
        if (result.text === undefined) return;
        matches += 1;
        const record: unknown = JSON.parse(Buffer.from(`{${result.text}}`, 'latin1').toString());
        const texts = regex.groupNames.flatMap((_, group) => {
          const [start, end] = [spans[2 * group]!, spans[2 * group + 1]!];
          const text = bytes.toString('utf8', start, end);
          return start < 0 || (group % 2 === 0 && text === '-') ? [] : [[`text"${group}`, text]];
        });
        expect(record).toMatchObject(Object.fromEntries(texts));
      }),
      { ...SEEDED, numRuns: 2000 },
    );
    expect(matches).toBeGreaterThan(150);
  });

  it.each(KERNELS)('gives each form its value (%s)', (_kind, create) => {
    const valuesOf = (text: string) => {
      const { text: members = '' } = extractWith(create(), 1, Buffer.from(text));
      return JSON.parse(`{${members}}`) as unknown;
    };
    expect(valuesOf('<13>W7.50')).toMatchObject({
      priority: 13,
      severity: 5,
      'letter"2': 'warn',
      'number"3': 7.5,
      'number"1': 13,
      'text"3': '7.50',
    });
    expect(valuesOf('<192>X-0')).not.toHaveProperty('priority');
    expect(valuesOf('<192>X-0')).toMatchObject({ 'letter"2': 'X', 'number"3': -0 });
    expect(valuesOf('<1>--')).not.toHaveProperty('text"2');
    expect(valuesOf('<1>-01')).toMatchObject({ 'letter"2': null, 'number"3': '01' });
  });

  it.each(KERNELS)('writes nothing where there is no room (%s)', (_kind, create) => {
    const kernel = create();
    const { automaton } = compileRegex(PATTERNS[0]!);
    const extractor = kernel.loadExtractor(automaton, membersOf(1));
    const bytes = Buffer.from('a b "c"');
    const at = putInput(kernel, bytes, 0);
    const { start } = kernel.regions.arena;
    expect(kernel.extract(extractor, at, bytes.length, start, start + 100)).toBe(EXTRACT_NO_ROOM);
  });

  it.each(KERNELS)('loads extractors until their region is full (%s)', (_kind, create) => {
    const kernel = create();
    const { automaton } = compileRegex(PATTERNS[2]!);
    let last = 0;
    for (let loaded = 0; loaded < 10_000 && last !== -1; loaded++) last = kernel.loadExtractor(automaton, membersOf(1));
    expect(last).toBe(-1);
  });
});
