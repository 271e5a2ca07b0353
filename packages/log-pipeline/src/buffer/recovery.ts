/** What an earlier process left in a segment, and what the disk did to it meanwhile. */
import { crc32 } from 'node:zlib';
import { writeWhole } from '@vigie/core/durable-files';
import {
  decodeSegmentHeader,
  type EntryHead,
  encodeFillerHead,
  encodeSegmentHeader,
  LEAST_HEAD_BYTES,
  MAX_SEGMENT_HEADER_BYTES,
  nearlySegmentHeader,
} from './entry.ts';
import { type BufferFs, readUpTo } from './fs.ts';
import { Segment, segmentPath } from './segment.ts';
import { FileView, type Stretch, stretches } from './stretches.ts';

export interface RecoverOptions {
  /** Bytes from the beginning that are delivered. */
  readonly drainedTo: number;
  /** What was written last may be torn, and entries that nobody waited for be in the page cache alone. */
  readonly isLast: boolean;
  /** Of the sink: what the header said, where it almost does. */
  readonly bodyKind: string;
}

/** `torn`: nobody was told that it is there. `corrupt`: it was there. */
export interface Damage {
  readonly kind: 'torn' | 'corrupt';
  readonly bytes: number;
}

export type Recovered =
  /** The segment is sealed and ends with an entry; bytes of the file behind that are part of the damage. An entry whose
   *  body is not what was written is held like others, and found when it is read. */
  | { readonly status: 'ok'; readonly segment: Segment; readonly damage: readonly Damage[]; readonly fileBytes: number }
  | { readonly status: 'newer'; readonly version: number };

/** Writes fillers over what is torn, and a damaged header anew: the next process cannot know any more that it was torn.
 *  Cost: a read of the heads; of the last segment, and of what is damaged, of everything. */
export async function recoverSegment(
  fs: BufferFs,
  folder: string,
  number: number,
  { drainedTo, isLast, bodyKind }: RecoverOptions,
): Promise<Recovered> {
  const file = await fs.open(segmentPath(folder, number), 'r');
  try {
    const { size: fileBytes } = await file.stat();
    const headerBytes = await readUpTo(file, 0, MAX_SEGMENT_HEADER_BYTES);
    const header = decodeSegmentHeader(headerBytes);
    const nearlyBytes = header.status === 'ok' ? undefined : nearlySegmentHeader(headerBytes, bodyKind);
    if (header.status === 'newer' && nearlyBytes === undefined) return header;
    if (isLast) await file.sync();
    const segment =
      header.status === 'ok'
        ? new Segment(number, header.bodyKind, header.headerBytes, true)
        : new Segment(number, nearlyBytes === undefined ? undefined : bodyKind, nearlyBytes ?? 0, true);
    const doubts = new Doubts(isLast);
    if (nearlyBytes !== undefined) doubts.add({ kind: 'damaged', start: 0, end: nearlyBytes });
    const view = new FileView(file);
    for await (const stretch of stretches(view, segment.sizeBytes, fileBytes)) {
      if (stretch.kind === 'entry') doubts.headSeen(stretch.head.appendedAtMs);
      if (stretch.end <= drainedTo) segment.readOffset = segment.sizeBytes = stretch.end;
      else if (stretch.kind === 'damaged') doubts.add({ ...stretch, start: Math.max(stretch.start, drainedTo) });
      else if (stretch.isWhole && (!isLast || (await hasItsBody(view, stretch)))) hold(segment, stretch);
      else doubts.add(stretch);
    }
    if (segment.bodyKind === undefined && doubts.isTornAtStart) {
      const empty = new Segment(number, undefined, 0, true);
      return { status: 'ok', segment: empty, damage: [{ kind: 'torn', bytes: fileBytes }], fileBytes };
    }
    const { damage: within, torn } = doubts.settle(segment, drainedTo);
    const headerAnew = nearlyBytes === undefined ? undefined : encodeSegmentHeader(bodyKind);
    if (torn.length > 0 || headerAnew !== undefined) await mend(fs, segmentPath(folder, number), torn, headerAnew);
    // What is in one without a kind is told when it is given up.
    const damage = segment.bodyKind === undefined ? [] : within;
    const restBytes = fileBytes - segment.sizeBytes;
    if (restBytes > 0) damage.push({ kind: isLast ? 'torn' : 'corrupt', bytes: restBytes });
    return { status: 'ok', segment, damage, fileBytes };
  } finally {
    await file.close();
  }
}

type Entry = Extract<Stretch, { readonly kind: 'entry' }>;

async function hasItsBody(view: FileView, { start, head }: Entry): Promise<boolean> {
  return crc32(await view.bytes(start + head.headBytes, head.bodyBytes)) === head.bodyCrc;
}

function hold(segment: Segment, { end, head }: { readonly end: number; readonly head: EntryHead }): void {
  segment.firstAtMs ??= head.appendedAtMs;
  segment.held.add(head.source, { records: head.records, bytes: head.inputBytes });
  segment.sizeBytes = Math.max(segment.sizeBytes, end);
}

interface Doubt {
  readonly stretch: Stretch;
  /** When it was appended; of what has no head, when the next entry was. */
  appendedAtMs: number | undefined;
}

/** What is damaged, until it is known what follows: in the last segment what was appended together with the last entry may
 *  have been under way when the process was killed. What was appended before had been fsynced. */
class Doubts {
  readonly #isLast: boolean;
  readonly #all: Doubt[] = [];
  #newestMs: number | undefined;

  constructor(isLast: boolean) {
    this.#isLast = isLast;
  }

  headSeen(appendedAtMs: number): void {
    this.#newestMs = appendedAtMs;
    for (let index = this.#all.length - 1; index >= 0; index--) {
      const doubt = this.#all[index];
      if (doubt === undefined || doubt.appendedAtMs !== undefined) break;
      doubt.appendedAtMs = appendedAtMs;
    }
  }

  add(stretch: Stretch): void {
    this.#all.push({ stretch, appendedAtMs: stretch.kind === 'entry' ? stretch.head.appendedAtMs : undefined });
  }

  /** The header was under way, and so was everything else. */
  get isTornAtStart(): boolean {
    const [first] = this.#all;
    return first?.stretch.start === 0 && this.#isTorn(first);
  }

  #isTorn({ appendedAtMs }: Doubt): boolean {
    return this.#isLast && appendedAtMs === this.#newestMs;
  }

  /** @returns the damage before the segment's end, and what of it is to be filled */
  settle(segment: Segment, drainedTo: number): { readonly damage: Damage[]; readonly torn: readonly Torn[] } {
    for (const doubt of this.#all) {
      if (doubt.stretch.kind === 'entry' && !this.#isTorn(doubt)) hold(segment, doubt.stretch);
    }
    const damage: Damage[] = [];
    const torn: Torn[] = [];
    for (const doubt of this.#all) {
      const { kind, start, end } = doubt.stretch;
      if (start >= segment.sizeBytes || (kind === 'entry' && !this.#isTorn(doubt))) continue;
      damage.push({ kind: this.#isTorn(doubt) ? 'torn' : 'corrupt', bytes: end - start });
      // The header, which is written anew.
      if (start === 0) continue;
      if (start === drainedTo) segment.readOffset = start;
      if (this.#isTorn(doubt) && end - start >= LEAST_HEAD_BYTES)
        torn.push({ start, end, appendedAtMs: this.#newestMs ?? 0 });
      else segment.gaps.set(start, end);
    }
    return { damage, torn };
  }
}

interface Torn {
  readonly start: number;
  readonly end: number;
  readonly appendedAtMs: number;
}

async function mend(
  fs: BufferFs,
  path: string,
  torn: readonly Torn[],
  headerAnew: Uint8Array | undefined,
): Promise<void> {
  const file = await fs.open(path, 'r+');
  try {
    if (headerAnew !== undefined) await writeWhole(file, headerAnew, 0);
    for (const { start, end, appendedAtMs } of torn) {
      const bodyStart = start + LEAST_HEAD_BYTES;
      const body = await readUpTo(file, bodyStart, end - bodyStart);
      await writeWhole(file, encodeFillerHead(body, appendedAtMs), start);
    }
    await file.sync();
  } finally {
    await file.close();
  }
}
