import { describe, expect, it } from 'vitest';
import { exponentialBound } from '../../src/histogram/bounds.ts';

describe('bounds are those of Prometheus, to the last bit', () => {
  it.each([
    [0, 0, 1],
    [-1, 0, 0.5],
    [1024, 0, Number.MAX_VALUE],
    [1025, 0, Infinity],
    [-1074, 0, 5e-324],
    [2, -2, 256],
    [256, -2, Number.MAX_VALUE],
    [1, 1, previousFloat(Math.SQRT2)],
    [-1, 1, previousFloat(Math.SQRT1_2)],
    [3, 2, 1.6817928305074288],
    [5, 2, 2.378414230005442],
    [-5, 3, 0.6484197773255048],
    [-9, 5, 0.8228777390769823],
    [-255, 8, 0.5013556375251013],
    [-64, 8, 0.8408964152537144],
    [-28, 8, 0.9269895625416926],
  ])('%d of schema %d is %d', (index, schema, bound) => {
    expect(exponentialBound(index, schema)).toBe(bound);
  });
});

function previousFloat(value: number): number {
  const bits = new BigInt64Array(Float64Array.of(value).buffer);
  bits[0]! -= 1n;
  return new Float64Array(bits.buffer)[0]!;
}
