import { seededRandom } from '@vigie/core/random';
import { describe, expect, it } from 'vitest';
import { Arena, type BlockRef, MAX_BLOCK_BYTES } from '../src/arena.ts';

describe('an arena', () => {
  it.each([1, 2, 3])('keeps what is written into each block until it is freed, seed %i', (seed) => {
    const random = seededRandom(seed);
    const arena = new Arena();
    const blocks = new Map<BlockRef, { readonly size: number; readonly fill: number }>();
    for (let step = 0; step < 6_000; step++) {
      if (random() < (step % 2_000 < 1_000 ? 0.7 : 0.3)) {
        const size = 1 + Math.floor(random() ** 6 * MAX_BLOCK_BYTES);
        const ref = arena.allocate(size);
        expect(ref).not.toBe(0);
        expect(blocks.has(ref)).toBe(false);
        expect(arena.capacity(ref)).toBeGreaterThanOrEqual(size);
        const fill = step & 0xff;
        arena.bytes(ref).fill(fill, arena.offset(ref), arena.offset(ref) + size);
        blocks.set(ref, { size, fill });
      } else {
        const [first] = blocks;
        if (first === undefined) continue;
        const [ref, { size, fill }] = first;
        const content = arena.bytes(ref).subarray(arena.offset(ref), arena.offset(ref) + size);
        expect(content.every((byte) => byte === fill)).toBe(true);
        blocks.delete(ref);
        arena.free(ref);
      }
    }
    expect(arena.usedBytes).toBe([...blocks.keys()].reduce((sum, ref) => sum + arena.capacity(ref), 0));
    for (const ref of blocks.keys()) arena.free(ref);
    expect(arena.usedBytes).toBe(0);
  });

  it('gives pages back when what was in them is gone', () => {
    const arena = new Arena();
    const refs = Array.from({ length: 100_000 }, () => arena.allocate(100));
    const heldBytes = arena.heldBytes;
    expect(heldBytes).toBeGreaterThan(1e7);
    for (const ref of refs) arena.free(ref);
    expect(arena.heldBytes).toBeLessThan(heldBytes / 20);
  });

  it('wastes at most a third of a block', () => {
    const arena = new Arena();
    for (let size = 16; size <= MAX_BLOCK_BYTES; size += 8) {
      const ref = arena.allocate(size);
      expect(arena.capacity(ref)).toBeLessThanOrEqual(Math.max(size + 15, size * 1.34));
      arena.free(ref);
    }
  });
});
