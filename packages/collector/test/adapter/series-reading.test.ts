import { SampleColumns } from '@vigie/promql/storage/sample-columns';
import { describe, expect, it } from 'vitest';
import { readNewest, readRate } from '../../src/adapter/series-reading.ts';

type Written = readonly [atSeconds: number, value: number | 'stale'];

function columnsOf(samples: readonly Written[], startSeconds = 0): SampleColumns {
  const columns = new SampleColumns();
  for (const [at, value] of samples) {
    if (value === 'stale') columns.addStale(at * 1000);
    else columns.addFloat(at * 1000, value, startSeconds * 1000);
  }
  return columns;
}

describe('the newest sample', () => {
  it.each([
    [
      'is the value',
      [
        [10, 4],
        [20, 7],
      ],
      { status: 'value', value: 7, timestampMs: 20_000, windowMs: 0 },
    ],
    [
      'is none of a series that has ended',
      [
        [10, 4],
        [20, 'stale'],
      ],
      { status: 'ended', atMs: 20_000 },
    ],
    ['is none that is NaN', [[10, Number.NaN]], { status: 'not_a_number', atMs: 10_000 }],
    ['is none that is infinite', [[10, Number.POSITIVE_INFINITY]], { status: 'not_a_number', atMs: 10_000 }],
    ['is none where nothing is', [], { status: 'silent' }],
  ] as const)('%s', (_what, samples, expected) => {
    expect(readNewest(columnsOf(samples))).toEqual(expected);
  });
});

describe('the rate', () => {
  const rate = (samples: readonly Written[], { from = 0, began = Number.NaN, start = 0 } = {}) =>
    readRate(columnsOf(samples, start), from * 1000, began * 1000, 'float');

  it.each([
    [
      'is the increase between the samples, not beyond',
      [
        [100, 10],
        [115, 40],
      ],
      {},
      2,
      15,
    ],
    [
      'counts what came after a reset',
      [
        [100, 10],
        [115, 40],
        [130, 6],
      ],
      {},
      1.2,
      30,
    ],
    [
      'begins again behind a staleness marker',
      [
        [100, 10],
        [115, 'stale'],
        [130, 50],
        [140, 70],
      ],
      {},
      2,
      10,
    ],
    ['of a fresh pod counts from its start', [[100, 30]], { from: 80, began: 90 }, 3, 10],
    [
      'counts from the start that the exposition tells',
      [
        [100, 30],
        [110, 60],
      ],
      { from: 70, start: 80 },
      2,
      30,
    ],
    [
      'does not count from a start that is before the window',
      [
        [100, 30],
        [110, 60],
      ],
      { from: 95, began: 90 },
      3,
      10,
    ],
  ] as const)('%s', (_what, samples, options, value, seconds) => {
    const newestMs = (samples.at(-1)?.[0] ?? 0) * 1000;
    expect(rate(samples, options)).toEqual({ status: 'value', value, timestampMs: newestMs, windowMs: seconds * 1000 });
  });

  it.each([
    ['one sample', [[100, 30]], {}, { status: 'single', atMs: 100_000 }],
    ['one sample just behind the start', [[100, 30]], { from: 90, began: 99.5 }, { status: 'single', atMs: 100_000 }],
    [
      'one sample behind a marker',
      [
        [90, 'stale'],
        [100, 30],
      ],
      { began: 95 },
      { status: 'single', atMs: 100_000 },
    ],
    [
      'a series that has ended',
      [
        [100, 30],
        [110, 'stale'],
      ],
      {},
      { status: 'ended', atMs: 110_000 },
    ],
    [
      'NaN',
      [
        [100, 30],
        [110, Number.NaN],
      ],
      {},
      { status: 'not_a_number', atMs: 110_000 },
    ],
  ] as const)('of %s is none', (_what, samples, options, expected) => {
    expect(rate(samples, options)).toEqual(expected);
  });
});
