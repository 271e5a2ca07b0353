/** Where everything lies in one kernel's memory. Sizes are fixed at creation: the memory never grows, so views and
 *  buffers handed to the kernel's callers never detach, and pages nobody touches cost nothing. */
import { PROGRAM_BYTES, ROW_BYTES, SHAPE_SLOT_BYTES, SHAPE_SLOTS, SLACK_BYTES, STATE_BYTES } from './layout.ts';

/** `end` is one past the last byte a caller may use; SLACK_BYTES behind it belong to nobody. */
export interface Region {
  readonly start: number;
  readonly end: number;
}

export interface KernelSizes {
  /** One read goes straight in here, behind what the last one left unconsumed. */
  readonly inputBytes: number;
  readonly maxRows: number;
  readonly arenaBytes: number;
  /** Output bodies in flight. */
  readonly slots: number;
  readonly slotBytes: number;
}

export interface KernelRegions {
  /** SHAPE_SLOTS places for loaded shapes, SHAPE_SLOT_BYTES each. */
  readonly shapes: readonly Region[];
  /** The RFC 3339 time at which the current batch was read, for lines that carry none. */
  readonly readTime: Region;
  readonly input: Region;
  readonly table: Region;
  readonly arena: Region;
  /** What transforms load once and keep: extractors. */
  readonly programs: Region;
  readonly slots: readonly Region[];
  readonly totalBytes: number;
}

/** Longest is `2026-11-21T10:00:00.123456789+00:00`, 35 bytes. */
const READ_TIME_BYTES = 64;
const PAGE_BYTES = 65_536;
/** No pointer has the top bit set, so that none turns negative wherever it is taken for signed. */
export const MAX_KERNEL_BYTES = 2 ** 31;

/** Lays the regions out one behind another, each aligned to 64 bytes and followed by the slack.
 *  @throws {RangeError} when they would take more than 2 GiB */
export function layOut(sizes: KernelSizes): KernelRegions {
  const regions = regionsOf(sizes);
  const { totalBytes } = regions;
  if (totalBytes > MAX_KERNEL_BYTES) {
    throw new RangeError(`kernel memory would take ${totalBytes} bytes, at most ${MAX_KERNEL_BYTES} are allowed`);
  }
  return regions;
}

/** What a kernel of these sizes takes; it can be made where that is MAX_KERNEL_BYTES at most. */
export function kernelBytes(sizes: KernelSizes): number {
  return regionsOf(sizes).totalBytes;
}

function regionsOf(sizes: KernelSizes): KernelRegions {
  let next = STATE_BYTES;
  const take = (bytes: number): Region => {
    const start = next;
    next = Math.ceil((start + bytes + SLACK_BYTES) / 64) * 64;
    return { start, end: start + bytes };
  };
  const takeEach = (count: number, bytes: number) => Array.from({ length: count }, () => take(bytes));
  const regions = {
    shapes: takeEach(SHAPE_SLOTS, SHAPE_SLOT_BYTES),
    readTime: take(READ_TIME_BYTES),
    input: take(sizes.inputBytes),
    table: take(sizes.maxRows * ROW_BYTES),
    arena: take(sizes.arenaBytes),
    programs: take(PROGRAM_BYTES),
    slots: takeEach(sizes.slots, sizes.slotBytes),
  };
  const totalBytes = Math.ceil(next / PAGE_BYTES) * PAGE_BYTES;
  return { ...regions, totalBytes };
}
