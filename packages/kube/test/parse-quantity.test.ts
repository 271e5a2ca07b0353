import { expect, it } from 'vitest';
import { parseQuantity } from '../src/parse-quantity.ts';

it.each([
  ['0', 0],
  ['100m', 0.1],
  ['850m', 0.85],
  ['1500m', 1.5],
  ['250u', 0.00025],
  ['1n', 1e-9],
  ['1.5', 1.5],
  ['.5', 0.5],
  ['-3', -3],
  ['-2k', -2000],
  ['20Ki', 20480],
  ['1.5Gi', 1.5 * 2 ** 30],
  ['1E', 1e18],
  ['1e3', 1000],
  ['2E-3', 0.002],
  ['12Ei', 12 * 2 ** 60],
  ['', undefined],
  ['m', undefined],
  ['1x', undefined],
  ['1 Gi', undefined],
  ['Gi', undefined],
  ['0x10', undefined],
])('%j is %s', (text, value) => expect(parseQuantity(text)).toBe(value));
