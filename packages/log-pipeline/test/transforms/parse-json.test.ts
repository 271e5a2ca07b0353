import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Batch } from '../../src/batch/batch.ts';
import { JsonLineEncoder } from '../../src/encode/json-lines.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import { FLAG_DROPPED, FLAG_FRAGMENT, FLAG_HIDE_MESSAGE } from '../../src/kernel/layout.ts';
import { ParseJson, type ParseJsonOptions } from '../../src/transforms/parse-json.ts';
import { ILL_FORMED } from '../kernel/adversarial-bytes.ts';
import { jsonObjectText, nearJsonObject } from '../kernel/json-texts.ts';
import { KERNELS, READ_TIME, SIZES, simdKernel, twinKernel } from '../kernel/kernels.ts';
import { SEEDED } from '../kernel/seeded.ts';
import { testShape } from '../kernel/shapes.ts';
import { batchOf, Counts, extraOf } from './harness.ts';

const OPTIONS: ParseJsonOptions = {
  target: '',
  onError: 'keep',
  keepMessage: true,
  reservedNames: ['@timestamp', 'message', 'stream', 'log', 'offset'],
};

/** @returns the members as text, or the reason for which there are none */
function parse(kernel: Kernel, message: string | Uint8Array, options: Partial<ParseJsonOptions> = {}): string {
  const batch = batchOf(kernel, [message]);
  const counts = new Counts();
  new ParseJson({ ...OPTIONS, ...options }).apply(batch, counts.context);
  const [reason] = Object.keys(counts.kept);
  return reason === undefined ? extraOf(batch, 0) : `(${reason})`;
}

const encoders = new WeakMap<Kernel, JsonLineEncoder>();

/** The batch's records as the sink would get them. */
function encode(batch: Batch): unknown[] {
  const { kernel } = batch;
  const encoder = encoders.get(kernel) ?? new JsonLineEncoder(kernel);
  encoders.set(kernel, encoder);
  const { start, end } = kernel.regions.slots[0]!;
  const { writtenBytes } = encoder.encode(testShape('none'), 0, batch.rowCount, start, end, end);
  const text = kernel.memory.toString('utf8', start, start + writtenBytes);
  return text
    .split('\n')
    .slice(0, -1)
    .map((line): unknown => JSON.parse(line));
}

const ESCAPE = /\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|(u[dD][89a-fA-F]..)|.)/g;

/** Half surrogate pairs as U+FFFD, in the text: what two names have become equal must be settled in its order. */
function mendSurrogates(text: string): string {
  return text.replace(ESCAPE, (match, half: string | undefined) => (half === undefined ? match : '\\ufffd'));
}

/** The record that a message must become, by way of JSON.parse alone; undefined when it is no object. */
function expectedRecord(
  message: Uint8Array,
  { target, keepMessage }: ParseJsonOptions,
): Record<string, unknown> | undefined {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(message);
  let object: unknown;
  try {
    JSON.parse(text);
    object = JSON.parse(mendSurrogates(text));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  if (typeof object !== 'object' || object === null || Array.isArray(object)) return undefined;
  const own = { '@timestamp': READ_TIME, stream: 'stdout', offset: 0, ...(keepMessage ? { message: text } : {}) };
  if (target !== '') return { ...own, [target]: object };
  const reserved = [...OPTIONS.reservedNames.filter((name) => keepMessage || name !== 'message'), 'json'];
  const entries = Object.entries(object);
  const collides = (name: string) => reserved.some((other) => name === other || name.startsWith(`${other}.`));
  const moved = entries.filter(([name]) => collides(name));
  return Object.fromEntries([
    ...Object.entries(own),
    ...entries.filter(([name]) => !collides(name)),
    ...(moved.length === 0 ? [] : [['json', Object.fromEntries(moved)] as const]),
  ]);
}

describe('parse_json', () => {
  const simd = simdKernel();
  const twin = twinKernel();

  it('makes of any message the record that JSON.parse would make, with either kernel', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            jsonObjectText.map((text) => Buffer.from(text)),
            nearJsonObject,
          ),
          { minLength: 1, maxLength: 4 },
        ),
        fc.constantFrom('', 'app', 'a.b', 'quo"te'),
        fc.boolean(),
        (messages, target, keepMessage) => {
          const options = { ...OPTIONS, target, keepMessage };
          const records = [simd, twin].map((kernel) => {
            const batch = batchOf(kernel, messages);
            const counts = new Counts();
            new ParseJson(options).apply(batch, counts.context);
            return { records: encode(batch), texts: messages.map((_, row) => extraOf(batch, row)), kept: counts.kept };
          });
          expect(records[0]).toEqual(records[1]);
          const expected = messages.map(
            (message) =>
              expectedRecord(message, options) ?? {
                '@timestamp': READ_TIME,
                stream: 'stdout',
                message: new TextDecoder('utf-8', { ignoreBOM: true }).decode(message),
                offset: 0,
              },
          );
          expect(records[0]!.records).toEqual(expected);
          for (const text of records[0]!.texts) expect(text).not.toContain('\n');
        },
      ),
      { ...SEEDED, numRuns: 2000 },
    );
  });
});

describe.each(KERNELS)('parse_json over the %s kernel', (_kind, create) => {
  const kernel = create();

  it.each([
    ['{"level":"info","n":1}', '"level":"info","n":1'],
    ['{"n":9223372036854775807,"pi":3.140,"e":1E400}', '"n":9223372036854775807,"pi":3.140,"e":1E400'],
    ['{}', ''],
    ['{ \t }', ''],
    ['{"a":1,"a":{"b":1,"b":2}}', '"a":{"b":2}'],
    ['{"a":1,"b":2,"a":3}', '"a":3,"b":2'],
    ['{"a":\n[1,\r\n2]}', '"a":[1,2]'],
    ['{"a":"\\ud83d\\ude00 \\ud83d \\ude00"}', '"a":"\\ud83d\\ude00 \\ufffd \\ufffd"'],
    ['{"\\ud800":1,"\\udbff":2}', '"\\ufffd":2'],
    ['{"a":"\\u002f\\/"}', '"a":"\\u002f\\/"'],
    ['{"message":"hi","a":1}', '"a":1,"json":{"message":"hi"}'],
    [
      '{"a":1, "message":"hi" , "b":2,"log":{"x":1},"offset":3}',
      '"a":1,"b":2,"json":{"message":"hi","log":{"x":1},"offset":3}',
    ],
    ['{"message":"hi"}', '"json":{"message":"hi"}'],
    ['{"json":1,"a":2}', '"a":2,"json":{"json":1}'],
    ['{"log.level":"info","a":1}', '"a":1,"json":{"log.level":"info"}'],
    ['{"message":1,"message":2}', '"json":{"message":2}'],
    ['{"m\\u0065ssage":1}', '"json":{"m\\u0065ssage":1}'],
    ['plain text', '(not_an_object)'],
    ['["a"]', '(not_an_object)'],
    ['{"a":1', '(invalid_json)'],
    [`${'{"a":'.repeat(65)}1${'}'.repeat(65)}`, '(too_deep)'],
  ])('makes of %j the members %j', (message, members) => {
    expect(parse(kernel, message)).toBe(members);
  });

  it('replaces ill-formed UTF-8 as TextDecoder does, and only that', () => {
    for (const bytes of Object.values(ILL_FORMED)) {
      if (bytes.some((byte) => byte < 0x20 || byte === 0x22 || byte === 0x5c)) continue;
      const message = Buffer.concat([Buffer.from('{"n":1.0,"a":"é'), bytes, Buffer.from('x"}')]);
      expect(parse(kernel, message)).toBe(`"n":1.0,"a":"é${new TextDecoder().decode(bytes)}x"`);
    }
  });

  it('points into the message where nothing has to change', () => {
    const batch = batchOf(kernel, ['{"level":"info","nested":{"a":[1,2,{"b":"é\\n"}]}}']);
    const freeBytes = batch.arena.freeBytes;
    new ParseJson(OPTIONS).apply(batch, new Counts().context);
    expect(batch.table.extraStart(0)).toBe(batch.table.messageStart(0) + 1);
    expect(batch.arena.freeBytes).toBe(freeBytes);
  });

  it('puts the whole object under a target, names as they are', () => {
    const options = { target: 'app' };
    expect(parse(kernel, '{"message":"hi","json":1}', options)).toBe('"app":{"message":"hi","json":1}');
    expect(parse(kernel, ' {} ', options)).toBe('"app":{}');
    expect(parse(kernel, '{"a":1,"a":2}', options)).toBe('"app":{"a":2}');
  });

  it('hides the message of records that it took over, whose own `message` may then stand at the root', () => {
    const batch = batchOf(kernel, ['{"message":"hi"}', 'plain']);
    new ParseJson({ ...OPTIONS, keepMessage: false }).apply(batch, new Counts().context);
    expect(batch.table.flags(0)).toBe(FLAG_HIDE_MESSAGE);
    expect(encode(batch)).toMatchObject([{ message: 'hi' }, { message: 'plain' }]);
  });

  it('counts what it keeps, and what it drops with its bytes', () => {
    const messages = ['{"a":1}', 'text', '{"a"', 'more text', `${'{"a":'.repeat(99)}`];
    const keeping = batchOf(kernel, messages);
    const kept = new Counts();
    new ParseJson(OPTIONS).apply(keeping, kept.context);
    expect(kept).toMatchObject({ kept: { not_an_object: 2, invalid_json: 1, too_deep: 1 }, dropped: {} });

    const dropping = batchOf(kernel, messages);
    const dropped = new Counts();
    new ParseJson({ ...OPTIONS, onError: 'drop' }).apply(dropping, dropped.context);
    expect(dropped).toMatchObject({
      kept: {},
      dropped: { not_an_object: [2, 'text'.length + 'more text'.length + 2], invalid_json: [1, 5], too_deep: [1, 496] },
    });
    expect(messages.map((_, row) => dropping.table.flags(row))).toEqual([
      0,
      FLAG_DROPPED,
      FLAG_DROPPED,
      FLAG_DROPPED,
      FLAG_DROPPED,
    ]);
    expect(encode(dropping)).toMatchObject([{ a: 1 }]);
  });

  it('leaves rows alone that are dropped already or not whole', () => {
    const batch = batchOf(kernel, ['{"a":1}', '{"a":1}', 'text']);
    batch.table.setFlags(0, FLAG_DROPPED);
    batch.table.setFlags(1, FLAG_FRAGMENT);
    batch.table.setFlags(2, FLAG_DROPPED);
    const counts = new Counts();
    new ParseJson(OPTIONS).apply(batch, counts.context);
    expect([0, 1, 2].map((row) => batch.table.extraLength(row))).toEqual([0, 0, 0]);
    expect(counts).toMatchObject({ kept: {}, dropped: {} });
  });

  it('keeps a record as it was, counted, when the arena is full', () => {
    const small = create({ ...SIZES, arenaBytes: 100 });
    for (const onError of ['keep', 'drop'] as const) {
      const batch = batchOf(small, [`{"message":"${'x'.repeat(80)}"}`, '{"message":"y"}']);
      const counts = new Counts();
      new ParseJson({ ...OPTIONS, onError }).apply(batch, counts.context);
      expect(counts).toMatchObject({ kept: { no_room: 1 }, dropped: {} });
      expect([extraOf(batch, 0), extraOf(batch, 1)]).toEqual(['', '"json":{"message":"y"}']);
    }
  });

  it('adds to the members of an earlier transform and wins over them', () => {
    const batch = batchOf(kernel, ['{"a":1,"b":2}', '{}', '{"c":3}']);
    const earlier = '"a":0,"z":26';
    const at = batch.arena.alloc(earlier.length);
    kernel.memory.write(earlier, at, 'latin1');
    for (const row of [0, 1, 2]) batch.table.setExtra(row, at, earlier.length);
    new ParseJson(OPTIONS).apply(batch, new Counts().context);
    expect([0, 1, 2].map((row) => extraOf(batch, row))).toEqual([
      '"a":1,"z":26,"b":2',
      '"a":0,"z":26',
      '"a":0,"z":26,"c":3',
    ]);
  });
});
