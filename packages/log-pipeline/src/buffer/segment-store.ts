/** The segment files of one buffer: appended to at one end, read from the other, removed when they are drained. */
import { crc32 } from 'node:zlib';
import type { Clock } from '@vigie/core/clock';
import { coalesce } from '@vigie/core/coalesce';
import { cutFile, syncFolder, writeWhole } from '@vigie/core/durable-files';
import { errorCode, VigieError } from '@vigie/core/errors';
import {
  type BufferedBody,
  decodeEntryHead,
  type EntryHead,
  encodeEntryHead,
  encodeSegmentHeader,
  isFiller,
} from './entry.ts';
import { type BufferFile, type BufferFs, readUpTo } from './fs.ts';
import { POSITION_NAME, type Position, readPosition, writePosition } from './position.ts';
import { recoverSegment } from './recovery.ts';
import { type Held, HeldCounts, Segment, segmentNumber, segmentPath } from './segment.ts';
import { FileView, stretches } from './stretches.ts';

export interface StoreDeps {
  readonly fs: BufferFs;
  readonly clock: Clock;
  readonly reports: StoreReports;
}

export interface StoreReports {
  /** `torn`: the end of what a process wrote when it was killed; nobody was told that it is there. `corrupt`:
   *  entries that were there and cannot be read any more. */
  damaged(kind: 'torn' | 'corrupt', file: string, bytes: number): void;
  /** What is on the disk stays valid; it is tried again. */
  failed(operation: 'append' | 'read' | 'position' | 'remove', error: unknown): void;
}

export type NextEntry =
  | {
      readonly status: 'entry';
      readonly head: EntryHead;
      /** Encoded; for decodeRecordBytes. */
      readonly headBytes: Buffer;
      readonly body: Buffer;
      readonly start: number;
      readonly end: number;
    }
  /** The body is not what was written. */
  | { readonly status: 'corrupt'; readonly head: EntryHead; readonly end: number }
  /** Nothing up to there is an entry, and it has been told. */
  | { readonly status: 'gap'; readonly end: number }
  /** No head can be made out any more. */
  | { readonly status: 'unreadable' };

/** The one that is appended to. */
interface ActiveSegment {
  readonly segment: Segment;
  readonly file: BufferFile;
  /** Beyond the segment's own size nothing is on the disk for sure. */
  writtenBytes: number;
}

/** A segment has at most this share of the buffer's limit, so that dropping the oldest drops a little. */
const SEGMENT_SHARE = 1 / 8;
const MAX_SEGMENT_BYTES = 64 * 1024 * 1024;
/** Read with an entry's head: smaller bodies come in one read. */
const FIRST_READ_BYTES = 64 * 1024;

export class SegmentStore {
  readonly folder: string;
  readonly #deps: StoreDeps;
  /** Ascending. */
  readonly #segments: Segment[];
  #nextNumber: number;
  #active: ActiveSegment | undefined;
  #reading: { readonly segment: Segment; readonly file: BufferFile } | undefined;
  /** Drained or dropped, still on the disk. */
  #removable: Segment[] = [];
  #writtenPosition: Position | undefined;
  readonly #oldestUndelivered: () => Position | undefined;
  #isSettled = true;
  /** Writes the position, then removes what lies before it. */
  readonly settle = coalesce(() => this.#settle());

  private constructor(
    folder: string,
    segments: Segment[],
    nextNumber: number,
    position: Position | undefined,
    oldestUndelivered: () => Position | undefined,
    deps: StoreDeps,
  ) {
    this.folder = folder;
    this.#segments = segments;
    this.#nextNumber = nextNumber;
    this.#writtenPosition = position;
    this.#oldestUndelivered = oldestUndelivered;
    this.#deps = deps;
  }

  /** @param bodyKind of the sink
   *  @param oldestUndelivered where the oldest entry that is on its way begins; undefined when none is
   *  @throws {VigieError} BUFFER_VERSION; what the file system throws */
  static async open(
    folder: string,
    bodyKind: string,
    oldestUndelivered: () => Position | undefined,
    deps: StoreDeps,
  ): Promise<SegmentStore> {
    const { fs, reports } = deps;
    await fs.mkdir(folder, { recursive: true });
    const position = await readPosition(fs, folder);
    // A process that was killed may have renamed it without waiting for the disk.
    if (position !== undefined) await syncFolder(fs, folder);
    const numbers = (await fs.readdir(folder)).flatMap((name) => segmentNumber(name) ?? []).sort((a, b) => a - b);
    const segments: Segment[] = [];
    const last = numbers.at(-1);
    for (const number of numbers) {
      const path = segmentPath(folder, number);
      if (position !== undefined && number < position.segment) {
        await fs.unlink(path);
        continue;
      }
      const drainedTo = position?.segment === number ? position.offset : 0;
      const recovered = await recoverSegment(fs, folder, number, { drainedTo, isLast: number === last, bodyKind });
      if (recovered.status === 'newer') {
        throw new VigieError(
          'BUFFER_VERSION',
          `${path} has version ${recovered.version} of the format, this program reads 1; drain it with the newer program`,
        );
      }
      const { segment, damage, fileBytes } = recovered;
      for (const { kind, bytes } of damage) reports.damaged(kind, path, bytes);
      if (segment.isDrained) await fs.unlink(path);
      else {
        if (segment.sizeBytes < fileBytes) await cutFile(fs, path, segment.sizeBytes);
        segments.push(segment);
      }
    }
    const nextNumber = Math.max(last ?? 0, position?.segment ?? 0) + 1;
    return new SegmentStore(folder, segments, nextNumber, position, oldestUndelivered, deps);
  }

  get segments(): readonly Segment[] {
    return this.#segments;
  }

  /** On the disk. */
  get bytes(): number {
    let bytes = 0;
    for (const { sizeBytes } of this.#segments) bytes += sizeBytes;
    for (const { sizeBytes } of this.#removable) bytes += sizeBytes;
    return bytes;
  }

  get isEmpty(): boolean {
    return this.#segments.every(({ isDrained }) => isDrained);
  }

  /** Whether the last `settle` did all there was to do. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  held(): HeldCounts {
    const all = new HeldCounts();
    for (const segment of this.#segments) for (const [source, held] of segment.held.sources) all.add(source, held);
    return all;
  }

  /** Puts entries on the disk, all or some.
   *  @param stored told of each entry, in order, once it is there
   *  @throws what the file system throws: those not told are not there */
  async append(
    entries: readonly BufferedBody[],
    bodyKind: string,
    limitBytes: number,
    stored: (index: number) => void,
  ): Promise<void> {
    const segmentBytes = Math.min(MAX_SEGMENT_BYTES, limitBytes * SEGMENT_SHARE);
    const unsynced: { readonly index: number; readonly held: Held; readonly source: string }[] = [];
    const appendedAtMs = this.#deps.clock.nowMs();
    const sync = async (): Promise<void> => {
      const active = this.#active;
      if (active === undefined || unsynced.length === 0) return;
      await active.file.sync();
      active.segment.sizeBytes = active.writtenBytes;
      active.segment.firstAtMs ??= appendedAtMs;
      for (const { index, held, source } of unsynced.splice(0)) {
        active.segment.held.add(source, held);
        stored(index);
      }
    };
    try {
      for (const [index, entry] of entries.entries()) {
        const head = encodeEntryHead(entry, appendedAtMs);
        const entryBytes = head.length + entry.body.length;
        if (this.#active !== undefined && !this.#hasRoom(this.#active, entryBytes, segmentBytes, bodyKind)) {
          await sync();
          await this.seal();
        }
        this.#active ??= await this.#create(bodyKind);
        const active = this.#active;
        await writeWhole(active.file, head, active.writtenBytes);
        await writeWhole(active.file, entry.body, active.writtenBytes + head.length);
        active.writtenBytes += entryBytes;
        const decoded = decodeEntryHead(head);
        const inputBytes = decoded.status === 'ok' ? decoded.head.inputBytes : 0;
        unsynced.push({ index, source: entry.source, held: { records: entry.records, bytes: inputBytes } });
      }
      await sync();
    } catch (error) {
      await this.#abandon();
      throw error;
    }
  }

  #hasRoom(
    { segment, writtenBytes }: ActiveSegment,
    entryBytes: number,
    segmentBytes: number,
    bodyKind: string,
  ): boolean {
    return segment.bodyKind === bodyKind && writtenBytes + entryBytes <= segmentBytes;
  }

  async #create(bodyKind: string): Promise<ActiveSegment> {
    const { fs } = this.#deps;
    const number = this.#nextNumber;
    const path = segmentPath(this.folder, number);
    const header = encodeSegmentHeader(bodyKind);
    let file: BufferFile | undefined;
    try {
      file = await fs.open(path, 'wx', 0o600);
      await writeWhole(file, header, 0);
      await syncFolder(fs, this.folder);
    } catch (error) {
      await file?.close().catch(() => undefined);
      await fs.unlink(path).catch(() => undefined);
      this.#nextNumber++;
      throw error;
    }
    const segment = new Segment(number, bodyKind, header.length, false);
    this.#segments.push(segment);
    // Not before: the position of an empty buffer is the number that comes next.
    this.#nextNumber++;
    return { segment, file, writtenBytes: header.length };
  }

  /** Nothing more is added to the newest segment. */
  async seal(): Promise<void> {
    const active = this.#active;
    this.#active = undefined;
    if (active === undefined) return;
    active.segment.sealed = true;
    await active.file.close();
    this.collect();
  }

  /** Takes back what is not on the disk for sure, and never writes behind it: after a failed fsync nobody knows what the
   *  disk has. Where even that fails, what is left is found damaged, or is sent twice, after the next start. */
  async #abandon(): Promise<void> {
    const active = this.#active;
    if (active === undefined) return;
    try {
      await active.file.truncate(active.segment.sizeBytes);
      await active.file.sync();
    } catch (error) {
      this.#deps.reports.failed('append', error);
    }
    await this.seal().catch(() => undefined);
  }

  /** The next entry of a segment that has one. The caller has pinned the segment, and moves its readOffset on in the turn
   *  in which the entry is among the undelivered: else the position may pass it by.
   *  @throws what the file system throws */
  async read(segment: Segment): Promise<NextEntry> {
    const start = segment.readOffset;
    if (segment.bodyKind === undefined) return { status: 'unreadable' };
    const gapEnd = segment.gaps.get(start);
    if (gapEnd !== undefined) return { status: 'gap', end: gapEnd };
    const file = await this.#openForRead(segment);
    const leftBytes = segment.sizeBytes - start;
    let bytes = await readUpTo(file, start, Math.min(leftBytes, FIRST_READ_BYTES));
    let decoded = decodeEntryHead(bytes);
    if (decoded.status === 'short' && decoded.neededBytes <= leftBytes) {
      bytes = await readUpTo(file, start, decoded.neededBytes);
      decoded = decodeEntryHead(bytes);
    }
    if (decoded.status !== 'ok') return { status: 'unreadable' };
    const { head } = decoded;
    if (isFiller(head)) return { status: 'gap', end: start + head.headBytes + head.bodyBytes };
    const entryBytes = head.headBytes + head.bodyBytes;
    const end = Math.min(start + entryBytes, segment.sizeBytes);
    if (bytes.length < entryBytes) {
      const rest = await readUpTo(file, start + bytes.length, entryBytes - bytes.length);
      bytes = Buffer.concat([bytes, rest]);
    }
    const body = bytes.subarray(head.headBytes, entryBytes);
    if (body.length < head.bodyBytes || crc32(body) !== head.bodyCrc) return { status: 'corrupt', head, end };
    return { status: 'entry', head, headBytes: bytes.subarray(0, head.headBytes), body, start, end };
  }

  async #openForRead(segment: Segment): Promise<BufferFile> {
    if (this.#reading?.segment === segment) return this.#reading.file;
    await this.#closeRead();
    const file = await this.#deps.fs.open(segmentPath(this.folder, segment.number), 'r');
    this.#reading = { segment, file };
    return file;
  }

  async #closeRead(): Promise<void> {
    const reading = this.#reading;
    this.#reading = undefined;
    await reading?.file.close();
  }

  /** Takes the oldest segment of which nothing is on its way out of the buffer.
   *  @returns what it held; undefined when there is none to drop */
  async dropOldest(): Promise<readonly [string, Held][] | undefined> {
    const oldest = this.#segments.find(({ pins, isDrained }) => pins === 0 && !isDrained);
    if (oldest === undefined) return undefined;
    oldest.readOffset = oldest.sizeBytes;
    const dropped = oldest.held.take();
    if (oldest === this.#active?.segment) await this.seal();
    this.collect();
    return dropped;
  }

  /** What of a segment is still to be read behind a head that cannot be made out.
   *  @param endBytes its size, of which the caller knows what it holds
   *  @returns what entries from there on hold, and the damage to step over
   *  @throws what the file system throws */
  async survey(
    segment: Segment,
    endBytes: number,
  ): Promise<{ readonly held: HeldCounts; readonly damagedBytes: number }> {
    const held = new HeldCounts();
    let damagedBytes = 0;
    const view = new FileView(await this.#openForRead(segment));
    for await (const stretch of stretches(view, segment.readOffset, endBytes)) {
      const { start, end } = stretch;
      if (stretch.kind === 'entry') {
        const { source, records, inputBytes: bytes } = stretch.head;
        if (!segment.passed.has(start)) held.add(source, { records, bytes });
      } else if (!segment.gaps.has(start)) {
        segment.gaps.set(start, end);
        damagedBytes += end - start;
      }
    }
    return { held, damagedBytes };
  }

  /** Whether the file of a segment is not there any more, while the folder is what it was.
   *  @throws what the file system throws */
  async isGone(segment: Segment): Promise<boolean> {
    const names = await this.#deps.fs.readdir(this.folder);
    return !names.includes(segment.fileName) && names.some((name) => name === POSITION_NAME || segmentNumber(name));
  }

  /** Ends a segment of which nothing more is read. */
  async abandon(segment: Segment): Promise<void> {
    if (segment === this.#active?.segment) await this.seal();
    segment.readOffset = segment.sizeBytes;
  }

  /** Sets aside the segments that are drained. */
  collect(): void {
    for (let index = this.#segments.length - 1; index >= 0; index--) {
      const segment = this.#segments[index];
      if (segment === undefined || !segment.sealed || !segment.isDrained) continue;
      this.#segments.splice(index, 1);
      this.#removable.push(segment);
    }
  }

  async #settle(): Promise<void> {
    const { fs, reports } = this.#deps;
    this.#isSettled = true;
    const position = this.#position();
    const removable = this.#removable;
    this.#removable = [];
    if (position.segment !== this.#writtenPosition?.segment || position.offset !== this.#writtenPosition.offset) {
      try {
        await writePosition(fs, this.folder, position);
        this.#writtenPosition = position;
      } catch (error) {
        this.#isSettled = false;
        reports.failed('position', error);
      }
    }
    // Also where the position could not be written: it may be for want of this room.
    for (const segment of removable) {
      try {
        if (this.#reading?.segment === segment) await this.#closeRead();
        await fs.unlink(segmentPath(this.folder, segment.number));
      } catch (error) {
        if (errorCode(error) === 'ENOENT') continue;
        this.#removable.push(segment);
        this.#isSettled = false;
        reports.failed('remove', error);
      }
    }
  }

  #position(): Position {
    const undelivered = this.#oldestUndelivered();
    if (undelivered !== undefined) return undelivered;
    const next = this.#segments.find(({ isDrained }) => !isDrained) ?? this.#segments.at(-1);
    if (next === undefined) return { segment: this.#nextNumber, offset: 0 };
    return { segment: next.number, offset: next.readOffset };
  }

  /** Appends and reads have ended. */
  async close(): Promise<void> {
    await this.seal();
    await this.settle();
    await this.#closeRead();
  }
}
