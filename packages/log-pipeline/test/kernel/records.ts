/** Records for tests of the encoders: every flag, offset and kind of byte. */
import fc from 'fast-check';
import type { Kernel } from '../../src/kernel/kernel.ts';
import { adversarialBytes } from './adversarial-bytes.ts';

export const TIME = '2026-11-21T10:00:00.123456789Z';

export interface TestRecord {
  readonly message: Uint8Array;
  readonly flags?: number;
  readonly offset?: number;
  readonly extra?: string;
}

/** Lays the records' bytes into the input (the last one ends at the region's end) and their rows into the table. */
export function putRecords(kernel: Kernel, records: readonly TestRecord[]): void {
  const { memory, table, regions } = kernel;
  const arena = kernel.arena;
  arena.reset();
  const time = arena.alloc(TIME.length);
  memory.write(TIME, time, 'latin1');
  let at = regions.input.end - records.reduce((sum, record) => sum + record.message.length, 0);
  for (const [row, { message, flags = 0, offset = 0, extra = '' }] of records.entries()) {
    memory.set(message, at);
    table.setLine(row, at, at + message.length);
    table.setTime(row, time, TIME.length);
    table.setMessage(row, at, message.length);
    table.setFlags(row, flags);
    table.setRawBytes(row, message.length);
    table.setOffset(row, offset);
    const extraBytes = Buffer.from(extra);
    const extraAt = arena.alloc(extraBytes.length);
    memory.set(extraBytes, extraAt);
    table.setExtra(row, extraAt, extraBytes.length);
    at += message.length;
  }
}

const flags = fc.integer({ min: 0, max: 127 });
const offset = fc
  .oneof(
    fc.maxSafeNat(),
    fc.nat({ max: 200_000_000 }),
    fc.constantFrom(0, 9, 10, 99_999_999, 100_000_000, 1e15, 2 ** 53 - 1, 2 ** 48, 1e16 - 1e8),
  )
  .map((value) => Math.min(value, Number.MAX_SAFE_INTEGER));
const extra = fc.oneof(
  { weight: 3, arbitrary: fc.constant('') },
  {
    weight: 1,
    arbitrary: fc
      .dictionary(fc.stringMatching(/^x[a-z]{1,9}$/), fc.oneof(fc.string(), fc.integer(), fc.constant(null)), {
        maxKeys: 5,
      })
      .map((object) => JSON.stringify(object).slice(1, -1)),
  },
);
export const testRecord: fc.Arbitrary<TestRecord> = fc.record({ message: adversarialBytes, flags, offset, extra });
