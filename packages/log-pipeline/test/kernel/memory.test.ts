import { describe, expect, it } from 'vitest';
import { Arena } from '../../src/kernel/arena.ts';
import { SLACK_BYTES } from '../../src/kernel/layout.ts';
import { compileKernel } from '../../src/kernel/load.ts';
import { layOut, type Region } from '../../src/kernel/regions.ts';
import { KERNELS, SIZES, simdKernel, twinKernel } from './kernels.ts';

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
