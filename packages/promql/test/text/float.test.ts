import { describe, expect, it } from 'vitest';
import { formatFloat, formatGeneral, formatOpenMetrics, parseFloatText } from '../../src/text/float.ts';

describe('numbers as Go writes them', () => {
  it.each([
    [0, '0', '0', '0.0'],
    [-0, '-0', '-0', '-0.0'],
    [1, '1', '1', '1.0'],
    [0.99, '0.99', '0.99', '0.99'],
    [1e21, '1000000000000000000000', '1e+21', '1e+21'],
    [1e20, '100000000000000000000', '1e+20', '1e+20'],
    [123456, '123456', '123456', '123456.0'],
    [1234567, '1234567', '1.234567e+06', '1.234567e+06'],
    [1e-7, '0.0000001', '1e-07', '1e-07'],
    [0.0001, '0.0001', '0.0001', '0.0001'],
    [-1.5e-9, '-0.0000000015', '-1.5e-09', '-1.5e-09'],
    [Number.NaN, 'NaN', 'NaN', 'NaN'],
    [Infinity, '+Inf', '+Inf', '+Inf'],
    [-Infinity, '-Inf', '-Inf', '-Inf'],
  ])('%s', (value, plain, general, openMetrics) => {
    expect([formatFloat(value), formatGeneral(value), formatOpenMetrics(value)]).toEqual([plain, general, openMetrics]);
    expect(parseFloatText(plain)).toBe(value);
  });

  it.each(['', 'x', '1x', '--1', '1e', '0xg', '1.2.3'])('%j is none', (text) => {
    expect(parseFloatText(text)).toBeUndefined();
  });
});
