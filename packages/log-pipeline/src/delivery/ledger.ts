/** Why bytes that were read did not reach the sink. Transforms add their own reasons. */
export type DropReason = string;

/** What became of every byte that one lane read since the process started. At any moment
 *  read = acked + in flight + the sum of dropped; bytes that vanished unread are `lost`, beside it. */
export class LaneLedger {
  readBytes = 0;
  readRecords = 0;
  ackedBytes = 0;
  ackedRecords = 0;
  inFlightBytes = 0;
  sentBytes = 0;
  batches = 0;
  unparsedRecords = 0;
  truncatedRecords = 0;
  partialRecords = 0;
  joinedRecords = 0;
  readonly droppedBytes = new Map<DropReason, number>();
  readonly droppedRecords = new Map<DropReason, number>();
  readonly lostBytes = new Map<string, number>();

  read(bytes: number): void {
    this.readBytes += bytes;
    this.inFlightBytes += bytes;
  }

  acked(bytes: number, records: number): void {
    this.inFlightBytes -= bytes;
    this.ackedBytes += bytes;
    this.ackedRecords += records;
  }

  dropped(reason: DropReason, bytes: number, records: number): void {
    this.inFlightBytes -= bytes;
    add(this.droppedBytes, reason, bytes);
    if (records > 0) add(this.droppedRecords, reason, records);
  }

  /** The reader ends with bytes that nobody acknowledged: another will read them again, and count them then. */
  handOver(): void {
    this.readBytes -= this.inFlightBytes;
    this.inFlightBytes = 0;
    this.readRecords = this.ackedRecords;
    for (const records of this.droppedRecords.values()) this.readRecords += records;
  }

  lost(reason: string, bytes: number): void {
    add(this.lostBytes, reason, bytes);
  }
}

function add(counts: Map<string, number>, key: string, n: number): void {
  counts.set(key, (counts.get(key) ?? 0) + n);
}
