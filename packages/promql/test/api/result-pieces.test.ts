import { describe, expect, it } from 'vitest';
import { answerPieces, dataPieces, instantPieces, rangePieces } from '../../src/api/result-pieces.ts';
import type { RangeSeries } from '../../src/evaluate/result.ts';
import type { Histogram } from '../../src/histogram/histogram.ts';
import { LabelSet } from '../../src/labels/label-set.ts';

const labels = LabelSet.of({ __name__: 'foo' });
const histogram: Histogram = {
  counterResetHint: 'unknown',
  schema: 0,
  zeroThreshold: 0,
  zeroCount: 0,
  count: 3,
  sum: 4.5,
  positiveSpans: [{ offset: 1, length: 1 }],
  positiveBuckets: [3],
  negativeSpans: [],
  negativeBuckets: [],
  customValues: [],
};
const HISTOGRAM_JSON = '{"count":"3","sum":"4.5","buckets":[[0,"1","2","3"]]}';

const textOf = (pieces: Iterable<string>): string => [...pieces].join('');

it('an answer stands around its data', () => {
  const noted = (warnings: readonly string[], infos: readonly string[]) =>
    textOf(answerPieces(['[]'], { warnings, infos }));
  expect(noted([], [])).toBe('{"status":"success","data":[]}');
  expect(noted(['a "b"'], ['c'])).toBe('{"status":"success","data":[],"warnings":["a \\"b\\""],"infos":["c"]}');
});

describe('results', () => {
  it('a vector has floats and histograms', () => {
    const samples = [
      { labels, value: 1.5, histogram: undefined },
      { labels: LabelSet.empty, value: 0, histogram },
    ];
    expect(textOf(instantPieces({ type: 'vector', timestampMs: 1435781451781, samples }, undefined))).toBe(
      `{"resultType":"vector","result":[{"metric":{"__name__":"foo"},"value":[1435781451.781,"1.5"]},{"metric":{},"histogram":[1435781451.781,${HISTOGRAM_JSON}]}]}`,
    );
  });

  it('scalars have all their digits, and times without zeros at the end', () => {
    expect(textOf(instantPieces({ type: 'scalar', timestampMs: 1100, value: 1e-7 }, undefined))).toBe(
      '{"resultType":"scalar","result":[1.1,"0.0000001"]}',
    );
  });

  it('a series has its floats before its histograms', () => {
    const series = {
      labels,
      timestampsMs: Float64Array.of(1000, 2000, 3000),
      values: Float64Array.of(1, 0, Number.NaN),
      histograms: [undefined, histogram, undefined],
    };
    expect(textOf(rangePieces([series], { startMs: 1000, stepMs: 1000 }, undefined))).toBe(
      `{"resultType":"matrix","result":[{"metric":{"__name__":"foo"},"values":[[1,"1"],[3,"NaN"]],"histograms":[[2,${HISTOGRAM_JSON}]]}]}`,
    );
  });

  it('a series of histograms alone has no values', () => {
    const series = { labels, timestampsMs: Float64Array.of(1000), values: Float64Array.of(0), histograms: [histogram] };
    expect(textOf(instantPieces({ type: 'matrix', series: [series] }, undefined))).toBe(
      `{"resultType":"matrix","result":[{"metric":{"__name__":"foo"},"histograms":[[1,${HISTOGRAM_JSON}]]}]}`,
    );
  });

  it('pieces are bounded, also within a series', () => {
    const steps = 11_000;
    const series: RangeSeries = {
      labels,
      timestampsMs: Float64Array.from({ length: steps }, (_, step) => step * 1000),
      values: new Float64Array(steps),
      histograms: new Array<Histogram>(steps).fill(histogram),
    };
    const pieces = [...rangePieces([series, series], { startMs: 0, stepMs: 1000 }, undefined)];
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(70_000);
    expect(pieces.length).toBeGreaterThan(20);
    expect(JSON.parse(pieces.join(''))).toMatchObject({ result: [{ histograms: { length: steps } }, {}] });
  });
});

it('data of others is written as JSON.stringify writes it', () => {
  for (const value of [
    null,
    'a',
    1,
    [],
    {},
    { a: undefined, b: [undefined, null, { c: [{ d: [{ e: [1, { f: 2 }] }] }] }], g: new Date(0) },
  ]) {
    expect(textOf(dataPieces(value))).toBe(JSON.stringify(value));
  }
});
