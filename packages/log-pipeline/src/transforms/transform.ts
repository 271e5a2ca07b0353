/** A step between framing and encoding: it edits the columns of a batch's rows and counts what it does. */
import type { Batch } from '../batch/batch.ts';
import type { RecordFacts } from '../encode/document.ts';

/** What is known of the container that wrote a batch. */
export type ContainerFacts = Omit<RecordFacts, 'idPrefix'>;

/** What a transform sees beside the batch, and where it reports. A batch is of one container log; calls are per batch,
 *  not per record. Valid until `apply` returns. */
export interface TransformContext {
  /** Of the container whose records these are; computed when first asked for. */
  readonly facts: ContainerFacts;
  /** The container log: key for state per container, in a WeakMap. */
  readonly log: object;
  /** Monotonic. */
  readonly nowMs: number;
  /** Unix time. */
  readonly wallMs: number;
  /** Records removed from the batch: the rows are flagged DROPPED already.
   *  @param rawBytes sum of their `rawBytes`, for the ledger */
  dropped(reason: string, records: number, rawBytes: number): void;
  /** Records that it could not handle and left as they were. */
  kept(reason: string, records: number): void;
  /** Takes a record out of its batch: the row is flagged DROPPED and nothing is counted, the checkpoint stays before it.
   *  It goes on by `Keeping.next`, or is dropped. Absent where records were pushed: there is no file to read them from
   *  again, and their sender waits. */
  readonly keepBack?: ((row: number) => KeptRecord) | undefined;
}

/** A record out of its batch. */
export interface KeptRecord {
  /** Memory that it takes. */
  readonly heldBytes: number;
  /** Gives it up, and counts it. */
  drop(reason: string): void;
}

/** Of a transform that keeps records back. */
export interface Keeping {
  /** When `next` is to be asked, monotonic; Infinity while none is kept. */
  readonly dueMs: number;
  /** @param all nothing more will be read: whatever is kept is due
   *  @returns a record that is to go on now; it is the transform's no longer */
  next(nowMs: number, all: boolean): KeptRecord | undefined;
  /** That record is row 0 of the batch, the only one: its last chance to change it. */
  restored(batch: Batch): void;
}

/** Rules for every transform:
 *  - an instance belongs to one lane, and so does what it remembers;
 *  - rows flagged DROPPED or FRAGMENT are not touched;
 *  - a record is changed by pointing its columns elsewhere, never by writing over input bytes: the input's tail is the
 *    head of the next batch;
 *  - new bytes come from `batch.arena`; when that is full the record stays as it was and is counted;
 *  - it never throws on what a record holds. */
export interface Transform {
  readonly type: string;
  apply(batch: Batch, context: TransformContext): void;
  readonly keeping?: Keeping | undefined;
}

/** Bound of what one transform may add to a record's members, for whoever sizes memory: text that was ill-formed triples,
 *  and a target's name and braces come around it. */
export function addedMembersBound(messageBytes: number): number {
  return 3 * messageBytes + 4096;
}
