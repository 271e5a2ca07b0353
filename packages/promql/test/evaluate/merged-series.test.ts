/** Series that come to have the same labels, as Prometheus 3.15 answers by default. */
import { describe, expect, it } from 'vitest';
import { Engine } from '../../src/evaluate/engine.ts';
import type { RangeSeries } from '../../src/evaluate/result.ts';
import type { Histogram } from '../../src/histogram/histogram.ts';
import { LabelSet } from '../../src/labels/label-set.ts';
import { MemoryStorage } from '../../src/storage/memory-storage.ts';

const never = new AbortController().signal;
const range = { startMs: 0, endMs: 120_000, stepMs: 60_000 };

/** A float `f` of 1, 2 and 3, a histogram `h` of the same counts without its third, and an `early` and a `late` float that do
 *  not meet. */
function storage(): MemoryStorage {
  const made = new MemoryStorage();
  const floats = (name: string, values: readonly number[], fromMs = 0): void => {
    const samples = values.map((value, at) => ({ timestampMs: fromMs + at * 60_000, value, startTimestampMs: 0 }));
    made.append(LabelSet.of({ __name__: name }), samples);
  };
  floats('f', [1, 2, 3]);
  floats('early', [1]);
  floats('late', [7], 400_000);
  const samples = [1, 2].map((count, at) => ({
    timestampMs: at * 60_000,
    value: histogramOf(count),
    startTimestampMs: 0,
  }));
  made.append(LabelSet.of({ __name__: 'h' }), samples);
  return made;
}

function histogramOf(count: number): Histogram {
  return {
    schema: 0,
    zeroThreshold: 0,
    zeroCount: 0,
    count,
    sum: count,
    positiveSpans: [{ offset: 0, length: 1 }],
    positiveBuckets: [count],
    negativeSpans: [],
    negativeBuckets: [],
    customValues: [],
    counterResetHint: 'unknown',
  };
}

const MERGED = 'label_replace({__name__=~"f|h"}, "__name__", "", "", "")';

async function ask(query: string): Promise<string> {
  const { result } = await new Engine().range(storage(), query, range, never);
  return result.map(describeSeries).join('; ');
}

function describeSeries({ labels, timestampsMs, values, histograms }: RangeSeries): string {
  const samples = [...timestampsMs].map((timeMs, at) => {
    const histogram = histograms?.[at];
    return `${histogram === undefined ? values[at] : `h${histogram.count}`}@${timeMs / 60_000}`;
  });
  return `${labels.key === '' ? '' : labels.toString()}${samples.join(' ')}`;
}

describe('a float and a histogram of one label set', () => {
  it.each([
    ['are both there at one time', MERGED, '1@0 h1@0 2@1 h2@1 3@2 h2@2'],
    ['are so once they are negated', `-{__name__=~"f|h"}`, '-1@0 h-1@0 -2@1 h-2@1 -3@2 h-2@2'],
    [
      'stay so through what takes series whole',
      `-label_join(${MERGED}, "a", "", "b")`,
      '-1@0 h-1@0 -2@1 h-2@1 -3@2 h-2@2',
    ],
    ['are the float for a function of vectors', `abs(${MERGED})`, '1@0 2@1 3@2'],
    ['hide the histograms behind them from functions', `histogram_count(${MERGED})`, ''],
    ['are the float for an aggregation', `sum(${MERGED})`, '1@0 2@1 3@2'],
    ['are both in a range, but the histogram at its end', `count_over_time(${MERGED}[2m:1m])`, '1@0 3@1 3@2'],
  ])('%s', async (_, query, answer) => {
    expect(await ask(query)).toBe(answer);
  });

  it('is the histogram in the answer of an instant query', async () => {
    const { result } = await new Engine().instant(storage(), MERGED, 0, never);
    expect(result).toMatchObject({ type: 'vector', samples: [{ histogram: { count: 1 } }] });
  });

  it('cannot be the same at each step', async () => {
    await expect(ask(`label_replace({__name__=~"f|h"} @ 0, "__name__", "", "", "")`)).rejects.toThrow(
      'unexpected number of samples',
    );
  });
});

describe('two floats of one label set', () => {
  it('become one series through label_replace, as long as they are at different times', async () => {
    const times = { startMs: 0, endMs: 420_000, stepMs: 420_000 };
    const query = 'label_replace({__name__=~"early|late"}, "__name__", "", "", "")';
    const { result } = await new Engine().range(storage(), query, times, never);
    expect(result.map(({ values }) => [...values])).toEqual([[1, 7]]);
  });

  it.each([
    'label_replace({__name__=~"early|f"}, "__name__", "", "", "")',
    'abs({__name__=~"early|f"})',
    '-{__name__=~"early|f"}',
  ])('are refused at the same time in %s', async (query) => {
    await expect(ask(query)).rejects.toThrow(/same labelset/);
  });

  it('are refused in functions of ranges at whatever times', async () => {
    const times = { startMs: 0, endMs: 420_000, stepMs: 420_000 };
    const query = 'last_over_time({__name__=~"early|late"}[1m]) and rate({__name__=~"early|late"}[5m])';
    await expect(new Engine().range(storage(), query, times, never)).resolves.toBeDefined();
    const refused = new Engine().range(storage(), 'count_over_time({__name__=~"early|late"}[1m])', times, never);
    await expect(refused).rejects.toThrow(/same labelset/);
  });
});
