import { describe, expect, it } from 'vitest';
import { sameFields } from '../../src/cluster/same-fields.ts';

const pod = { name: 'web', labels: { app: 'web' }, ports: [{ port: 80 }, { port: 81 }], startedAtMs: Number.NaN };

describe('whether fields are the same', () => {
  it.each<[string, unknown, unknown, boolean]>([
    ['of copies', pod, structuredClone(pod), true],
    ['in another order', { a: 1, b: 2 }, { b: 2, a: 1 }, true],
    ['of another value', pod, { ...pod, name: 'shop' }, false],
    ['of another value further in', pod, { ...pod, ports: [{ port: 80 }, { port: 82 }] }, false],
    ['of another label', pod, { ...pod, labels: { app: 'web', tier: 'front' } }, false],
    ['of other names', { a: undefined }, { b: undefined }, false],
    ['of a shorter list', [1, 2], [1], false],
    ['of a list and what looks like one', [1], { 0: 1 }, false],
    ['of nothing and an object', undefined, {}, false],
    ['of null and an object', {}, null, false],
  ])('%s', (_, a, b, expected) => {
    expect(sameFields(a, b)).toBe(expected);
    expect(sameFields(b, a)).toBe(expected);
  });
});
