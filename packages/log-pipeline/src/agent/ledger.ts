import type { RunningLane } from './lane-runtime.ts';

/** One entry of /ledger: what became of every byte one sink's lane read from one source, since the start.
 *  readBytes = ackedBytes + inFlightBytes + the sum of droppedBytes. */
export interface LedgerEntry {
  readonly source: string;
  readonly sink: string;
  readonly readBytes: number;
  readonly ackedBytes: number;
  readonly inFlightBytes: number;
  /** The part of what is in flight that stands in the sink's disk buffer. */
  readonly bufferedBytes: number;
  readonly bufferedRecords: number;
  /** The part of what was read that an earlier process read, and left in the disk buffer. */
  readonly restoredBytes: number;
  readonly restoredRecords: number;
  readonly droppedBytes: Readonly<Record<string, number>>;
  readonly lostBytes: Readonly<Record<string, number>>;
  readonly readRecords: number;
  readonly ackedRecords: number;
  readonly droppedRecords: Readonly<Record<string, number>>;
  readonly unparsedRecords: number;
  readonly truncatedRecords: number;
  readonly partialRecords: number;
  readonly joinedRecords: number;
  readonly sentBytes: number;
  readonly batches: number;
  /** Bytes there are that the sink has not acknowledged. */
  readonly lagBytes: number;
  /** Bytes there are that were not read. */
  readonly unreadBytes: number;
}

export function ledgerOf(lane: RunningLane['lane']): LedgerEntry {
  const { ledger } = lane;
  let lagBytes = 0;
  let unreadBytes = 0;
  for (const cursor of lane.cursors) {
    lagBytes += cursor.lagBytes();
    unreadBytes += cursor.unreadBytes();
  }
  return {
    source: lane.source,
    sink: lane.sink,
    readBytes: ledger.readBytes,
    ackedBytes: ledger.ackedBytes,
    inFlightBytes: ledger.inFlightBytes,
    bufferedBytes: ledger.bufferedBytes,
    bufferedRecords: ledger.bufferedRecords,
    restoredBytes: ledger.restoredBytes,
    restoredRecords: ledger.restoredRecords,
    droppedBytes: Object.fromEntries(ledger.droppedBytes),
    lostBytes: Object.fromEntries(ledger.lostBytes),
    readRecords: ledger.readRecords,
    ackedRecords: ledger.ackedRecords,
    droppedRecords: Object.fromEntries(ledger.droppedRecords),
    unparsedRecords: ledger.unparsedRecords,
    truncatedRecords: ledger.truncatedRecords,
    partialRecords: ledger.partialRecords,
    joinedRecords: ledger.joinedRecords,
    sentBytes: ledger.sentBytes,
    batches: ledger.batches,
    lagBytes,
    unreadBytes,
  };
}
