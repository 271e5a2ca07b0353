import { Batch } from '../../src/batch/batch.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import { FLAG_DROPPED, FLAG_FRAGMENT } from '../../src/kernel/layout.ts';
import { putInput, putReadTime } from '../kernel/kernels.ts';
import { contextOf } from './context.ts';

/** What a transform counted. */
export class Counts {
  readonly kept: Record<string, number> = {};
  readonly dropped: Record<string, readonly [records: number, rawBytes: number]> = {};

  readonly context = contextOf({
    kept: (reason, records) => {
      this.kept[reason] = records;
    },
    dropped: (reason, records, rawBytes) => {
      this.dropped[reason] = [records, rawBytes];
    },
  });
}

/** A batch of one row per message. */
export function batchOf(kernel: Kernel, messages: readonly (string | Uint8Array)[]): Batch {
  const batch = new Batch(kernel);
  batch.reset();
  const parts = messages.map((message) => Buffer.from(message));
  let at = putInput(kernel, Buffer.concat(parts), 0);
  for (const [row, { length }] of parts.entries()) {
    kernel.table.setLine(row, at, at + length);
    kernel.table.setTime(row, ...putReadTime(kernel));
    kernel.table.setMessage(row, at, length);
    kernel.table.setFlags(row, 0);
    kernel.table.setRawBytes(row, length + 1);
    kernel.table.setOffset(row, 0);
    kernel.table.setExtra(row, 0, 0);
    at += length;
  }
  batch.rowCount = parts.length;
  return batch;
}

/** A row's extra members as text. */
export function extraOf(batch: Batch, row: number): string {
  const start = batch.table.extraStart(row);
  return batch.kernel.memory.toString('utf8', start, start + batch.table.extraLength(row));
}

/** Gives a row members, as an earlier transform would. */
export function setExtra({ table, kernel, arena }: Batch, row: number, members: string): void {
  const bytes = Buffer.from(members);
  const at = arena.alloc(bytes.length);
  kernel.memory.set(bytes, at);
  table.setExtra(row, at, bytes.length);
}

/** The messages of the records that are left. */
export function messagesOf({ table, kernel, rowCount }: Batch): string[] {
  return Array.from({ length: rowCount }, (_, row) => row)
    .filter((row) => (table.flags(row) & (FLAG_DROPPED | FLAG_FRAGMENT)) === 0)
    .map((row) => {
      const start = table.messageStart(row);
      return kernel.memory.toString('utf8', start, start + table.messageLength(row));
    });
}

/** Gives rows times of their own. */
export function setTimes({ table, kernel, arena }: Batch, times: readonly string[]): void {
  for (const [row, time] of times.entries()) {
    const at = arena.alloc(time.length);
    kernel.memory.write(time, at, 'latin1');
    table.setTime(row, at, time.length);
  }
}
