import type { Hold } from '../delivery/progress.ts';
import type { ContainerLog } from '../tail/generation.ts';

/** Records one request may carry: at 64 bytes each, the least a document takes, 4 MiB hold as many. */
export const MAX_SLOT_RECORDS = 65_536;

/** One request under construction or in flight: a region of kernel memory and what it stands for. A free
 *  slot is the credit without which nothing is read. */
export class Slot {
  readonly start: number;
  /** No further record begins beyond here. */
  readonly softEnd: number;
  readonly hardEnd: number;
  bytes = 0;
  /** Length of the lines in it: more than `bytes` where they are deflated. */
  plainBytes = 0;
  records = 0;
  /** Input bytes of all records in it. */
  inputBytes = 0;
  firstAtMs = 0;
  /** Input bytes record by record, for those that the sink refuses. */
  readonly recordBytes = new Uint32Array(MAX_SLOT_RECORDS);
  holds: Hold[] = [];
  /** Whose records are in it, where a log's records must not overtake each other. */
  readonly logs = new Set<ContainerLog>();

  readonly plainLimitBytes: number;

  /** @param plainLimitBytes lines that a request may hold in all, deflated or not */
  constructor(start: number, softEnd: number, hardEnd: number, plainLimitBytes: number) {
    this.start = start;
    this.softEnd = softEnd;
    this.hardEnd = hardEnd;
    this.plainLimitBytes = plainLimitBytes;
  }

  get isFull(): boolean {
    if (this.plainBytes >= this.plainLimitBytes) return true;
    return this.start + this.bytes >= this.softEnd || this.records === MAX_SLOT_RECORDS;
  }

  add(recordBytes: number): void {
    this.recordBytes[this.records++] = recordBytes;
    this.inputBytes += recordBytes;
  }

  clear(): void {
    this.bytes = 0;
    this.plainBytes = 0;
    this.records = 0;
    this.inputBytes = 0;
    this.holds = [];
  }
}
