import { describe, expect, test } from 'vitest';
import type { Batch } from '../../../src/batch/batch.ts';
import { FLAG_DROPPED, FLAG_FRAGMENT, FLAG_STDERR } from '../../../src/kernel/layout.ts';
import { DropStream } from '../../../src/transforms/per-stream/drop-stream.ts';
import { KeepShare } from '../../../src/transforms/per-stream/keep-share.ts';
import { OnStream } from '../../../src/transforms/per-stream/on-stream.ts';
import { SIZES, twinKernel } from '../../kernel/kernels.ts';
import { batchOf, Counts } from '../harness.ts';

/** Rows that alternate, stdout first. */
function alternating(messages: readonly string[], flagged: Readonly<Record<number, number>> = {}): Batch {
  const batch = batchOf(twinKernel({ ...SIZES, maxRows: 4096 }), messages);
  for (let row = 0; row < batch.rowCount; row++) {
    batch.table.setFlags(row, (row % 2 === 0 ? 0 : FLAG_STDERR) | (flagged[row] ?? 0));
    batch.table.setOffset(row, row * 141);
  }
  return batch;
}

function keptRows({ table, rowCount }: Batch): number[] {
  return Array.from({ length: rowCount }, (_, row) => row).filter((row) => (table.flags(row) & FLAG_DROPPED) === 0);
}

describe('dropping a stream', () => {
  test('drops its records alone, and counts them', () => {
    const batch = alternating(['a', 'bb', 'c', 'dddd']);
    const counts = new Counts();
    new DropStream({ stdout: false, stderr: true }, 'excluded').apply(batch, counts.context);
    expect(keptRows(batch)).toEqual([0, 2]);
    expect(counts.dropped).toEqual({ excluded: [2, 3 + 5] });
  });

  test('leaves fragments and what was dropped before alone', () => {
    const batch = alternating(['a', 'b', 'c', 'd'], { 0: FLAG_FRAGMENT, 1: FLAG_DROPPED });
    const counts = new Counts();
    new DropStream({ stdout: true, stderr: true }, 'excluded').apply(batch, counts.context);
    expect(keptRows(batch)).toEqual([0]);
    expect(counts.dropped).toEqual({ excluded: [2, 4] });
  });
});

describe('keeping a share', () => {
  const many = Array.from({ length: 4000 }, () => 'x');
  const kept = (stdout: number, stderr: number, seed: number): number[] => {
    const batch = alternating(many);
    new KeepShare({ stdout, stderr }, seed, 'sampled').apply(batch, new Counts().context);
    return keptRows(batch);
  };

  test('keeps about that many of each stream, the same ones each time', () => {
    const rows = kept(0.1, 0.5, 1);
    const [stdout, stderr] = [rows.filter((row) => row % 2 === 0), rows.filter((row) => row % 2 === 1)];
    // 2,000 draws: five standard deviations on either side.
    expect(Math.abs(stdout.length - 200)).toBeLessThan(67);
    expect(Math.abs(stderr.length - 1000)).toBeLessThan(112);
    expect(kept(0.1, 0.5, 1)).toEqual(rows);
  });

  test('keeps all or nothing at the ends', () => {
    expect(kept(1, 1, 7)).toHaveLength(4000);
    expect(kept(0, 0, 7)).toEqual([]);
  });

  test('keeps others of another container', () => {
    expect(kept(0.1, 0.1, 2)).not.toEqual(kept(0.1, 0.1, 1));
  });

  test('tells records beyond 4 GiB apart', () => {
    const batch = alternating(many);
    for (let row = 0; row < batch.rowCount; row++) batch.table.setOffset(row, row * 2 ** 32);
    new KeepShare({ stdout: 0.5, stderr: 0.5 }, 1, 'sampled').apply(batch, new Counts().context);
    expect(Math.abs(keptRows(batch).length - 2000)).toBeLessThan(159);
  });
});

test('another transform sees one stream alone', () => {
  const batch = alternating(['a', 'b', 'c', 'd'], { 3: FLAG_DROPPED });
  const counts = new Counts();
  const seen: number[] = [];
  const inner = {
    type: 'probe',
    apply: (inside: Batch) => {
      seen.push(...keptRows(inside));
      inside.table.setFlags(0, inside.table.flags(0) | FLAG_DROPPED);
    },
  };
  new OnStream(inner, 'stdout').apply(batch, counts.context);
  expect(seen).toEqual([0, 2]);
  expect(keptRows(batch)).toEqual([1, 2]);
  expect(batch.table.flags(1)).toBe(FLAG_STDERR);
});
