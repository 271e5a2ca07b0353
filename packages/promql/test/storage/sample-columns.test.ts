import { describe, expect, it } from 'vitest';
import { SampleColumns } from '../../src/storage/sample-columns.ts';

describe('sample columns', () => {
  it('grow to what they are given, and keep NaN and staleness apart', () => {
    const columns = new SampleColumns();
    for (let at = 0; at < 1000; at++) {
      if (at % 3 === 0) columns.addStale(at);
      else columns.addFloat(at, at % 3 === 1 ? Number.NaN : at, at === 500 ? 499 : 0);
    }
    expect(columns.length).toBe(1000);
    for (let at = 0; at < 1000; at++) {
      expect(columns.isStale(at)).toBe(at % 3 === 0);
      if (at % 3 === 2) expect(columns.values[at]).toBe(at);
    }
    expect(columns.startTimestampsMs?.[500]).toBe(499);
    expect(columns.startTimestampsMs?.[998]).toBe(0);
  });

  it('forget everything but their memory', () => {
    const columns = new SampleColumns();
    for (let at = 0; at < 300; at++) columns.addFloat(at, 1, 1);
    const { values } = columns;
    columns.clear();
    expect([columns.length, columns.histograms, columns.startTimestampsMs, columns.values]).toEqual([
      0,
      undefined,
      undefined,
      values,
    ]);
  });

  it('keep the last of some, whatever it is', () => {
    const columns = new SampleColumns();
    columns.addFloat(1, 1);
    columns.addFloat(2, 2, 1);
    columns.addFloat(3, 3, 2);
    columns.keepLast(1);
    expect([columns.length, columns.timestampsMs[1], columns.values[1]]).toEqual([2, 3, 3]);
    expect([...columns.startTimestampsMs!.subarray(0, 2)]).toEqual([0, 2]);
    columns.addStale(4);
    columns.keepLast(1);
    expect([columns.length, columns.timestampsMs[1], columns.isStale(1)]).toEqual([2, 4, true]);
    columns.keepLast(2);
    expect(columns.length).toBe(2);
  });

  it('are in order of time', () => {
    const columns = new SampleColumns();
    columns.addFloat(5, 1);
    expect(() => columns.addFloat(5, 2)).toThrow(/out of order/);
  });
});
