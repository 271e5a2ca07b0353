import type { Clock } from '@vigie/core/clock';
import type { Batch } from '../batch/batch.ts';
import type { LaneLedger } from '../delivery/ledger.ts';
import type { Hold } from '../delivery/progress.ts';
import { FLAG_DROPPED } from '../kernel/layout.ts';
import type { ContainerLog } from '../tail/generation.ts';
import type { ContainerFacts, Transform } from '../transforms/transform.ts';
import { LaneRecord } from './kept-record.ts';
import type { LogCursor } from './log-cursor.ts';
import { type PendingRows, singleRow } from './pending-rows.ts';

export interface NamedTransform {
  readonly name: string;
  readonly transform: Transform;
}

export interface TransformReports {
  /** Records that it left as they were. */
  transformKept(transform: string, reason: string, records: number): void;
}

export interface TransformChainDeps {
  readonly clock: Clock;
  readonly transforms: readonly NamedTransform[];
  readonly ledger: LaneLedger;
  readonly facts: (log: ContainerLog) => ContainerFacts;
  readonly reports: TransformReports;
}

const NONE_PLANNED: readonly NamedTransform[] = [];

/** The transforms that a lane's records pass one after the other, and the records that one of them keeps back for the
 *  others to see later. */
export class TransformChain {
  readonly #batch: Batch;
  readonly #deps: TransformChainDeps;
  readonly #release: (hold: Hold) => void;
  #kept = 0;

  /** @param release gives up a use of a hold */
  constructor(batch: Batch, deps: TransformChainDeps, release: (hold: Hold) => void) {
    this.#batch = batch;
    this.#deps = deps;
    this.#release = release;
  }

  /** Records that are kept back. */
  get kept(): number {
    return this.#kept;
  }

  /** When `next` may have one of them, monotonic; Infinity while there is none. */
  get dueMs(): number {
    let dueMs = Infinity;
    if (this.#kept === 0) return dueMs;
    for (const { transform } of this.#deps.transforms) dueMs = Math.min(dueMs, transform.keeping?.dueMs ?? Infinity);
    return dueMs;
  }

  /** @param planned before the lane's own, for this log
   *  Cost: objects per transform and batch, none per record */
  apply({ cursor, hold }: PendingRows, planned: readonly NamedTransform[]): void {
    this.#apply(cursor, hold, planned, 0);
  }

  /** @param all nothing more will be read: whatever is kept is due
   *  @returns a record that goes on now, the only row of the batch; the transforms behind the one that kept it have seen
   *  it */
  next(nowMs: number, all: boolean): PendingRows | undefined {
    if (this.#kept === 0) return undefined;
    for (const [index, { transform }] of this.#deps.transforms.entries()) {
      const { keeping } = transform;
      if (keeping === undefined || (keeping.dueMs > nowMs && !all)) continue;
      const record = keeping.next(nowMs, all);
      if (!(record instanceof LaneRecord)) continue;
      if (!record.restore(this.#batch)) {
        record.drop('record_too_large');
        continue;
      }
      this.#kept--;
      keeping.restored(this.#batch);
      this.#apply(record.cursor, record.hold, NONE_PLANNED, index + 1);
      return singleRow(record.cursor, record.hold);
    }
    return undefined;
  }

  /** @param from of the lane's own: the first that sees the batch */
  #apply(cursor: LogCursor, hold: Hold, planned: readonly NamedTransform[], from: number): void {
    const { clock, reports, ledger } = this.#deps;
    const own = from === 0 ? this.#deps.transforms : this.#deps.transforms.slice(from);
    const transforms = planned.length === 0 ? own : [...planned, ...own];
    if (transforms.length === 0) return;
    const { log } = cursor;
    let facts: ContainerFacts | undefined;
    const factsNow = (): ContainerFacts => {
      facts ??= this.#deps.facts(log);
      return facts;
    };
    const times = { nowMs: clock.monotonicMs(), wallMs: clock.nowMs() };
    for (const { name, transform } of transforms) {
      transform.apply(this.#batch, {
        ...times,
        log,
        get facts() {
          return factsNow();
        },
        dropped: (reason, records, rawBytes) => ledger.dropped(reason, rawBytes, records),
        kept: (reason, records) => reports.transformKept(name, reason, records),
        keepBack: (row) => this.#keepBack(cursor, hold, row),
      });
    }
  }

  #keepBack(cursor: LogCursor, hold: Hold, row: number): LaneRecord {
    const { table } = this.#batch;
    hold.users++;
    this.#kept++;
    table.setFlags(row, table.flags(row) | FLAG_DROPPED);
    return new LaneRecord(this.#batch, row, cursor, hold, (record, reason) => {
      this.#kept--;
      this.#deps.ledger.dropped(reason, record.rawBytes, 1);
      this.#release(record.hold);
    });
  }
}
