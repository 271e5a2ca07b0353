import { describe, expect, it } from 'vitest';
import type { Series } from '../../src/query/answer.ts';
import { rangeText } from '../../src/query/range-text.ts';
import { plain } from '../../src/terminal/style.ts';
import { AT_MS, series } from './answers.ts';

const RANGE = { startMs: AT_MS, endMs: AT_MS + 60_000, stepMs: 15_000 };
const OPTIONS = { columns: 60, rows: 4, isColoured: false, paint: plain };
const ONE = series({ __name__: 'reads', sink: 'es' }, [1, 2, 4, 8, 16], 15_000);
const OTHER = series({ __name__: 'reads', sink: 'files' }, [0.5, 0.25, Number.NaN, 1 / 3, 1 / 3], 15_000);

/** Below the chart. */
const legend = (shown: readonly Series[], options = OPTIONS): readonly string[] => {
  const lines = rangeText(shown, RANGE, options);
  return lines.slice(lines.findIndex((line) => line.includes('series')));
};

describe('rangeText', () => {
  it('is a chart, and a table of what is in it', () => {
    expect(rangeText([ONE, OTHER], RANGE, OPTIONS)).toEqual([
      ' 20 ┤',
      '    │                                               *******',
      '    │                     **************************',
      '  0 ┤++++++++++++++*******                   ++++++++++++++',
      '    └┬──────────────────────────┬─────────────────────────┬',
      'UTC  10:00:00               10:00:30               10:01:00',
      '',
      '   series               min   mean      max   last',
      '*  reads{sink="es"}     1     6.2       16    16',
      '+  reads{sink="files"}  0.25  0.354167   0.5   0.333333',
    ]);
  });

  it('draws the first eight series, lists all, and says so', () => {
    const many = Array.from({ length: 10 }, (_, n) => series({ n: String(n) }, [n, n], 15_000));
    const lines = legend(many);
    expect(lines).toHaveLength(12);
    expect(lines.slice(-3)).toEqual([
      '   {n="8"}  8    8     8    8',
      '   {n="9"}  9    9     9    9',
      'the chart has the first 8 series, and not the other 2',
    ]);
  });

  it('sums up native histograms in words, and has no chart of them', () => {
    const value = { count: '12', sum: '3.5', buckets: [] };
    const histogram: Series = { labels: {}, samples: [{ timestampMs: AT_MS, value }] };
    expect(rangeText([histogram], RANGE, OPTIONS)).toEqual([
      'series  min  mean  max  last',
      '{}                      count 12, sum 3.5',
    ]);
  });

  it('knows what is infinite', () => {
    const lines = legend([series({}, [1, Number.POSITIVE_INFINITY], 15_000)]);
    expect(lines).toEqual(['series  min  mean  max   last', '{}      1    +Inf  +Inf  +Inf']);
  });

  it('has no line without series', () => {
    expect(rangeText([], RANGE, OPTIONS)).toEqual([]);
  });
});
