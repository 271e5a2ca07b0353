import { describe, expect, it } from 'vitest';
import type { Batch } from '../../src/batch/batch.ts';
import { Timestamp } from '../../src/transforms/timestamp.ts';
import { READ_TIME, SIZES, twinKernel } from '../kernel/kernels.ts';
import { batchOf, Counts, setExtra } from './harness.ts';

function timeOf({ table, kernel }: Batch, row: number): string {
  const start = table.timeStart(row);
  return kernel.memory.toString('latin1', start, start + table.timeLength(row));
}

describe('Timestamp', () => {
  it('takes the time of a field, and counts what is none', () => {
    const batch = batchOf(twinKernel(), ['a', 'b', 'c', 'd', 'e']);
    const values = ['"ts":"2026-11-20T00:00:00.5Z"', '"ts":1795255200', '"ts":"soon"', '"other":1', '"ts":{"a":1}'];
    for (const [row, members] of values.entries()) setExtra(batch, row, members);
    const counts = new Counts();
    new Timestamp({ field: 'ts', format: ['rfc3339', 'unix'], timezone: 'UTC' }).apply(batch, counts.context);
    expect([0, 1, 2, 3, 4].map((row) => timeOf(batch, row))).toEqual([
      '2026-11-20T00:00:00.500Z',
      '2026-11-21T10:00:00Z',
      READ_TIME,
      READ_TIME,
      READ_TIME,
    ]);
    expect(counts.kept).toEqual({ bad_time: 2 });
  });

  it('takes the time at which a message begins, in its zone', () => {
    const batch = batchOf(twinKernel(), ['I1120 01:02:03.000004 7 main.go:1] x', 'no klog']);
    const counts = new Counts();
    new Timestamp({ field: 'message', format: 'klog', timezone: '+01:00' }).apply(batch, counts.context);
    expect(timeOf(batch, 0)).toBe('2026-11-20T00:02:03.000004Z');
    expect(counts.kept).toEqual({ bad_time: 1 });
  });

  it('keeps the time where there is no room', () => {
    const batch = batchOf(twinKernel({ ...SIZES, arenaBytes: 16 }), ['2026-11-20T00:00:00Z']);
    const counts = new Counts();
    new Timestamp({ field: 'message', format: 'rfc3339', timezone: 'UTC' }).apply(batch, counts.context);
    expect(timeOf(batch, 0)).toBe(READ_TIME);
    expect(counts.kept).toEqual({ no_room: 1 });
  });
});
