import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemberPath } from '../../../src/transforms/fields/member-path.ts';
import { decodeValue } from '../../../src/transforms/fields/value.ts';
import { adversarialBytes } from '../../kernel/adversarial-bytes.ts';
import { SEEDED } from '../../kernel/seeded.ts';

function find(members: string | Uint8Array, path: string): unknown {
  const bytes = Buffer.from(members);
  const member = new MemberPath(path);
  if (!member.find(bytes, 0, bytes.length)) return undefined;
  return decodeValue(bytes, member.valueStart, member.valueEnd);
}

describe('MemberPath', () => {
  const cases: [members: string, path: string, value: unknown][] = [
    ['"a":1', 'a', 1],
    ['"a":1,"b":"two"', 'b', 'two'],
    ['"a":{"b":1}', 'a.b', 1],
    ['"a.b":1', 'a.b', 1],
    ['"a":{"b.c":{"d":true}}', 'a.b.c.d', true],
    ['"a.b":{"c":null}', 'a.b.c', null],
    ['"a":{"x":1},"a.b":2', 'a.b', 2],
    ['"a":{"b":1},"a.b":2', 'a.b', 1],
    ['"a":"b","b":2', 'b', 2],
    ['"a":["b",{"b":1}],"b":2', 'b', 2],
    ['"a":"}\\"b\\":1","b":2', 'b', 2],
    ['"a" : { "b" : [1, 2] } , "c":3', 'a.b', [1, 2]],
    ['"\\u0061":1', 'a', 1],
    ['"a":1', 'a.b', undefined],
    ['"a":{"b":1}', 'b', undefined],
    ['"ab":1', 'a', undefined],
    ['', 'a', undefined],
    ['"é":"ü"', 'é', 'ü'],
    ['"a":"x\\ny"', 'a', 'x\ny'],
  ];
  it.each(cases)('of %s at %s: %j', (members, path, value) => {
    expect(find(members, path)).toEqual(value);
  });

  it('finds in any object what reading it whole finds', () => {
    const name = fc.oneof(fc.constantFrom('a', 'b', 'a.b', 'b.a', 'a"b', 'ä'), fc.string({ maxLength: 4 }));
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        fc.oneof(
          fc.string(),
          fc.integer(),
          fc.boolean(),
          fc.constant(null),
          fc.double({ noNaN: true, noDefaultInfinity: true }),
        ),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(name, tie('value'), { maxKeys: 4, noNullPrototype: true }),
      ),
    }));
    const path = fc.array(fc.constantFrom('a', 'b', 'a"b', 'ä', 'c'), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.dictionary(name, value, { maxKeys: 5, noNullPrototype: true }), path, (object, names) => {
        const members = JSON.stringify(object).slice(1, -1);
        expect(find(members, names.join('.'))).toEqual(JSON.parse(JSON.stringify({ v: byPath(object, names) })).v);
      }),
      { ...SEEDED, numRuns: 3000 },
    );
  });

  it('stays within its bounds whatever the bytes are', () => {
    const json = fc
      .array(fc.constantFrom('"', '\\', '{', '}', '[', ']', ':', ',', '"a"', '"a":', ' ', '1', 'é'), { maxLength: 24 })
      .map((parts) => Buffer.from(parts.join('')));
    fc.assert(
      fc.property(fc.oneof(json, adversarialBytes), fc.constantFrom('a', 'a.b', ''), (bytes, path) => {
        const memory = Buffer.concat([bytes, Buffer.from('"a":{"b":"beyond"}')]);
        const member = new MemberPath(path);
        if (!member.find(memory, 0, bytes.length)) return;
        expect(member.valueStart).toBeGreaterThan(member.nameStart);
        expect(member.valueEnd).toBeGreaterThan(member.valueStart);
        expect(member.valueEnd).toBeLessThanOrEqual(bytes.length);
        decodeValue(memory, member.valueStart, member.valueEnd);
      }),
      { ...SEEDED, numRuns: 5000 },
    );
  });
});

/** The first member, in their order, whose name is the path or leads to an object that has the rest of it. */
function byPath(object: object, names: readonly string[]): unknown {
  const path = names.join('.');
  for (const [name, value] of Object.entries(object)) {
    if (name === path) return value;
    if (!path.startsWith(`${name}.`) || name === '' || typeof value !== 'object' || value === null) continue;
    if (Array.isArray(value)) continue;
    const found = byPath(value, [path.slice(name.length + 1)]);
    if (found !== undefined) return found;
  }
  return undefined;
}
