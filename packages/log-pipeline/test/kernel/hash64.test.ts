import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KERNELS, putInput, simdKernel, twinKernel } from './kernels.ts';
import { SEEDED } from './seeded.ts';

describe('xxHash64', () => {
  it('is the same in SIMD as in TypeScript', () => {
    const simd = simdKernel();
    const twin = twinKernel();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300, size: 'max' }), (bytes) => {
        expect(simd.hash64(putInput(simd, bytes, 0), bytes.length)).toBe(
          twin.hash64(putInput(twin, bytes, 0), bytes.length),
        );
      }),
      { ...SEEDED, numRuns: 1000 },
    );
  });

  // Of the reference implementation, xxHash 0.8.
  it.each(KERNELS)('gives the published values in %s', (_kind, create) => {
    const kernel = create();
    const hash = (text: string) => kernel.hash64(putInput(kernel, Buffer.from(text)), text.length).toString(16);
    expect(hash('')).toBe('ef46db3751d8e999');
    expect(hash('a')).toBe('d24ec4f1a98c6e5b');
    expect(hash('abc')).toBe('44bc2cf5ad770999');
    expect(hash('Nobody inspects the spammish repetition')).toBe('fbcea83c8a378bf1');
  });
});
