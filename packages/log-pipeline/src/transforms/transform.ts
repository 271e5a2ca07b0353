/** A step between framing and encoding: it edits the columns of a batch's rows and counts what it does. */
import type { Batch } from '../batch/batch.ts';

/** Where a transform reports; one per transform and lane. Calls are per batch, not per record. */
export interface TransformContext {
  /** Records removed from the batch: the rows are flagged DROPPED already.
   *  @param rawBytes sum of their `rawBytes`, for the ledger */
  dropped(reason: string, records: number, rawBytes: number): void;
  /** Records that it could not handle and left as they were. */
  kept(reason: string, records: number): void;
}

/** Rules for every transform:
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
