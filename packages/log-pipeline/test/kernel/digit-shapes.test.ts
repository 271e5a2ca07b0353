import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Kernel } from '../../src/kernel/kernel.ts';
import { DIGITS_CARD, DIGITS_IPV4 } from '../../src/kernel/layout.ts';
import { KERNELS, putInput, simdKernel, twinKernel } from './kernels.ts';
import { SEEDED } from './seeded.ts';

/** Digits stand on both sides of the text: they are none of it. */
function shapesOf(kernel: Kernel, text: string): number {
  const at = putInput(kernel, Buffer.from(`111${text}.1.1.1 11111111111111`), 0);
  return kernel.digitShapes(at + 3, Buffer.byteLength(text));
}

describe('digit shapes', () => {
  it.each(KERNELS)('tells card numbers and IPv4 addresses from other digits (%s)', (_kind, create) => {
    const kernel = create();
    const before = 'some text in front of it, ';
    for (const text of ['', before]) {
      expect(shapesOf(kernel, `${text}4111 1111-1111 1111`)).toBe(DIGITS_CARD);
      expect(shapesOf(kernel, `${text}10.0.0.1`)).toBe(DIGITS_IPV4);
      expect(shapesOf(kernel, `${text}10.0.0.1 4111111111111111`)).toBe(DIGITS_CARD | DIGITS_IPV4);
      expect(shapesOf(kernel, `${text}2026-11-21 10:00:01.123456 took 1.5, .5 5.`)).toBe(0);
    }
  });

  it('misses nothing in SIMD that TypeScript sees', () => {
    const simd = simdKernel();
    const twin = twinKernel();
    const part = fc.constantFrom('1', '23', '.', '-', ' ', 'a', '10.0', '4111', 'é', 'xxxxxxxxx');
    fc.assert(
      fc.property(fc.array(part, { maxLength: 30 }), (parts) => {
        const bySimd = shapesOf(simd, parts.join(''));
        const byTwin = shapesOf(twin, parts.join(''));
        expect(bySimd & byTwin).toBe(byTwin);
        expect(bySimd & DIGITS_IPV4).toBe(byTwin & DIGITS_IPV4);
      }),
      { ...SEEDED, numRuns: 3000 },
    );
  });
});
