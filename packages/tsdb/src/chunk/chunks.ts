/** Chunks in an arena: a head of 40 bytes, then the stream. A series' chunks are a chain from the newest to the oldest, for
 *  that is the order in which queries and retention need them.
 *
 *  | Bytes | Head |
 *  |---|---|
 *  | 4 | the next older chunk, 0 for none |
 *  | 4 | encoding: 1 floats, 2 histograms, 3 floats that are packed |
 *  | 4 | bytes of the stream |
 *  | 4 | samples |
 *  | 8 | time of the first sample, a double |
 *  | 8 | time of the last sample |
 *  | 8 | when the counter began, 0 where unknown: one for all samples of a chunk | */
import type { Arena, BlockRef } from '../arena.ts';
import type { BitReader } from './bits.ts';

export const CHUNK_HEAD_BYTES = 40;
export const FLOATS = 1;
export const HISTOGRAMS = 2;
/** Floats, too. */
export const PACKED = 3;
export type Encoding = typeof FLOATS | typeof HISTOGRAMS | typeof PACKED;

export interface ChunkHead {
  readonly encoding: Encoding;
  readonly count: number;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly startMs: number;
}

export class Chunks {
  readonly arena: Arena;
  /** Samples in all chunks. */
  samples = 0;
  count = 0;

  constructor(arena: Arena) {
    this.arena = arena;
  }

  /** @param stream copied */
  add(older: BlockRef, head: ChunkHead, stream: Uint8Array): BlockRef {
    const { arena } = this;
    const chunk = arena.allocate(CHUNK_HEAD_BYTES + stream.length);
    const offset = arena.offset(chunk);
    arena.words(chunk)[offset >>> 2] = older;
    arena.bytes(chunk)[offset + 4] = head.encoding;
    const doubles = arena.doubles(chunk);
    doubles[(offset >>> 3) + 2] = head.firstMs;
    doubles[(offset >>> 3) + 4] = head.startMs;
    this.#setExtent(chunk, head.count, stream.length, head.lastMs);
    arena.bytes(chunk).set(stream, offset + CHUNK_HEAD_BYTES);
    this.samples += head.count;
    this.count++;
    return chunk;
  }

  /** Puts bytes at the end of the stream, the first of them over the last partly written one.
   *  @param fromByte where in the stream `tail` begins
   *  @returns the chunk, which is another one where the bytes needed a larger block */
  extend(chunk: BlockRef, count: number, lastMs: number, fromByte: number, tail: Uint8Array): BlockRef {
    const { arena } = this;
    const length = fromByte + tail.length;
    let to = chunk;
    if (CHUNK_HEAD_BYTES + length > arena.capacity(chunk)) {
      to = arena.allocate(CHUNK_HEAD_BYTES + length);
      const from = arena.offset(chunk);
      arena.bytes(to).set(arena.bytes(chunk).subarray(from, from + CHUNK_HEAD_BYTES + fromByte), arena.offset(to));
      arena.free(chunk);
    }
    arena.bytes(to).set(tail, arena.offset(to) + CHUNK_HEAD_BYTES + fromByte);
    this.samples += count - this.samplesOf(to);
    this.#setExtent(to, count, length, lastMs);
    return to;
  }

  free(chunk: BlockRef): void {
    this.samples -= this.samplesOf(chunk);
    this.count--;
    this.arena.free(chunk);
  }

  olderThan(chunk: BlockRef): BlockRef {
    return this.arena.words(chunk)[this.arena.offset(chunk) >>> 2]!;
  }

  setOlder(chunk: BlockRef, older: BlockRef): void {
    this.arena.words(chunk)[this.arena.offset(chunk) >>> 2] = older;
  }

  encodingOf(chunk: BlockRef): Encoding {
    const encoding = this.arena.bytes(chunk)[this.arena.offset(chunk) + 4];
    return encoding === HISTOGRAMS || encoding === PACKED ? encoding : FLOATS;
  }

  holdsHistograms(chunk: BlockRef): boolean {
    return this.encodingOf(chunk) === HISTOGRAMS;
  }

  samplesOf(chunk: BlockRef): number {
    return this.arena.words(chunk)[(this.arena.offset(chunk) >>> 2) + 3]!;
  }

  firstMs(chunk: BlockRef): number {
    return this.arena.doubles(chunk)[(this.arena.offset(chunk) >>> 3) + 2]!;
  }

  lastMs(chunk: BlockRef): number {
    return this.arena.doubles(chunk)[(this.arena.offset(chunk) >>> 3) + 3]!;
  }

  startMs(chunk: BlockRef): number {
    return this.arena.doubles(chunk)[(this.arena.offset(chunk) >>> 3) + 4]!;
  }

  streamOffset(chunk: BlockRef): number {
    return this.arena.offset(chunk) + CHUNK_HEAD_BYTES;
  }

  streamBytes(chunk: BlockRef): number {
    return this.arena.words(chunk)[(this.arena.offset(chunk) >>> 2) + 2]!;
  }

  /** To the stream's first bit. */
  seek(reader: BitReader, chunk: BlockRef): void {
    reader.seek(this.arena.bytes(chunk), this.arena.view(chunk), this.streamOffset(chunk) * 8);
  }

  /** A view, valid until the chunk is changed or freed. */
  stream(chunk: BlockRef): Uint8Array {
    const from = this.streamOffset(chunk);
    return this.arena.bytes(chunk).subarray(from, from + this.streamBytes(chunk));
  }

  #setExtent(chunk: BlockRef, count: number, streamBytes: number, lastMs: number): void {
    const word = this.arena.offset(chunk) >>> 2;
    const words = this.arena.words(chunk);
    words[word + 2] = streamBytes;
    words[word + 3] = count;
    this.arena.doubles(chunk)[(word >>> 1) + 3] = lastMs;
  }
}
