/** A record that a transform took out of its batch: a copy, for the batch's memory is used again. */
import type { Batch } from '../batch/batch.ts';
import type { Hold } from '../delivery/progress.ts';
import { FLAG_DROPPED } from '../kernel/layout.ts';
import type { KeptRecord } from '../transforms/transform.ts';
import type { LogCursor } from './log-cursor.ts';

export class LaneRecord implements KeptRecord {
  readonly cursor: LogCursor;
  /** Keeps the checkpoint before it. */
  readonly hold: Hold;
  readonly #time: Buffer;
  readonly #message: Buffer;
  readonly #extra: Buffer;
  readonly #flags: number;
  readonly #offset: number;
  readonly rawBytes: number;
  readonly #dropped: (record: LaneRecord, reason: string) => void;

  /** @param hold one use of it is the record's own
   *  @param dropped what `drop` leads to */
  constructor(
    { table, kernel }: Batch,
    row: number,
    cursor: LogCursor,
    hold: Hold,
    dropped: (record: LaneRecord, reason: string) => void,
  ) {
    const copy = (start: number, length: number): Buffer => Buffer.from(kernel.memory.subarray(start, start + length));
    this.cursor = cursor;
    this.hold = hold;
    this.#time = copy(table.timeStart(row), table.timeLength(row));
    this.#message = copy(table.messageStart(row), table.messageLength(row));
    this.#extra = copy(table.extraStart(row), table.extraLength(row));
    this.#flags = table.flags(row) & ~FLAG_DROPPED;
    this.#offset = table.offset(row);
    this.rawBytes = table.rawBytes(row);
    this.#dropped = dropped;
  }

  get heldBytes(): number {
    return this.#time.length + this.#message.length + this.#extra.length;
  }

  drop(reason: string): void {
    this.#dropped(this, reason);
  }

  /** Makes it the only row of a batch.
   *  @returns whether the arena had room */
  restore(batch: Batch): boolean {
    const { table, arena, kernel } = batch;
    batch.reset();
    const at = arena.alloc(this.heldBytes);
    if (at === -1) return false;
    batch.rowCount = 1;
    const messageAt = at + this.#time.length;
    const extraAt = messageAt + this.#message.length;
    for (const [bytes, start] of [
      [this.#time, at],
      [this.#message, messageAt],
      [this.#extra, extraAt],
    ] as const) {
      bytes.copy(kernel.memory, start);
    }
    table.setLine(0, 0, 0);
    table.setTime(0, at, this.#time.length);
    table.setMessage(0, messageAt, this.#message.length);
    table.setExtra(0, extraAt, this.#extra.length);
    table.setFlags(0, this.#flags);
    table.setOffset(0, this.#offset);
    table.setRawBytes(0, this.rawBytes);
    return true;
  }
}
