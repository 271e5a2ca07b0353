import { parseQuantity } from '@vigie/kube/parse-quantity';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quantityMilli } from '../../src/hpa/quantity-milli.ts';
import { binaryQuantity, decimalQuantity, formatQuantity, milliOf } from '../../src/metrics-api/quantity.ts';

describe('a decimal quantity', () => {
  it.each([
    [0, '0'],
    [-0, '0'],
    [1, '1'],
    [1.5, '1500m'],
    [2, '2'],
    [1000, '1k'],
    [1500, '1500'],
    [0.85, '850m'],
    [0.1 + 0.2, '300m'],
    [0.0001, '100u'],
    [1e-9, '1n'],
    // Halves of a billionth, which a double can be: to the even one.
    [2 ** -10, '976562n'],
    [3 * 2 ** -10, '2929688n'],
    [-0.25, '-250m'],
    [1 / 3, '333333333n'],
    [123456789.5, '123456789500m'],
    [1e9 + 0.0005, '1G'],
    [1e15, '1P'],
    [1e300, '9200T'],
    [-1e300, '-9200T'],
    [5e-324, '0'],
  ])('of %d is %s', (value, expected) => {
    expect(decimalQuantity(value)).toBe(expected);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('of %d is none', (value) => {
    expect(decimalQuantity(value)).toBeUndefined();
    expect(binaryQuantity(value)).toBeUndefined();
  });
});

describe('a binary quantity', () => {
  it.each([
    [0, '0'],
    [1000, '1k'],
    [1023, '1023'],
    [1024, '1Ki'],
    [-1024, '-1Ki'],
    [1025, '1025'],
    [20480, '20Ki'],
    [1048576, '1Mi'],
    [1048577, '1048577'],
    [2 ** 40, '1Ti'],
    [1024.5, '1Ki'],
    [1025.5, '1026'],
  ])('of %d is %s', (value, expected) => {
    expect(binaryQuantity(value)).toBe(expected);
  });
});

/** A naive one: as Go's canonical form is described, over decimal text. */
function naive(nano: bigint): string {
  if (nano === 0n) return '0';
  const sign = nano < 0n ? '-' : '';
  let digits = String(nano < 0n ? -nano : nano);
  let exponent = -9;
  while (digits.endsWith('0')) {
    digits = digits.slice(0, -1);
    exponent++;
  }
  while (exponent % 3 !== 0 || exponent > 18) {
    digits += '0';
    exponent--;
  }
  const suffix = { '-9': 'n', '-6': 'u', '-3': 'm', 0: '', 3: 'k', 6: 'M', 9: 'G', 12: 'T', 15: 'P', 18: 'E' }[
    exponent
  ];
  return `${sign}${digits}${suffix}`;
}

/** The value of a quantity in billionths, from its text alone. */
function nanoOf(text: string): bigint {
  const [, digits = '', suffix = ''] = /^(-?\d+)(.*)$/.exec(text) ?? [];
  const powers: Readonly<Record<string, bigint>> = {
    n: 0n,
    u: 3n,
    m: 6n,
    '': 9n,
    k: 12n,
    M: 15n,
    G: 18n,
    T: 21n,
    P: 24n,
    E: 27n,
  };
  const binary = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'].indexOf(suffix);
  if (binary >= 0) return BigInt(digits) * 1024n ** BigInt(binary + 1) * 10n ** 9n;
  return BigInt(digits) * 10n ** (powers[suffix] ?? 0n);
}

describe('laws', () => {
  const nano = fc.bigInt({ min: -(10n ** 24n), max: 10n ** 24n });

  it('the text is the canonical one, and keeps the value', () => {
    fc.assert(
      fc.property(nano, (value) => {
        expect(formatQuantity(value, 'decimal')).toBe(naive(value));
        expect(nanoOf(formatQuantity(value, 'decimal'))).toBe(value);
        expect(nanoOf(formatQuantity(value, 'binary'))).toBe(value);
      }),
      { seed: 7 },
    );
  });

  it('the controller reads of the text what is said that it does', () => {
    const value = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.double({ min: -10, max: 10, noNaN: true }),
    );
    fc.assert(
      fc.property(value, (one) => {
        expect(milliOf(one)).toBe(quantityMilli(decimalQuantity(one) ?? ''));
      }),
      { seed: 7 },
    );
    expect([0.1 + 0.2, 0.0001, -0.0001, 1.5].map(milliOf)).toEqual([300, 1, 0, 1500]);
  });

  it('a double is rounded by half a billionth at most', () => {
    fc.assert(
      fc.property(fc.double({ min: -1e9, max: 1e9, noNaN: true, maxExcluded: true, minExcluded: true }), (value) => {
        const written = decimalQuantity(value) ?? '';
        expect(Math.abs(Number(nanoOf(written)) / 1e9 - value)).toBeLessThanOrEqual(5e-10 + Math.abs(value) * 2 ** -52);
        expect(parseQuantity(written)).toBeCloseTo(value, 8);
      }),
      { seed: 7 },
    );
  });
});
