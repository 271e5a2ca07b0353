/** One file of a buffer, as it is known in memory. */
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { decodeEntryHead, decodeSegmentHeader, type EntryHead, MAX_SEGMENT_HEADER_BYTES } from './entry.ts';
import { type BufferFs, readUpTo } from './fs.ts';

/** Records, and the input they stand for. */
export interface Held {
  readonly records: number;
  readonly bytes: number;
}

/** Held records by source. */
export class HeldCounts {
  readonly #bySource = new Map<string, Held>();

  get sources(): Iterable<[string, Held]> {
    return this.#bySource;
  }

  get records(): number {
    let records = 0;
    for (const held of this.#bySource.values()) records += held.records;
    return records;
  }

  get isEmpty(): boolean {
    return this.#bySource.size === 0;
  }

  of(source: string): Held {
    return this.#bySource.get(source) ?? NOTHING;
  }

  add(source: string, { records, bytes }: Held): void {
    const before = this.of(source);
    const after = { records: before.records + records, bytes: before.bytes + bytes };
    if (after.records === 0 && after.bytes === 0) this.#bySource.delete(source);
    else this.#bySource.set(source, after);
  }

  /** @returns all there was; nothing is left */
  take(): readonly [string, Held][] {
    const all = [...this.#bySource];
    this.#bySource.clear();
    return all;
  }

  subtract(source: string, { records, bytes }: Held): void {
    this.add(source, { records: -records, bytes: -bytes });
  }
}

const NOTHING: Held = { records: 0, bytes: 0 };

export class Segment {
  readonly number: number;
  readonly bodyKind: string;
  /** Bytes that are on the disk for sure; entries end exactly here. */
  sizeBytes: number;
  /** First byte that is not given to the drainer yet. */
  readOffset: number;
  /** Nothing will be added. */
  sealed: boolean;
  /** Being read, or entries of it being delivered: it cannot be dropped. */
  pins = 0;
  /** When its first entry was appended, Unix ms. */
  firstAtMs: number | undefined;
  /** Neither delivered nor dropped. */
  readonly held = new HeldCounts();
  /** Where entries begin that are dealt with, while one before them may not be. */
  readonly passed = new Set<number>();

  constructor(number: number, bodyKind: string, headerBytes: number, sealed: boolean) {
    this.number = number;
    this.bodyKind = bodyKind;
    this.sizeBytes = headerBytes;
    this.readOffset = headerBytes;
    this.sealed = sealed;
  }

  get fileName(): string {
    return segmentName(this.number);
  }

  get isDrained(): boolean {
    return this.readOffset >= this.sizeBytes && this.held.isEmpty && this.pins === 0;
  }
}

const NAME = /^(\d{12})\.segment$/;

export function segmentPath(folder: string, number: number): string {
  return join(folder, segmentName(number));
}

function segmentName(number: number): string {
  return `${String(number).padStart(12, '0')}.segment`;
}

/** @returns undefined for a file that is no segment */
export function segmentNumber(name: string): number | undefined {
  const match = NAME.exec(name);
  return match === null ? undefined : Number(match[1]);
}

export type Recovered =
  | { readonly status: 'ok'; readonly segment: Segment; readonly fileBytes: number }
  | { readonly status: 'damaged'; readonly fileBytes: number }
  | { readonly status: 'newer'; readonly version: number };

const WINDOW_BYTES = 64 * 1024;

/** Reads an existing segment's heads: what it holds beyond `drainedTo`.
 *  @param isLast its end may be torn, and entries that nobody waited for be in the page cache alone
 *  @returns a sealed segment up to its first damaged byte */
export async function recoverSegment(
  fs: BufferFs,
  folder: string,
  number: number,
  drainedTo: number,
  isLast: boolean,
): Promise<Recovered> {
  const file = await fs.open(segmentPath(folder, number), 'r');
  try {
    const { size: fileBytes } = await file.stat();
    const header = decodeSegmentHeader(await readUpTo(file, 0, MAX_SEGMENT_HEADER_BYTES));
    if (header.status === 'newer') return header;
    if (header.status === 'damaged') return { status: 'damaged', fileBytes };
    if (isLast) await file.sync();
    const segment = new Segment(number, header.bodyKind, header.headerBytes, true);
    let windowStart = 0;
    let window: Buffer = Buffer.alloc(0);
    const view = async (at: number, length: number): Promise<Buffer> => {
      if (at < windowStart || at + length > windowStart + window.length) {
        window = await readUpTo(file, at, Math.max(length, WINDOW_BYTES));
        windowStart = at;
      }
      return window.subarray(at - windowStart, at - windowStart + length);
    };
    for (let at = segment.sizeBytes; at < fileBytes; ) {
      const head = await readHead(view, at);
      if (head === undefined) break;
      const end = at + head.headBytes + head.bodyBytes;
      if (end > fileBytes) break;
      if (isLast && crc32(await view(at + head.headBytes, head.bodyBytes)) !== head.bodyCrc) break;
      if (end <= drainedTo) segment.readOffset = end;
      else {
        segment.firstAtMs ??= head.appendedAtMs;
        segment.held.add(head.source, { records: head.records, bytes: head.inputBytes });
      }
      segment.sizeBytes = end;
      at = end;
    }
    return { status: 'ok', segment, fileBytes };
  } finally {
    await file.close();
  }
}

/** Most heads are smaller. */
const HEAD_GUESS_BYTES = 4096;

/** @returns undefined where no undamaged head stands */
async function readHead(
  view: (at: number, length: number) => Promise<Buffer>,
  at: number,
): Promise<EntryHead | undefined> {
  let decoded = decodeEntryHead(await view(at, HEAD_GUESS_BYTES));
  if (decoded.status === 'short' && decoded.neededBytes > HEAD_GUESS_BYTES) {
    decoded = decodeEntryHead(await view(at, decoded.neededBytes));
  }
  return decoded.status === 'ok' ? decoded.head : undefined;
}
