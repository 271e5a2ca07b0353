import { createKernel, type Kernel } from '@vigie/log-pipeline/kernel/kernel';
import { FLAG_TRUNCATED, FLAG_UNPARSED } from '@vigie/log-pipeline/kernel/layout';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RawLines } from '../../src/stream/line-shape.ts';

const SIZES = { inputBytes: 4096, maxRows: 256, arenaBytes: 1024, slots: 1, slotBytes: 8192 };

/** @returns rows */
function frame(kernel: Kernel, text: Uint8Array): number {
  const { input, readTime } = kernel.regions;
  kernel.memory.set(text, input.start);
  const { rows } = kernel.frameLines(input.start, text.length, 0, readTime.start, 0, SIZES.maxRows);
  for (let row = 0; row < rows; row++) kernel.table.setFlags(row, kernel.table.flags(row) & ~FLAG_UNPARSED);
  return rows;
}

/** What leaves when a request may begin records up to `softBytes` and is emptied whenever it is full. */
function emit(kernel: Kernel, rows: number, prefix: string, softBytes: number): { text: Buffer; wrote: number[] } {
  const [slot] = kernel.regions.slots;
  if (slot === undefined) throw new Error('no slot');
  const room = { start: slot.start, softEnd: slot.start + softBytes, hardEnd: slot.end };
  const shape = new RawLines(Buffer.from(prefix));
  const wrote: number[] = [];
  const parts: Buffer[] = [];
  let next = 0;
  while (next < rows) {
    const before = wrote.length;
    const result = shape.write({ kernel, first: next, end: rows, log: {} }, room, (row) => wrote.push(row));
    if (result.nextRow === next) throw new Error(`stands at row ${next}`);
    expect(result.records).toBe(wrote.length - before);
    parts.push(Buffer.from(kernel.memory.subarray(slot.start, slot.start + result.writtenBytes)));
    next = result.nextRow;
  }
  return { text: Buffer.concat(parts), wrote };
}

const line = fc
  .uint8Array({ maxLength: 40 })
  .map((bytes) => Buffer.from(bytes.map((byte) => (byte === 10 ? 13 : byte))));
const lines = fc.array(line, { minLength: 1, maxLength: 60 });

describe('RawLines', () => {
  const kernel = createKernel(SIZES);

  it('emits any bytes as they are, whatever the room', () => {
    fc.assert(
      fc.property(lines, fc.integer({ min: 1, max: 4000 }), (some, softBytes) => {
        const text = Buffer.concat(some.flatMap((one) => [one, Buffer.from('\n')]));
        const rows = frame(kernel, text);
        const emitted = emit(kernel, rows, '', softBytes);
        expect(emitted.text).toEqual(text);
        expect(emitted.wrote).toEqual(some.map((_, row) => row));
      }),
      { seed: 1 },
    );
  });

  it('puts the prefix before each line', () => {
    fc.assert(
      fc.property(lines, fc.integer({ min: 1, max: 4000 }), (some, softBytes) => {
        const rows = frame(kernel, Buffer.concat(some.flatMap((one) => [one, Buffer.from('\n')])));
        const expected = Buffer.concat(some.flatMap((one) => [Buffer.from('app.log: '), one, Buffer.from('\n')]));
        expect(emit(kernel, rows, 'app.log: ', softBytes).text).toEqual(expected);
      }),
      { seed: 2 },
    );
  });

  it('ends a line that was cut where it was cut, between whole ones', () => {
    const rows = frame(kernel, Buffer.from('first\nmuch too long\nlast\n'));
    kernel.table.setMessage(1, kernel.table.messageStart(1), 4);
    kernel.table.setFlags(1, FLAG_TRUNCATED);
    expect(emit(kernel, rows, '', 4000).text.toString()).toBe('first\nmuch\nlast\n');
  });

  it('begins no line beyond the soft end, and touches nothing beyond the hard one', () => {
    const rows = frame(kernel, Buffer.from('12345\n12345\n12345\n'));
    const [slot] = kernel.regions.slots;
    const start = slot?.start ?? 0;
    const write = (softEnd: number, hardEnd: number): number => {
      kernel.memory.fill(0xee, start, start + 40);
      const room = { start, softEnd: start + softEnd, hardEnd: start + hardEnd };
      const { records, writtenBytes } = new RawLines(new Uint8Array(0)).write(
        { kernel, first: 0, end: rows, log: {} },
        room,
        () => undefined,
      );
      expect(kernel.memory.subarray(start + writtenBytes, start + 40).every((byte) => byte === 0xee)).toBe(true);
      expect(writtenBytes).toBe(records * 6);
      return records;
    };
    expect(write(6, 40)).toBe(1);
    expect(write(7, 40)).toBe(2);
    expect(write(40, 6)).toBe(0);
    expect(write(40, 14)).toBe(2);
  });
});
