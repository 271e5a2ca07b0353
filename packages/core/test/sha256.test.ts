import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../src/sha256.ts';

const reference = (message: Uint8Array): Buffer => createHash('sha256').update(message).digest();

describe('sha256', () => {
  it('is what node:crypto computes, at every length around a block', () => {
    for (let length = 0; length <= 200; length++) {
      const message = Buffer.alloc(length, length);
      expect(sha256(message)).toEqual(reference(message));
    }
  });

  it('is what node:crypto computes, of any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5_000 }), (message) => sha256(message).equals(reference(message))),
      { seed: 1 },
    );
    const long = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7) % 253));
    expect(sha256(long)).toEqual(reference(long));
  });
});
