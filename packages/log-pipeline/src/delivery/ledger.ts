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
  /** The part of what is in flight that stands in the sink's disk buffer. */
  bufferedBytes = 0;
  bufferedRecords = 0;
  /** The part of what was read that an earlier process read, and left in the disk buffer. */
  restoredBytes = 0;
  restoredRecords = 0;
  sentBytes = 0;
  batches = 0;
  unparsedRecords = 0;
  truncatedRecords = 0;
  partialRecords = 0;
  joinedRecords = 0;
  /** Records of several lines that ended because of a limit: their next line began another. */
  cutRecords = 0;
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

  /** In flight already, and now on the disk. */
  buffered(bytes: number, records: number): void {
    this.bufferedBytes += bytes;
    this.bufferedRecords += records;
  }

  /** An earlier process left them in the disk buffer. */
  restored(bytes: number, records: number): void {
    this.restoredBytes += bytes;
    this.restoredRecords += records;
    this.readRecords += records;
    this.read(bytes);
    this.buffered(bytes, records);
  }

  /** They leave the disk buffer; `acked` and `dropped` say where to. */
  unbuffered(bytes: number, records: number): void {
    this.buffered(-bytes, -records);
  }

  /** They stay on the disk, and nobody sends them any more. */
  leftBehind(bytes: number, records: number): void {
    this.unbuffered(bytes, records);
    this.inFlightBytes -= bytes;
    this.readBytes -= bytes;
    this.readRecords -= records;
  }

  /** The reader ends with bytes that nobody acknowledged: another will read them again, and count them then. What
   *  stands in the disk buffer is not read again. */
  handOver(): void {
    this.readBytes -= this.inFlightBytes - this.bufferedBytes;
    this.inFlightBytes = this.bufferedBytes;
    this.readRecords = this.ackedRecords + this.bufferedRecords;
    for (const records of this.droppedRecords.values()) this.readRecords += records;
  }

  lost(reason: string, bytes: number): void {
    add(this.lostBytes, reason, bytes);
  }
}

function add(counts: Map<string, number>, key: string, n: number): void {
  counts.set(key, (counts.get(key) ?? 0) + n);
}
