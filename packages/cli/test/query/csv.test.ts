import { expect, it } from 'vitest';
import { csvLines } from '../../src/query/csv.ts';
import { AT_MS, series } from './answers.ts';

it('has a column for each label of any series, and quotes what needs it', () => {
  const result = {
    type: 'matrix',
    series: [series({ __name__: 'up', job: 'a,"b"' }, [1, 0], 15_500), series({ zone: 'z' }, [Number.NaN], 0)],
  } as const;
  expect(csvLines(result)).toEqual([
    '__name__,job,zone,timestamp,value',
    'up,"a,""b""",,1795946400,1',
    'up,"a,""b""",,1795946415.5,0',
    ',,z,1795946400,NaN',
  ]);
});

it('has histograms as JSON', () => {
  const value = { count: '1', sum: '2', buckets: [{ bounds: '(1, 2]', count: '1' }] };
  expect(csvLines({ type: 'vector', series: [{ labels: {}, samples: [{ timestampMs: AT_MS, value }] }] })).toEqual([
    'timestamp,value',
    '1795946400,"{""count"":""1"",""sum"":""2"",""buckets"":[{""bounds"":""(1, 2]"",""count"":""1""}]}"',
  ]);
});

it('is one row for a scalar', () => {
  expect(csvLines({ type: 'scalar', sample: { timestampMs: AT_MS, value: '4' } })).toEqual([
    'timestamp,value',
    '1795946400,4',
  ]);
});
