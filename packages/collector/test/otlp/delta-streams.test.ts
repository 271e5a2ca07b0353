import { FakeClock } from '@vigie/core/fake-clock';
import { beforeEach, describe, expect, it } from 'vitest';
import { DeltaStreams } from '../../src/otlp/delta-streams.ts';
import { exponentialPoint, histogramPoint, numberPoint } from './points.ts';

let clock: FakeClock;
let streams: DeltaStreams;
beforeEach(() => {
  clock = new FakeClock();
  streams = new DeltaStreams({ maxStreams: 3, maxStaleMs: 300_000 }, clock);
});

const at = (start: bigint, time: bigint) => ({ startTimeUnixNano: start, timeUnixNano: time });

describe('deltas of numbers', () => {
  it('are added up, from where the first began', () => {
    expect(streams.number('a', numberPoint({ ...at(10n, 20n), value: 2 }))).toMatchObject({ value: 2 });
    expect(streams.number('a', numberPoint({ ...at(20n, 30n), value: 3 }))).toMatchObject({
      ...at(10n, 30n),
      value: 5,
    });
    expect(streams.number('b', numberPoint({ ...at(20n, 30n), value: 7 }))).toMatchObject({ value: 7 });
    expect(streams.size).toBe(2);
  });

  it('go on over a restart of the sender, whose next one begins later', () => {
    streams.number('a', numberPoint({ ...at(10n, 20n), value: 2 }));
    expect(streams.number('a', numberPoint({ ...at(500n, 510n), value: 1 }))).toMatchObject({
      ...at(10n, 510n),
      value: 3,
    });
  });

  it('are refused where they come late, twice, or of another process', () => {
    streams.number('a', numberPoint({ ...at(10n, 20n), value: 2 }));
    expect(streams.number('a', numberPoint({ ...at(10n, 20n), value: 2 }))).toBe('delta_out_of_order');
    expect(streams.number('a', numberPoint({ ...at(10n, 15n), value: 2 }))).toBe('delta_out_of_order');
    expect(streams.number('a', numberPoint({ ...at(9n, 30n), value: 2 }))).toBe('delta_older_start');
    expect(streams.number('a', numberPoint({ ...at(20n, 30n), value: 1 }))).toMatchObject({ value: 3 });
  });

  it('are refused of more streams than may be, until some have been silent', async () => {
    for (const key of ['a', 'b', 'c']) streams.number(key, numberPoint(at(0n, 10n)));
    expect(streams.number('d', numberPoint(at(0n, 10n)))).toBe('delta_limit');
    await clock.advance(200_000);
    streams.number('a', numberPoint(at(10n, 20n)));
    await clock.advance(200_000);
    expect(streams.number('d', numberPoint({ ...at(0n, 10n), value: 4 }))).toMatchObject({ value: 4 });
    expect(streams.size).toBe(2);
  });
});

describe('deltas of histograms', () => {
  it('count as several streams where they have many buckets', () => {
    const large = { explicitBounds: [], bucketCounts: Array.from({ length: 64 }, () => 1) };
    expect(streams.histogram('h', histogramPoint({ ...at(1n, 2n), ...large }))).toMatchObject(at(1n, 2n));
    expect(streams.number('a', numberPoint(at(0n, 10n)))).toBe('delta_limit');
    const small = { explicitBounds: [1], bucketCounts: [1, 1] };
    streams.histogram('h', histogramPoint({ ...at(2n, 3n), ...small }));
    expect(streams.number('a', numberPoint(at(0n, 10n)))).toMatchObject(at(0n, 10n));
  });

  it('are added bucket by bucket', () => {
    const bounds = { explicitBounds: [1, 2] };
    streams.histogram('h', histogramPoint({ ...at(1n, 2n), ...bounds, count: 3, sum: 4, bucketCounts: [1, 1, 1] }));
    const next = histogramPoint({ ...at(2n, 3n), ...bounds, count: 2, sum: 1, bucketCounts: [2, 0, 0] });
    expect(streams.histogram('h', next)).toMatchObject({ ...at(1n, 3n), count: 5, sum: 5, bucketCounts: [3, 1, 1] });
    const withoutSum = histogramPoint({ ...at(3n, 4n), ...bounds, count: 1, bucketCounts: [0, 0, 1] });
    expect(streams.histogram('h', withoutSum)).toMatchObject({ sum: undefined, bucketCounts: [3, 1, 2] });
  });

  it('begin anew with other bounds', () => {
    streams.histogram('h', histogramPoint({ ...at(1n, 2n), explicitBounds: [1], count: 2, bucketCounts: [1, 1] }));
    const other = histogramPoint({ ...at(2n, 3n), explicitBounds: [5], count: 1, bucketCounts: [1, 0] });
    expect(streams.histogram('h', other)).toMatchObject({ ...at(2n, 3n), count: 1, bucketCounts: [1, 0] });
  });
});

describe('deltas of exponential histograms', () => {
  const add = (a: Parameters<typeof exponentialPoint>[0], b: Parameters<typeof exponentialPoint>[0]) => {
    streams.exponential('e', exponentialPoint({ ...at(1n, 2n), ...a }));
    return streams.exponential('e', exponentialPoint({ ...at(2n, 3n), ...b }));
  };

  it('are added at one scale, wherever their buckets are', () => {
    const first = { count: 4, zeroCount: 1, sum: 2, positive: { offset: -1, counts: [1, 2] } };
    const second = { count: 5, zeroCount: 2, sum: 3, positive: { offset: 1, counts: [0, 3] } };
    expect(add(first, second)).toMatchObject({
      count: 9,
      zeroCount: 3,
      sum: 5,
      positive: { offset: -1, counts: [1, 2, 0, 3] },
    });
  });

  it('come to the coarser scale of both', () => {
    const fine = { scale: 1, positive: { offset: -3, counts: [1, 1, 1, 1] } };
    const coarse = { scale: 0, positive: { offset: 0, counts: [5] } };
    expect(add(fine, coarse)).toMatchObject({ scale: 0, positive: { offset: -2, counts: [1, 2, 6] } });
  });

  it('keep to 160 buckets', () => {
    const sum = add(
      { scale: 3, positive: { offset: 0, counts: [1] } },
      { scale: 3, positive: { offset: 300, counts: [1] } },
    );
    expect(sum).toMatchObject({ scale: 2, positive: { offset: 0 } });
    expect(typeof sum === 'string' ? 0 : sum.positive.counts.length).toBe(151);
  });

  it('have the wider zero bucket of both, to the end of a bucket', () => {
    const narrow = { scale: 0, zeroCount: 1, positive: { offset: -1, counts: [2, 3, 4] } };
    expect(add(narrow, { scale: 0, zeroCount: 1, zeroThreshold: 1.5 })).toMatchObject({
      zeroThreshold: 2,
      zeroCount: 7,
      positive: { offset: 1, counts: [4] },
    });
  });
});
