/** Records through a group shape into a body, as a lane does it. */
import type { GroupShape, RecordShape } from '../../src/encode/group-shape.ts';
import { isGroupShape } from '../../src/encode/group-shape.ts';
import { createKernel, type Kernel } from '../../src/kernel/kernel.ts';
import { putRecords, type TestRecord } from '../kernel/records.ts';

export interface BedRecord extends TestRecord {
  /** RFC 3339; without it that of `putRecords`. */
  readonly time?: string;
}

export class GroupBed {
  readonly kernel: Kernel = createKernel({
    inputBytes: 1 << 20,
    maxRows: 4096,
    arenaBytes: 1 << 18,
    slots: 1,
    slotBytes: 4 << 20,
  });
  /** Rows in the order in which they were written. */
  rows: number[] = [];
  readonly #log = {};

  /** @returns a copy of the body, all records written */
  encode(shape: RecordShape, records: readonly BedRecord[]): Buffer {
    this.put(records);
    const { start, end } = this.kernel.regions.slots[0]!;
    const { nextRow, writtenBytes } = this.write(shape, 0, records.length, end - start);
    if (nextRow !== records.length) throw new Error(`${nextRow} of ${records.length} rows`);
    return Buffer.from(this.kernel.memory.subarray(start, start + writtenBytes));
  }

  put(records: readonly BedRecord[]): void {
    const { kernel } = this;
    putRecords(kernel, records);
    for (const [row, { time }] of records.entries()) {
      if (time === undefined) continue;
      const at = kernel.arena.alloc(time.length);
      kernel.memory.write(time, at, 'latin1');
      kernel.table.setTime(row, at, time.length);
    }
  }

  write(shape: RecordShape, first: number, end: number, room: number): ReturnType<GroupShape['write']> {
    if (!isGroupShape(shape)) throw new Error('not a group shape');
    const { kernel } = this;
    const { start } = kernel.regions.slots[0]!;
    this.rows = [];
    kernel.memory.fill(0xa5, start + room, start + room + 64);
    const rows = { kernel, first, end, log: this.#log };
    const result = shape.write(rows, { start, softEnd: start + room, hardEnd: start + room }, (row) =>
      this.rows.push(row),
    );
    if (!kernel.memory.subarray(start + room, start + room + 64).every((byte) => byte === 0xa5)) {
      throw new Error('written behind the end');
    }
    return result;
  }
}
