import { describe, expect, it } from 'vitest';
import type { QueryResult } from '../../src/query/answer.ts';
import { sampleTable } from '../../src/query/sample-table.ts';
import { paint, plain } from '../../src/terminal/style.ts';
import { AT_MS, series } from './answers.ts';

const VECTOR: QueryResult = {
  type: 'vector',
  series: [
    series({ __name__: 'up', job: 'vigie' }, [1], 0),
    series({ job: 'node' }, [0.25], 0),
    series({ job: 'other' }, [-1234.5], 0),
    series({}, [Number.NaN], 0),
  ],
};
const HISTOGRAM = {
  count: '10',
  sum: '3.5',
  buckets: [
    { bounds: '[-0.5, 0)', count: '1' },
    { bounds: '(0, 0.5]', count: '8' },
    { bounds: '(0.5, 1]', count: '1.5' },
  ],
};

describe('sampleTable', () => {
  it('has a line for each series of a vector, in the order of the answer, points below points', () => {
    expect(sampleTable(VECTOR, undefined, plain)).toEqual([
      'series           value',
      'up{job="vigie"}      1',
      '{job="node"}         0.25',
      '{job="other"}    -1234.5',
      '{}                 NaN',
    ]);
  });

  it('has the values first where the terminal has no room for the series', () => {
    const long = series({ instance: 'x'.repeat(60) }, [12.5], 0);
    expect(sampleTable({ type: 'vector', series: [long, ...VECTOR.series.slice(0, 1)] }, 40, plain)).toEqual([
      'value  series',
      `12.5   {instance="${'x'.repeat(60)}"}`,
      ' 1     up{job="vigie"}',
    ]);
  });

  it('draws the buckets of native histograms', () => {
    const result: QueryResult = {
      type: 'vector',
      series: [{ labels: { __name__: 'latency' }, samples: [{ timestampMs: AT_MS, value: HISTOGRAM }] }],
    };
    expect(sampleTable(result, undefined, plain)).toEqual([
      'series   value',
      'latency  count 10, sum 3.5',
      '  [-0.5, 0)  1    ███',
      '  (0, 0.5]   8    ████████████████████████',
      '  (0.5, 1]   1.5  ████▌',
    ]);
  });

  it('has a line for each sample of a matrix, with its time', () => {
    const result: QueryResult = {
      type: 'matrix',
      series: [series({ job: 'a' }, [1, undefined, 12.5], 250), series({ job: 'b' }, [2], 0)],
    };
    expect(sampleTable(result, undefined, plain)).toEqual([
      '{job="a"}',
      '  2026-11-29T10:00:00Z       1',
      '  2026-11-29T10:00:00.500Z  12.5',
      '',
      '{job="b"}',
      '  2026-11-29T10:00:00Z  2',
    ]);
  });

  it('is the value alone for a scalar and a string, which cannot move the cursor', () => {
    const sample = { timestampMs: AT_MS, value: '\u001b[2Jtext' };
    expect(sampleTable({ type: 'string', sample }, undefined, plain)).toEqual(['text']);
    expect(sampleTable({ type: 'scalar', sample: { ...sample, value: '1e-09' } }, undefined, plain)).toEqual(['1e-09']);
  });

  it('has no line where there are no series', () => {
    expect(sampleTable({ type: 'vector', series: [] }, undefined, plain)).toEqual([]);
    expect(sampleTable({ type: 'matrix', series: [] }, undefined, plain)).toEqual([]);
  });

  it('paints what is not data', () => {
    expect(sampleTable({ type: 'vector', series: VECTOR.series.slice(0, 1) }, 80, paint)).toEqual([
      '\u001b[2mseries           value\u001b[0m',
      'up{job="vigie"}  1',
    ]);
  });
});
