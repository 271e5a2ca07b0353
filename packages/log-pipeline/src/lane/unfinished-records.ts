import type { Batch } from '../batch/batch.ts';
import type { LaneLedger } from '../delivery/ledger.ts';
import { writePartial } from '../framing/join.ts';
import { FLAG_PARTIAL, FLAG_STDERR, FLAG_TRUNCATED } from '../kernel/layout.ts';
import { type Multiline, writeOpenRecord } from '../multiline/join-lines.ts';
import type { LogCursor } from './log-cursor.ts';
import { type PendingRows, singleRow } from './pending-rows.ts';
import type { Turns } from './turns.ts';

export interface UnfinishedOptions {
  /** Nothing more will come: they end at once. */
  readonly once: boolean;
  /** How long a record's next fragment is waited for. */
  readonly partialTimeoutMs: number;
  /** How lines become records where a log's plan does not say. */
  readonly multiline?: Multiline | undefined;
}

/** Records whose end was not read yet, fragments of a line or lines of a record: which logs have some, and a row of its
 *  own for what has waited long enough. */
export class UnfinishedRecords {
  readonly #batch: Batch;
  readonly #ledger: LaneLedger;
  readonly #options: UnfinishedOptions;
  readonly #cursors = new Set<LogCursor>();

  constructor(batch: Batch, ledger: LaneLedger, options: UnfinishedOptions) {
    this.#batch = batch;
    this.#ledger = ledger;
    this.#options = options;
  }

  /** Logs that have some. */
  get logs(): number {
    return this.#cursors.size;
  }

  /** It was read just now. */
  look(cursor: LogCursor): void {
    if (cursor.isWaiting) this.#cursors.add(cursor);
  }

  remove(cursor: LogCursor): void {
    this.#cursors.delete(cursor);
  }

  /** @returns one that has waited for too long, the only row of the batch; its log has nothing underway */
  next(nowMs: number, turns: Pick<Turns, 'isUnderway'>): PendingRows | undefined {
    for (const cursor of this.#cursors) {
      if (turns.isUnderway(cursor.log)) continue;
      const pending = this.#expired(cursor, nowMs);
      if (pending !== undefined) return pending;
      if (!cursor.isWaiting) this.#cursors.delete(cursor);
    }
    return undefined;
  }

  /** @returns fragments of which the rest is lost, the only row of the batch */
  interrupted(cursor: LogCursor): PendingRows | undefined {
    const { interrupted } = cursor.partials;
    return interrupted === undefined ? undefined : this.#endPartial(cursor, interrupted);
  }

  /** Of a log that is behind, the next line may be there already. */
  #expired(cursor: LogCursor, nowMs: number): PendingRows | undefined {
    const { once, partialTimeoutMs, multiline } = this.#options;
    const partial = cursor.partials.expired(once ? nowMs : nowMs - partialTimeoutMs);
    if (partial !== undefined) return this.#endPartial(cursor, partial);
    if (cursor.open.isEmpty) return undefined;
    const timeoutMs = once ? 0 : ((cursor.plan?.multiline ?? multiline)?.timeoutMs ?? 0);
    const open = cursor.open.expired(nowMs - timeoutMs);
    if (open === undefined || cursor.unreadBytes() > 0) return undefined;
    return this.#endOpen(cursor, open);
  }

  #endPartial(cursor: LogCursor, stderr: boolean): PendingRows | undefined {
    const partial = cursor.partials.get(stderr);
    if (partial === undefined) return undefined;
    const { kernel } = this.#batch;
    this.#batch.reset();
    this.#batch.rowCount = 1;
    writePartial(kernel, 0, partial.bytes.subarray(0, partial.length), partial.time);
    kernel.table.setLine(0, 0, 0);
    kernel.table.setExtra(0, 0, 0);
    kernel.table.setOffset(0, partial.offset);
    kernel.table.setRawBytes(0, partial.rawBytes);
    kernel.table.setFlags(0, FLAG_PARTIAL | (stderr ? FLAG_STDERR : 0) | (partial.truncated ? FLAG_TRUNCATED : 0));
    cursor.partials.close(stderr);
    this.#ledger.partialRecords++;
    this.#ledger.readRecords++;
    return singleRow(cursor, partial.hold);
  }

  #endOpen(cursor: LogCursor, stderr: boolean): PendingRows | undefined {
    const record = cursor.open.take(stderr);
    if (record === undefined) return undefined;
    this.#batch.reset();
    this.#batch.rowCount = 1;
    writeOpenRecord(this.#batch.kernel, 0, record);
    this.#ledger.readRecords++;
    return singleRow(cursor, record.hold);
  }
}
