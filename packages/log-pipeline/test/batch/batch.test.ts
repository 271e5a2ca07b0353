import { expect, it } from 'vitest';
import { Batch } from '../../src/batch/batch.ts';
import { putInput, putReadTime, simdKernel } from '../kernel/kernels.ts';

it('holds what a framing call found, and nothing of it after a reset', () => {
  const kernel = simdKernel();
  const batch = new Batch(kernel);
  const text = '2026-11-21T10:00:00Z stdout P a\n2026-11-21T10:00:00Z stdout F b\nnot CRI\n';
  batch.hold(kernel.frameCri(putInput(kernel, Buffer.from(text)), text.length, 0, ...putReadTime(kernel), 10));
  expect(batch).toMatchObject({ rowCount: 3, fragmentRows: 1, unparsedRows: 1 });

  const freeBytes = batch.arena.freeBytes;
  batch.arena.alloc(100);
  batch.reset();
  expect(batch).toMatchObject({ rowCount: 0, fragmentRows: 0, unparsedRows: 0 });
  expect(batch.arena.freeBytes).toBe(freeBytes);
});
