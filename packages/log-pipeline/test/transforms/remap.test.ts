import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FLAG_HIDE_MESSAGE } from '../../src/kernel/layout.ts';
import { Remap } from '../../src/transforms/remap.ts';
import { SIZES, twinKernel } from '../kernel/kernels.ts';
import { SEEDED } from '../kernel/seeded.ts';
import { batchOf, Counts, extraOf, messagesOf, setExtra } from './harness.ts';

type Config = Partial<ConstructorParameters<typeof Remap>[0]>;

/** One for all: making one takes longer than a case. */
const kernel = twinKernel();

function remap(config: Config, extra: string, message = 'text') {
  const batch = batchOf(kernel, [message]);
  if (extra !== '') setExtra(batch, 0, extra);
  new Remap({ copy: {}, rename: {}, remove: [], add: {}, ...config }).apply(batch, new Counts().context);
  return { extra: extraOf(batch, 0), message: messagesOf(batch)[0], flags: batch.table.flags(0) };
}

describe('Remap', () => {
  const cases: [config: Config, before: string, after: string][] = [
    [{}, '"a":1', '"a":1'],
    [{ remove: ['a'] }, '"a":1', ''],
    [{ remove: ['a'] }, '"a":1,"b":2', '"b":2'],
    [{ remove: ['b'] }, '"a":1,"b":2', '"a":1'],
    [{ remove: ['b', 'c'] }, '"a":1,"b":2,"c":3', '"a":1'],
    [{ remove: ['a', 'b', 'c'] }, '"a":1,"b":2,"c":3', ''],
    [{ remove: ['b'] }, '"a":1 , "b" : 2 , "c":3', '"a":1 , "c":3'],
    [{ remove: ['a.b'] }, '"a":{"b":1}', '"a":{}'],
    [{ remove: ['a.b', 'a'] }, '"a":{"b":1},"c":2', '"c":2'],
    [{ remove: ['a.c'] }, '"a":{"b":1,"c":2,"d":3}', '"a":{"b":1,"d":3}'],
    [{ remove: ['x'] }, '"a":1', '"a":1'],
    [{ rename: { a: 'b' } }, '"a":1.50,"c":2', '"c":2,"b":1.50'],
    [{ rename: { a: 'b' } }, '"a":1,"b":2', '"b":1'],
    [{ rename: { x: 'b' } }, '"a":1,"b":2', '"a":1,"b":2'],
    [{ rename: { 'a.b': 'c' } }, '"a":{"b":{"d":[1]}}', '"a":{},"c":{"d":[1]}'],
    [{ copy: { a: 'b' } }, '"a":"x\\ny"', '"a":"x\\ny","b":"x\\ny"'],
    [
      { copy: { message: 'original', stream: 'out', 'kubernetes.pod.name': 'pod' } },
      '',
      '"original":"text","out":"stdout","pod":"web-1"',
    ],
    [{ add: { env: 'prod', n: 3, on: true } }, '', '"env":"prod","n":3,"on":true'],
    [{ add: { env: 'prod' } }, '"env":"dev","a":1', '"a":1,"env":"prod"'],
    [{ add: { who: '{{ kubernetes.namespace }}/{{a}}' } }, '"a":"\\"x\\""', '"a":"\\"x\\"","who":"shop/\\"x\\""'],
    [{ add: { who: '{{ missing }}' } }, '"a":1', '"a":1'],
    [{ add: { b: '{{ a }}' }, remove: ['a'], rename: { a: 'c' } }, '"a":1', '"c":1,"b":"1"'],
  ];
  it.each(cases)('%j of %s', (config, before, after) => {
    expect(remap(config, before).extra).toBe(after);
  });

  it('makes a member the message', () => {
    expect(remap({ rename: { msg: 'message' } }, '"msg":"a \\"b\\"","x":1')).toEqual({
      extra: '"x":1',
      message: 'a "b"',
      flags: 0,
    });
    expect(remap({ rename: { msg: 'message' } }, '"x":1')).toEqual({ extra: '"x":1', message: 'text', flags: 0 });
    expect(remap({ copy: { status: 'message' } }, '"status":503').message).toBe('503');
  });

  it('makes the message a member', () => {
    const { extra, flags } = remap({ rename: { message: 'raw' } }, '');
    expect([extra, flags]).toEqual(['"raw":"text"', FLAG_HIDE_MESSAGE]);
    expect(remap({ remove: ['message'] }, '').flags).toBe(FLAG_HIDE_MESSAGE);
  });

  it('leaves the record as it was where the arena is full', () => {
    const batch = batchOf(twinKernel({ ...SIZES, arenaBytes: 16 }), ['x']);
    setExtra(batch, 0, '"a":1');
    const counts = new Counts();
    new Remap({ copy: {}, rename: { a: 'message' }, remove: [], add: { long: 'x'.repeat(20) } }).apply(
      batch,
      counts.context,
    );
    expect([extraOf(batch, 0), messagesOf(batch)[0]]).toEqual(['"a":1', 'x']);
    expect(counts.kept).toEqual({ no_room: 1 });
  });

  it('does to any members what it would do to the object', () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd', 'é');
    const value = fc.oneof(
      fc.string(),
      fc.integer(),
      fc.constant(null),
      fc.array(fc.integer(), { maxLength: 2 }),
      fc.dictionary(name, fc.integer(), { maxKeys: 2, noNullPrototype: true }),
    );
    const object = fc.dictionary(name, value, { maxKeys: 5, noNullPrototype: true });
    fc.assert(
      fc.property(
        object,
        fc.array(name, { maxLength: 3 }),
        name,
        name,
        fc.constantFrom(0, 1),
        (given, removed, from, to, indent) => {
          const members = JSON.stringify(given, undefined, indent).slice(1, -1).replaceAll('\n', ' ');
          const { extra } = remap({ remove: removed, rename: { [from]: to } }, members);
          const expected: Record<string, unknown> = { ...given };
          for (const one of [...removed, from]) delete expected[one];
          if (from in given) {
            delete expected[to];
            expected[to] = given[from];
          }
          expect(JSON.parse(`{${extra}}`)).toEqual(JSON.parse(JSON.stringify(expected)));
        },
      ),
      { ...SEEDED, numRuns: 2000 },
    );
  });
});
