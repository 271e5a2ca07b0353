import { describe, expect, it } from 'vitest';
import { jsonFloat, jsonHistogram, jsonLabels, jsonString, jsonText, jsonTime } from '../../src/api/json-text.ts';
import { LabelSet } from '../../src/labels/label-set.ts';

describe('floats', () => {
  it.each([
    [0, '0'],
    [-0, '-0'],
    [20, '20'],
    [100.123, '100.123'],
    [Number.NaN, 'NaN'],
    [Infinity, '+Inf'],
    [-Infinity, '-Inf'],
    [1.2345678e6, '1234567.8'],
    [1.2345678e-6, '0.0000012345678'],
    [0.000001, '0.000001'],
    [9.99e-7, '9.99e-07'],
    [-1e-7, '-1e-07'],
    [1.2345678e-67, '1.2345678e-67'],
    [123456789012345680000, '123456789012345680000'],
    [1e21, '1e+21'],
    [-1.5e300, '-1.5e+300'],
    [5e-324, '5e-324'],
  ])('writes %d as %s', (value, expected) => {
    expect(jsonFloat(value)).toBe(expected);
  });
});

describe('times', () => {
  it.each([
    [0, '0'],
    [1, '0.001'],
    [10, '0.010'],
    [100, '0.100'],
    [1001, '1.001'],
    [1010, '1.010'],
    [1100, '1.100'],
    [-1, '-0.001'],
    [-61_000, '-61'],
    [1_435_781_451_781, '1435781451.781'],
  ])('writes %d ms as %s', (timestampMs, expected) => {
    expect(jsonTime(timestampMs)).toBe(expected);
  });
});

describe('texts', () => {
  it('are escaped as Go escapes them, for HTML too', () => {
    expect(jsonString('plain_text-1')).toBe('"plain_text-1"');
    expect(jsonString('a"b\\c\n\u0001')).toBe('"a\\"b\\\\c\\n\\u0001"');
    expect(jsonString('<a href="x">&\u2028\u2029')).toBe('"\\u003ca href=\\"x\\"\\u003e\\u0026\\u2028\\u2029"');
    expect(jsonString('käse 🧀')).toBe('"käse 🧀"');
    expect(jsonText({ a: '<' })).toBe('{"a":"\\u003c"}');
  });

  it('labels are an object in the order of their names', () => {
    expect(jsonLabels(LabelSet.empty)).toBe('{}');
    expect(jsonLabels(LabelSet.of({ le: '0.5', __name__: 'a', 'host.name': 'b"' }))).toBe(
      '{"__name__":"a","host.name":"b\\"","le":"0.5"}',
    );
  });
});

it('histograms have their populated buckets, from the lowest to the highest', () => {
  const text = jsonHistogram({
    counterResetHint: 'unknown',
    schema: 2,
    zeroThreshold: 0.001,
    zeroCount: 12,
    count: 10,
    sum: 20,
    positiveSpans: [
      { offset: 3, length: 2 },
      { offset: 1, length: 3 },
    ],
    negativeSpans: [{ offset: 2, length: 2 }],
    positiveBuckets: [1, 2, 2, 1, 1],
    negativeBuckets: [2, 1],
    customValues: [],
  });
  expect(text).toBe(
    '{"count":"10","sum":"20","buckets":[[1,"-1.6817928305074288","-1.414213562373095","1"],[1,"-1.414213562373095","-1.189207115002721","2"],[3,"-0.001","0.001","12"],[0,"1.414213562373095","1.6817928305074288","1"],[0,"1.6817928305074288","2","2"],[0,"2.378414230005442","2.82842712474619","2"],[0,"2.82842712474619","3.3635856610148576","1"],[0,"3.3635856610148576","4","1"]]}',
  );
});
