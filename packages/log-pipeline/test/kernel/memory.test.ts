import { describe, expect, it } from 'vitest';
import { JsonLineEncoder } from '../../src/encode/json-lines.ts';
import { Arena } from '../../src/kernel/arena.ts';
import { SLACK_BYTES } from '../../src/kernel/layout.ts';
import { compileKernel } from '../../src/kernel/load.ts';
import { layOut, type Region } from '../../src/kernel/regions.ts';
import { KERNELS, putInput, putReadTime, SIZES, simdKernel, twinKernel } from './kernels.ts';
import { testShape } from './shapes.ts';

describe('kernel memory', () => {
  it('lays regions out aligned, apart, in order, and as large as asked', () => {
    const sizes = { inputBytes: 1001, maxRows: 7, arenaBytes: 33, slots: 3, slotBytes: 4097 };
    const regions = layOut(sizes);
    const inOrder: Region[] = [
      ...regions.shapes,
      regions.readTime,
      regions.input,
      regions.table,
      regions.arena,
      ...regions.slots,
    ];
    for (const [index, region] of inOrder.entries()) {
      expect(region.start % 64).toBe(0);
      const next = inOrder[index + 1]?.start ?? regions.totalBytes;
      expect(next - region.end).toBeGreaterThanOrEqual(SLACK_BYTES);
    }
    const bytes = ({ start, end }: Region) => end - start;
    expect(bytes(regions.input)).toBe(1001);
    expect(bytes(regions.table)).toBe(7 * 48);
    expect(bytes(regions.arena)).toBe(33);
    expect(regions.slots.map(bytes)).toEqual([4097, 4097, 4097]);
  });

  it('refuses sizes whose pointers would not fit', () => {
    expect(() => layOut({ ...SIZES, slots: 5000 })).toThrow(RangeError);
  });

  it.each(KERNELS)('has the size of its regions in %s', (kind, create) => {
    const kernel = create();
    expect(kernel.kind).toBe(kind);
    expect(kernel.memory.length).toBe(kernel.regions.totalBytes);
    expect(kernel.table.maxRows).toBe(SIZES.maxRows);
  });

  it('belongs to one kernel alone', () => {
    for (const [a, b] of [
      [simdKernel(), simdKernel()],
      [twinKernel(), twinKernel()],
    ] as const) {
      a.memory[a.regions.input.start] = 1;
      expect(b.memory[b.regions.input.start]).toBe(0);
    }
  });

  it.each(KERNELS)('is renewed: empty, with nothing loaded, and of the same use (%s)', (_kind, create) => {
    const kernel = create();
    const { start } = kernel.regions.input;
    const frameOne = () => {
      const line = Buffer.from('2026-11-21T10:00:00.5Z stdout F hello\n');
      return kernel.frameCri(putInput(kernel, line), line.length, 0, ...putReadTime(kernel), 10);
    };
    const encoder = new JsonLineEncoder(kernel);
    const shape = testShape('offset-hash', { label: 'x' });
    const out = kernel.regions.slots[0]!;
    const encodeOne = () => {
      const { writtenBytes } = encoder.encode(shape, 0, 1, out.start, out.end - 10_000, out.end);
      return kernel.memory.toString('utf8', out.start, out.start + writtenBytes);
    };
    expect(frameOne().rows).toBe(1);
    const before = encodeOne();
    const old = kernel.memory;
    kernel.arena.alloc(1_000);

    kernel.renew();
    expect(kernel.renewals).toBe(1);
    expect(kernel.memory.buffer).not.toBe(old.buffer);
    expect(kernel.memory.length).toBe(old.length);
    expect(kernel.memory.subarray(start, start + 10)).toEqual(Buffer.alloc(10));
    expect(kernel.table.lineEnd(0)).toBe(0);
    expect(kernel.arena.freeBytes).toBe(SIZES.arenaBytes);
    expect(frameOne().rows).toBe(1);
    expect(kernel.table.messageLength(0)).toBe(5);
    expect(encodeOne()).toBe(before);
    // What was sent from is left alone: a request in flight still points there.
    expect(old.toString('utf8', out.start, out.start + before.length)).toBe(before);
  });

  it('is not made from bytes that are no module', () => {
    expect(() => compileKernel(Buffer.from('not wasm'))).toThrow();
  });
});

describe('the arena', () => {
  it('allocates until it is full, gives back what was too much, and starts anew', () => {
    const arena = new Arena(128, 228);
    expect(arena.alloc(60)).toBe(128);
    expect(arena.alloc(41)).toBe(-1);
    expect(arena.alloc(40)).toBe(188);
    expect(arena.freeBytes).toBe(0);
    arena.shrink(188, 10);
    expect(arena.alloc(30)).toBe(198);
    arena.reset();
    expect(arena.alloc(100)).toBe(128);
  });

  it('does not shrink to more than it holds', () => {
    const arena = new Arena(128, 228);
    const at = arena.alloc(10);
    expect(() => arena.shrink(at, 11)).toThrow(/arena/);
  });
});
