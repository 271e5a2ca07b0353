import type { Batch } from '../batch/batch.ts';
import type { LaneLedger } from '../delivery/ledger.ts';
import type { RecordShape } from '../encode/group-shape.ts';
import { FLAG_DROPPED } from '../kernel/layout.ts';
import type { ContainerFacts } from '../transforms/transform.ts';
import type { LaneSink, Requests } from './requests.ts';
import type { Slot } from './slot.ts';
import { utcDayOf } from './utc-day.ts';

/** Sees rows `first` up to `end` of the batch; rows flagged DROPPED or FRAGMENT are no records. Called on the
 *  hot path: it takes what it wants and returns. */
export type RecordObserver = (batch: Batch, first: number, end: number, facts: ContainerFacts) => void;

/** What the records of one origin have in common: a generation, or whoever pushed them. */
export interface Origins<Origin> {
  shape(origin: Origin, utcDay: string | undefined): RecordShape;
  facts(origin: Origin): ContainerFacts;
  /** Key of what a shape remembers. */
  key(origin: Origin): object;
}

/** Packs rows of a lane's batch into its requests, as many as fit; one that none has room for is dropped. */
export class Packer<Origin> {
  /** Sees records as they leave for the sink, transforms applied. */
  observer: RecordObserver | undefined;
  readonly #batch: Batch;
  readonly #requests: Requests;
  readonly #ledger: LaneLedger;
  readonly #origins: Origins<Origin>;
  readonly #perUtcDay: boolean;

  constructor(
    batch: Batch,
    requests: Requests,
    ledger: LaneLedger,
    { perUtcDay }: Pick<LaneSink, 'perUtcDay'>,
    origins: Origins<Origin>,
  ) {
    this.#batch = batch;
    this.#requests = requests;
    this.#ledger = ledger;
    this.#origins = origins;
    this.#perUtcDay = perUtcDay;
  }

  /** @param pending all of one origin; `next` moves behind what is packed
   *  @returns whether the slot has records of it */
  pack(slot: Slot, pending: { readonly rows: number; next: number }, origin: Origin): boolean {
    const before = slot.records;
    while (pending.next < pending.rows && !slot.isFull) {
      const first = pending.next;
      const utcDay = this.#perUtcDay ? this.#dayOf(first) : undefined;
      const end = utcDay === undefined ? pending.rows : this.#endOfDay(utcDay, first, pending.rows);
      const shape = this.#origins.shape(origin, utcDay);
      const next = this.#requests.write(slot, shape, first, end, this.#origins.key(origin));
      if (next < end && slot.records === 0) {
        this.#dropTooLarge(next);
        continue;
      }
      pending.next = next;
      this.observer?.(this.#batch, first, next, this.#origins.facts(origin));
      if (next < end) break;
    }
    return slot.records > before;
  }

  #dayOf(row: number): string {
    const { table, kernel } = this.#batch;
    return utcDayOf(kernel.memory, table, row);
  }

  #endOfDay(day: string, first: number, rows: number): number {
    let end = first + 1;
    while (end < rows && this.#dayOf(end) === day) end++;
    return end;
  }

  /** A record that not even an empty slot has room for would be tried for ever. */
  #dropTooLarge(row: number): void {
    const { table } = this.#batch;
    table.setFlags(row, table.flags(row) | FLAG_DROPPED);
    this.#ledger.dropped('record_too_large', table.rawBytes(row), 1);
  }
}
