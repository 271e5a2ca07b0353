import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Kernel } from '../../src/kernel/kernel.ts';
import { MAX_COLLISIONS, MAX_JSON_DEPTH } from '../../src/kernel/layout.ts';
import { ILL_FORMED } from './adversarial-bytes.ts';
import { jsonObjectText, jsonValueText, nearJsonObject } from './json-texts.ts';
import { KERNELS, putInput, simdKernel, twinKernel } from './kernels.ts';
import { SEEDED } from './seeded.ts';

const RESERVED = ['@timestamp', 'message', 'log', 'kubernetes', 'json', 'ключ'];

function scan(kernel: Kernel, bytes: Uint8Array, reserved: readonly string[] = RESERVED) {
  kernel.reserveNames(reserved);
  const at = putInput(kernel, bytes, 0);
  const { verdict, start, end, needsRewrite, collisions } = kernel.scanObject(at, bytes.length);
  if (verdict !== 'object') return { verdict, start: 0, end: 0, needsRewrite: false };
  const members = Array.from({ length: collisions }, (_, index) =>
    kernel.memory.toString('latin1', kernel.collisionStart(index), kernel.collisionEnd(index)),
  );
  return { verdict, start: start - at, end: end - at, needsRewrite, ...(needsRewrite ? {} : { members }) };
}

function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

describe('scanning JSON objects', () => {
  const simd = simdKernel();
  const twin = twinKernel();
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

  it('takes for an object what JSON.parse takes for one, in SIMD as in TypeScript', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          nearJsonObject,
          jsonObjectText.map((text) => Buffer.from(text)),
          jsonValueText.map((text) => Buffer.from(text)),
        ),
        (bytes) => {
          const bySimd = scan(simd, bytes);
          expect(bySimd).toEqual(scan(twin, bytes));
          expect(bySimd.verdict === 'object').toBe(isObject(decoder.decode(bytes)));
        },
      ),
      { ...SEEDED, numRuns: 5000 },
    );
  });

  it('says that an object needs no rewriting only when it can be spliced', () => {
    fc.assert(
      fc.property(jsonObjectText, (text) => {
        const { verdict, start, end, needsRewrite } = scan(simd, Buffer.from(text), []);
        expect(verdict).toBe('object');
        if (needsRewrite) return;
        const inside = Buffer.from(text).toString('utf8', start + 1, end - 1);
        expect(inside).not.toContain('\n');
        expect(namesRepeat(inside)).toBe(false);
        const members = JSON.parse(text) as object;
        const spliced = inside.trim() === '' ? '{"first":1}' : `{"first":1,${inside}}`;
        expect(JSON.parse(spliced)).toEqual({ first: 1, ...members });
      }),
      { ...SEEDED, numRuns: 1000 },
    );
  });
});

/** Whether JSON.parse calls back with fewer members than the text has colons between tokens. */
function namesRepeat(inside: string): boolean {
  const written = inside.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""').split(':').length - 1;
  let read = 0;
  JSON.parse(`{${inside}}`, (_name, value: unknown) => {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) read += Object.keys(value).length;
    return value;
  });
  return read < written;
}

describe.each(KERNELS)('scanning JSON objects in %s', (_kind, create) => {
  const kernel = create();
  const verdict = (text: string) => scan(kernel, Buffer.from(text)).verdict;
  const needsRewrite = (text: string | Uint8Array) => {
    const result = scan(kernel, Buffer.from(text));
    expect(result.verdict).toBe('object');
    return result.needsRewrite;
  };

  it('finds the object between white space', () => {
    expect(scan(kernel, Buffer.from(' \t\r\n{"a":1} \n'))).toEqual({
      verdict: 'object',
      start: 4,
      end: 11,
      needsRewrite: false,
      members: [],
    });
  });

  it.each(['', ' ', 'plain', '[1]', '"text"', '12', 'null', '\ufeff{}'])('knows %j for no object', (text) => {
    expect(verdict(text)).toBe('not_an_object');
  });

  it.each([
    ...['{', '{"a"', '{"a":', '{"a":1', '{"a":1,', '{"a":"', '{"a":"x', '{"a":[', '{"a":{', '{"a":tru'],
    ...[
      '{"a":1}}',
      '{"a":1} x',
      '{"a":1,}',
      '{,}',
      '{"a":[1,]}',
      '{"a":[[],]}',
      '{"a":{},}',
      '{"a" 1}',
      '{a:1}',
      "{'a':1}",
    ],
    ...[
      '{"a":01}',
      '{"a":1.}',
      '{"a":.5}',
      '{"a":+1}',
      '{"a":-}',
      '{"a":1e}',
      '{"a":1e+}',
      '{"a":0x1}',
      '{"a":NaN}',
      '{"a":1 2}',
    ],
    ...[
      '{"a":True}',
      '{"a":nul}',
      '{"a":"\t"}',
      '{"a":"\u0000"}',
      '{"a":"\\x"}',
      '{"a":"\\u12g4"}',
      '{"a":"\\ud83d\\uzzzz"}',
    ],
    ...['{"a":1]', '{"a":[1}', '{"a":1\u000b}', '{\u0000}'],
  ])('refuses %j', (text) => {
    expect(verdict(text)).toBe('invalid_json');
  });

  it(`reads ${MAX_JSON_DEPTH} levels and no more`, () => {
    const nested = (levels: number) => `{"a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;
    expect(verdict(nested(MAX_JSON_DEPTH))).toBe('object');
    expect(verdict(nested(MAX_JSON_DEPTH + 1))).toBe('too_deep');
    expect(verdict('{"a":'.repeat(100_000 / 5))).toBe('too_deep');
  });

  it.each([
    ['a name twice', '{"a":1,"a":2}'],
    ['a name twice in a nested object', '{"x":[{"a":1,"b":{},"a":2}]}'],
    ['the empty name twice', '{"":1,"":2}'],
    ['names equal in their first and last eight bytes', '{"12345678_a_12345678":1,"12345678_a_12345678":2}'],
    ['a name with an escape', '{"\\u0061":1}'],
    ['a newline between tokens', '{"a":\n1}'],
    ['half a surrogate pair', '{"a":"\\ud83d"}'],
    ['the other half', '{"a":"\\ude00"}'],
    ['two first halves', '{"a":"\\ud83d\\ud83d"}'],
  ])('has %s rewritten', (_case, text) => {
    expect(needsRewrite(text)).toBe(true);
  });

  it.each([
    ['a name in two objects', '{"a":{"a":{"b":1}},"b":[{"a":1},{"a":2}]}'],
    ['names that differ in the middle', '{"12345678_a_12345678":1,"12345678_b_12345678":2}'],
    ['a name that begins another', '{"a":1,"aa":2,"aaa":3}'],
    ['escapes in values', '{"a":"\\n\\"\\ud83d\\ude00"}'],
    ['a name that equals a value', '{"a":"b","b":"a"}'],
  ])('leaves %s as it stands', (_case, text) => {
    expect(needsRewrite(text)).toBe(false);
  });

  it.each(Object.entries(ILL_FORMED))('has %s rewritten wherever it stands', (_case, bytes) => {
    if (bytes.some((byte) => byte < 0x20 || byte === 0x22 || byte === 0x5c)) return; // no JSON string holds these
    for (let before = 0; before <= 33; before++) {
      const text = [Buffer.from(`{"a":"${'x'.repeat(before)}`), bytes, Buffer.from('"}')];
      expect(needsRewrite(Buffer.concat(text))).toBe(true);
      expect(needsRewrite(`{"a":"${'x'.repeat(before)}é€😀"}`)).toBe(false);
    }
  });

  it('reports members whose names collide, by path', () => {
    const text =
      '{"log":1,"log.level":"i","logger":2,"level":3, "message" : {"message":1} ,"kubernetes.pod.name":4,"@time":5,"ключ":6}';
    expect(scan(kernel, Buffer.from(text))).toMatchObject({
      members: ['"log":1', '"log.level":"i"', '"message" : {"message":1}', '"kubernetes.pod.name":4', '"ключ":6'].map(
        (member) => Buffer.from(member).toString('latin1'),
      ),
    });
    expect(
      scan(kernel, Buffer.from('{"log":1,"log.level":2,"log.file.path":3,"log.file.name":4}'), ['log.file.path']),
    ).toMatchObject({
      members: ['"log":1', '"log.file.path":3'],
    });
  });

  it('has an object rewritten when more members collide than there is room to list', () => {
    const text = (count: number) => `{${Array.from({ length: count }, (_, i) => `"log.${i}":1`).join(',')}}`;
    expect(scan(kernel, Buffer.from(text(MAX_COLLISIONS)))).toMatchObject({ needsRewrite: false });
    expect(needsRewrite(text(MAX_COLLISIONS + 1))).toBe(true);
  });

  it('finds one repeated name among thousands', () => {
    const members = Array.from({ length: 3000 }, (_, i) => `"name_${i}":${i}`);
    expect(needsRewrite(`{${members.join(',')}}`)).toBe(false);
    expect(needsRewrite(`{${[...members, '"name_7":0'].join(',')}}`)).toBe(true);
  });

  it('does not take a name for one of an earlier document', () => {
    for (let i = 0; i < 2000; i++) expect(needsRewrite(`{"a":1,"b${i}":{"a":1}}`)).toBe(false);
  });

  it('refuses names that it has no room for', () => {
    expect(() => kernel.reserveNames(['x'.repeat(61)])).toThrow(/reserved/);
    expect(() => kernel.reserveNames(Array.from({ length: 33 }, (_, i) => `n${i}`))).toThrow(/reserved/);
  });
});
