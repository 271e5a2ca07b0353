import { seededRandom } from '@vigie/core/random';
import { describe, expect, it } from 'vitest';
import { KeyTable, NOT_FOUND, viewOf } from '../../src/remote-write/key-table.ts';

describe('a table of keys', () => {
  it.each([1, 2, 3])('is a map from bytes to numbers, seed %i', (seed) => {
    const random = seededRandom(seed);
    const table = new KeyTable(1e6);
    const model = new Map<string, number>();
    for (let step = 0; step < 20_000; step++) {
      const key = Buffer.from(Array.from({ length: Math.floor(random() * 40) }, () => Math.floor(random() * 3)));
      const pad = Math.floor(random() * 5);
      const bytes = Buffer.concat([Buffer.alloc(pad, 0xee), key, Buffer.alloc(3, 0xdd)]);
      const name = key.toString('latin1');
      const expected = model.get(name) ?? NOT_FOUND;
      expect(table.get(viewOf(bytes), pad, pad + key.length)).toBe(expected);
      if (expected !== NOT_FOUND) continue;
      const number = step === 0 ? 2 ** 32 - 2 : step;
      model.set(name, number);
      table.put(number);
    }
    expect(table.count).toBe(model.size);
  });

  it('tells keys apart that differ in zeros at their end, or in one bit', () => {
    const table = new KeyTable(1e6);
    const bytes = Buffer.alloc(64);
    for (let length = 0; length <= 64; length++) {
      expect(table.get(viewOf(bytes), 0, length)).toBe(NOT_FOUND);
      table.put(length);
    }
    for (let bit = 0; bit < 512; bit++) {
      bytes.fill(0);
      bytes[bit >>> 3] = 1 << (bit & 7);
      expect(table.get(viewOf(bytes), 0, 64)).toBe(NOT_FOUND);
      table.put(bit);
    }
  });

  it('begins anew with the key that would be one too many', () => {
    const table = new KeyTable(3);
    const keys = viewOf(Buffer.from('abcd'));
    for (let at = 0; at < 4; at++) {
      expect(table.get(keys, at, at + 1)).toBe(NOT_FOUND);
      table.put(at);
    }
    expect(table.count).toBe(1);
    expect(table.get(keys, 3, 4)).toBe(3);
    expect(table.get(keys, 0, 1)).toBe(NOT_FOUND);
    table.clear();
    expect(table.get(keys, 3, 4)).toBe(NOT_FOUND);
  });
});
