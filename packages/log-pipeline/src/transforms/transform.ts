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
}

/** Bound of what one transform may add to a record's members, for whoever sizes memory: text that was ill-formed triples,
 *  and a target's name and braces come around it. */
export function addedMembersBound(messageBytes: number): number {
  return 3 * messageBytes + 4096;
}
