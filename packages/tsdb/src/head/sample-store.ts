/** The samples of all series: newest ones in hot blocks or histogram tails, older ones in chains of chunks. Whether a sample
 *  may be stored at all is decided by the head; here it finds its place. */
import type { Histogram } from '@vigie/promql/histogram/histogram';
import { SampleColumns } from '@vigie/promql/storage/sample-columns';
import type { Arena, BlockRef } from '../arena.ts';
import { BitReader } from '../chunk/bits.ts';
import { type ChunkHead, Chunks, FLOATS, PACKED } from '../chunk/chunks.ts';
import { decodeFloats } from '../chunk/decode-floats.ts';
import { decodeHistograms } from '../chunk/histogram-stream.ts';
import { Packer } from '../chunk/packed.ts';
import { MAX_SAMPLE_BYTES, SAMPLES_PER_CHUNK, XorEncoder } from '../chunk/xor.ts';
import { HistogramTails } from './histogram-tails.ts';
import { COMPRESSED_AT_ONCE, HOT_SAMPLES, HotBlocks, type HotPage, MAX_BEHIND_MS } from './hot-blocks.ts';
import type { HistogramSample } from './journal.ts';
import { insertFloat, insertHistogram } from './out-of-order.ts';
import { ACCEPTED, DUPLICATE, KNOWN } from './outcome.ts';
import { NO_BLOCK, type SeriesTable } from './series-table.ts';

export class SampleStore {
  readonly table: SeriesTable;
  readonly chunks: Chunks;
  readonly hot = new HotBlocks();
  readonly tails: HistogramTails;
  readonly encoder = new XorEncoder(new Uint8Array((SAMPLES_PER_CHUNK + 1) * MAX_SAMPLE_BYTES));
  readonly reader = new BitReader(new Uint8Array(0));
  /** Let go since the start, by retention or for want of room. */
  droppedSamples = 0;
  readonly #packer = new Packer(SAMPLES_PER_CHUNK);
  readonly #found: BlockRef[] = [];

  constructor(table: SeriesTable, arena: Arena) {
    this.table = table;
    this.chunks = new Chunks(arena);
    this.tails = new HistogramTails(table, this.chunks);
  }

  /** A sample behind all others of the series.
   *  Cost: two writes; every eighth encodes eight. */
  appendFloat(slot: number, timestampMs: number, value: number, startMs: number): void {
    const { table, hot } = this;
    let block = table.hot[slot]!;
    if (block === NO_BLOCK) {
      if (this.tails.has(slot)) this.tails.flush(slot);
      block = hot.allocate();
      table.hot[slot] = block;
    }
    const page = hot.page(block);
    const index = hot.index(block);
    let count = page.counts[index]!;
    if (page.startsMs[index] !== startMs) {
      this.#compress(slot, page, index, count);
      page.openBits[index] = 0;
      page.startsMs[index] = startMs;
      count = 0;
    } else if (count === HOT_SAMPLES) {
      this.#compress(slot, page, index, COMPRESSED_AT_ONCE);
      count -= COMPRESSED_AT_ONCE;
    }
    if (count > 0 && timestampMs - page.basesMs[index]! > MAX_BEHIND_MS) {
      this.#compress(slot, page, index, count);
      count = 0;
    }
    if (count === 0) page.basesMs[index] = timestampMs;
    const at = index * HOT_SAMPLES + count;
    page.behindMs[at] = timestampMs - page.basesMs[index]!;
    page.values[at] = value;
    page.counts[index] = count + 1;
    table.lastMs[slot] = timestampMs;
  }

  /** A histogram behind all other samples of the series; it is kept, and not to be changed. */
  appendHistogram(slot: number, timestampMs: number, histogram: Histogram, startMs: number): void {
    if (this.table.hot[slot] !== NO_BLOCK) this.cool(slot);
    this.tails.append(slot, timestampMs, histogram, startMs);
    this.table.lastMs[slot] = timestampMs;
  }

  /** The newest sample's time again. @returns KNOWN or DUPLICATE */
  compareLast(slot: number, value: number): number {
    const block = this.table.hot[slot]!;
    if (block !== NO_BLOCK) {
      const page = this.hot.page(block);
      const index = this.hot.index(block);
      const count = page.counts[index]!;
      if (count > 0) return sameBits(page.values[index * HOT_SAMPLES + count - 1]!, value) ? KNOWN : DUPLICATE;
    }
    const lastMs = this.table.lastMs[slot]!;
    const chunk = this.table.chunk[slot]!;
    if (this.tails.has(slot) || this.chunks.holdsHistograms(chunk)) return DUPLICATE;
    decodeFloats(this.chunks, this.reader, chunk, lastMs, lastMs, one, 0);
    return sameBits(one.values[0]!, value) ? KNOWN : DUPLICATE;
  }

  /** The same of a histogram. */
  compareLastHistogram(
    slot: number,
    { timestampMs, histogram, startTimestampMs }: Omit<HistogramSample, 'ref'>,
  ): number {
    if (this.tails.has(slot)) return this.tails.compareLast(slot, histogram);
    // There is a sample at the time, so that none is put in.
    return this.insertHistogram(slot, timestampMs, histogram, startTimestampMs);
  }

  /** A sample that is not behind all others. @returns ACCEPTED, KNOWN or DUPLICATE */
  insertFloat(slot: number, timestampMs: number, value: number): number {
    const block = this.table.hot[slot]!;
    const chunk = this.table.chunk[slot]!;
    if (block !== NO_BLOCK && (chunk === 0 || timestampMs > this.chunks.lastMs(chunk))) {
      const page = this.hot.page(block);
      const index = this.hot.index(block);
      const count = page.counts[index]!;
      const isInReach = (count > 0 && timestampMs >= page.basesMs[index]!) || page.rebase(index, count, timestampMs);
      if (count < HOT_SAMPLES && isInReach) return insertHot(page, index, timestampMs, value);
      this.#compress(slot, page, index, isInReach ? COMPRESSED_AT_ONCE : count);
      return this.insertFloat(slot, timestampMs, value);
    }
    // Its place is amid histograms that are not compressed.
    if (timestampMs >= this.tails.firstMs(slot)) this.tails.flush(slot);
    return insertFloat(this, slot, timestampMs, value);
  }

  /** The same of a histogram. */
  insertHistogram(slot: number, timestampMs: number, histogram: Histogram, startMs: number): number {
    const chunk = this.table.chunk[slot]!;
    const isHot = this.table.hot[slot] !== NO_BLOCK;
    if (isHot && (chunk === 0 || timestampMs > this.chunks.lastMs(chunk))) this.cool(slot);
    const sample = { timestampMs, histogram, startMs };
    if (timestampMs >= this.tails.firstMs(slot)) return this.tails.insert(slot, sample);
    return insertHistogram(this, slot, sample);
  }

  /** Appends the series' samples of [fromMs, toMs] to the columns. */
  read(slot: number, fromMs: number, toMs: number, into: SampleColumns): void {
    const { chunks } = this;
    const found = this.#found;
    found.length = 0;
    let most = HOT_SAMPLES;
    for (let chunk = this.table.chunk[slot]!; chunk !== 0; chunk = chunks.olderThan(chunk)) {
      if (chunks.lastMs(chunk) < fromMs) break;
      if (chunks.firstMs(chunk) > toMs) continue;
      found.push(chunk);
      most += chunks.samplesOf(chunk);
    }
    into.reserve(most);
    for (let index = found.length - 1; index >= 0; index--) this.#readChunk(found[index]!, fromMs, toMs, into);
    const block = this.table.hot[slot]!;
    if (block !== NO_BLOCK) readHot(this.hot.page(block), this.hot.index(block), fromMs, toMs, into);
    else this.tails.read(slot, fromMs, toMs, into);
  }

  /** Appends the newest of them alone, if there is one. */
  readNewest(slot: number, fromMs: number, toMs: number, into: SampleColumns): void {
    const block = this.table.hot[slot]!;
    if (block !== NO_BLOCK) {
      const page = this.hot.page(block);
      const index = this.hot.index(block);
      const base = index * HOT_SAMPLES;
      for (let at = base + page.counts[index]! - 1; at >= base; at--) {
        const timestampMs = page.timeAt(at);
        if (timestampMs > toMs) continue;
        if (timestampMs < fromMs) return;
        into.addFloat(timestampMs, 0, page.startsMs[index]);
        into.valueWords[2 * into.length - 2] = page.valueWords[2 * at]!;
        into.valueWords[2 * into.length - 1] = page.valueWords[2 * at + 1]!;
        return;
      }
    }
    const from = into.length;
    this.read(slot, fromMs, toMs, into);
    into.keepLast(from);
  }

  /** In chunks, hot blocks and tails. Cost: one step for each series that is written. */
  get sampleCount(): number {
    return this.chunks.samples + this.hot.samples + this.tails.samples;
  }

  /** Whether a sample may lie in the range: true wherever one does.
   *  Cost: a step for each chunk that is newer than the range. */
  overlaps(slot: number, fromMs: number, toMs: number): boolean {
    const lastMs = this.table.lastMs[slot]!;
    if (lastMs < fromMs) return false;
    if (lastMs <= toMs) return lastMs !== Number.NEGATIVE_INFINITY;
    const block = this.table.hot[slot]!;
    const newestMs = block === NO_BLOCK ? this.tails.firstMs(slot) : this.#firstHotMs(block);
    if (newestMs <= toMs) return true;
    for (let chunk = this.table.chunk[slot]!; chunk !== 0; chunk = this.chunks.olderThan(chunk))
      if (this.chunks.firstMs(chunk) <= toMs) return this.chunks.lastMs(chunk) >= fromMs;
    return false;
  }

  #firstHotMs(block: number): number {
    const page = this.hot.page(block);
    const index = this.hot.index(block);
    return page.counts[index]! > 0 ? page.timeAt(index * HOT_SAMPLES) : Number.POSITIVE_INFINITY;
  }

  /** All its samples into chunks: a series that is not written to takes no hot block. */
  cool(slot: number): void {
    this.tails.flush(slot);
    const block = this.table.hot[slot]!;
    if (block === NO_BLOCK) return;
    const page = this.hot.page(block);
    const index = this.hot.index(block);
    this.#compress(slot, page, index, page.counts[index]!);
    this.hot.free(block);
    this.table.hot[slot] = NO_BLOCK;
  }

  /** Samples that are in no chunk yet, as chunks: for a snapshot, which leaves the series as it is.
   *  @param take gets a stream that is valid during the call */
  uncompressed(slot: number, take: (head: ChunkHead, stream: Uint8Array) => void): void {
    const block = this.table.hot[slot]!;
    if (block === NO_BLOCK) {
      this.tails.chunksOf(slot, take);
      return;
    }
    const page = this.hot.page(block);
    const index = this.hot.index(block);
    const count = page.counts[index]!;
    if (count === 0) return;
    const { encoder } = this;
    const base = index * HOT_SAMPLES;
    encoder.restart();
    encoder.writer.at = 0;
    for (let at = base; at < base + count; at++) encoder.append(page.timeAt(at), page.values[at]!);
    const stream = encoder.writer.bytes.subarray(0, (encoder.writer.at + 7) >>> 3);
    const firstMs = page.timeAt(base);
    take({ encoding: FLOATS, count, firstMs, lastMs: encoder.lastMs, startMs: page.startsMs[index]! }, stream);
    stream.fill(0);
  }

  /** A chunk behind all that the series has, as a snapshot has it. */
  restoreChunk(slot: number, head: ChunkHead, stream: Uint8Array): void {
    this.table.chunk[slot] = this.chunks.add(this.table.chunk[slot]!, head, stream);
    this.table.lastMs[slot] = head.lastMs;
  }

  /** Lets go of whole chunks before the time. @returns whether samples are left */
  dropBefore(slot: number, cutMs: number): boolean {
    const { table, chunks } = this;
    if (table.lastMs[slot]! < cutMs) {
      this.dropAll(slot);
      return false;
    }
    let newer = 0;
    let chunk = table.chunk[slot]!;
    while (chunk !== 0 && chunks.lastMs(chunk) >= cutMs) {
      newer = chunk;
      chunk = chunks.olderThan(chunk);
    }
    if (chunk === 0) return true;
    if (newer !== 0) chunks.setOlder(newer, 0);
    else {
      table.chunk[slot] = 0;
      const block = table.hot[slot]!;
      if (block !== NO_BLOCK) this.hot.page(block).openBits[this.hot.index(block)] = 0;
    }
    this.#freeFrom(chunk);
    return true;
  }

  dropAll(slot: number): void {
    const { table } = this;
    this.#freeFrom(table.chunk[slot]!);
    table.chunk[slot] = 0;
    this.droppedSamples += this.tails.drop(slot);
    const block = table.hot[slot]!;
    if (block === NO_BLOCK) return;
    this.droppedSamples += this.hot.page(block).counts[this.hot.index(block)]!;
    this.hot.free(block);
    table.hot[slot] = NO_BLOCK;
  }

  #freeFrom(newest: BlockRef): void {
    for (let chunk = newest; chunk !== 0; ) {
      const older = this.chunks.olderThan(chunk);
      this.droppedSamples += this.chunks.samplesOf(chunk);
      this.chunks.free(chunk);
      chunk = older;
    }
  }

  #readChunk(chunk: BlockRef, fromMs: number, toMs: number, into: SampleColumns): void {
    const { chunks } = this;
    const from = into.length;
    if (!chunks.holdsHistograms(chunk)) {
      into.length = decodeFloats(chunks, this.reader, chunk, fromMs, toMs, into, from);
    } else {
      let lastMs = from === 0 ? Number.NEGATIVE_INFINITY : into.timestampsMs[from - 1]!;
      for (const { timestampMs, histogram } of decodeHistograms(chunks.stream(chunk), chunks.samplesOf(chunk))) {
        // Times that do not ascend are of a stream that no checksum vouches for.
        if (!(timestampMs > lastMs) || timestampMs < fromMs || timestampMs > toMs) continue;
        into.addHistogram(timestampMs, histogram);
        lastMs = timestampMs;
      }
    }
    markStart(into, from, chunks.startMs(chunk));
  }

  /** The oldest `count` samples of the hot block go into the series' newest chunk, or a new one. */
  #compress(slot: number, page: HotPage, index: number, count: number): void {
    const { table, chunks, encoder } = this;
    const { writer } = encoder;
    const base = index * HOT_SAMPLES;
    for (let done = 0; done < count; ) {
      const openBits = page.openBits[index]!;
      const open = table.chunk[slot]!;
      writer.at = openBits & 7;
      if (openBits === 0) encoder.restart();
      else {
        encoder.count = chunks.samplesOf(open);
        encoder.lastMs = chunks.lastMs(open);
        encoder.lastValue = page.openValues[index]!;
        encoder.deltaMs = page.openDeltasMs[index]!;
        encoder.leading = page.openLeading[index]!;
        encoder.trailing = page.openTrailing[index]!;
        if (writer.at > 0) writer.bytes[0] = chunks.arena.bytes(open)[chunks.streamOffset(open) + (openBits >>> 3)]!;
      }
      const firstMs = page.timeAt(base + done);
      for (; done < count && encoder.count < SAMPLES_PER_CHUNK; done++)
        encoder.append(page.timeAt(base + done), page.values[base + done]!);
      const stream = writer.bytes.subarray(0, (writer.at + 7) >>> 3);
      const startMs = page.startsMs[index]!;
      table.chunk[slot] =
        openBits === 0
          ? chunks.add(
              open,
              { encoding: FLOATS, count: encoder.count, firstMs, lastMs: encoder.lastMs, startMs },
              stream,
            )
          : chunks.extend(open, encoder.count, encoder.lastMs, openBits >>> 3, stream);
      this.keepOpen(page, index, (openBits & ~7) + writer.at);
      stream.fill(0);
      if (encoder.count === SAMPLES_PER_CHUNK) this.#pack(slot);
    }
    page.behindMs.copyWithin(base, base + count, base + page.counts[index]!);
    page.values.copyWithin(base, base + count, base + page.counts[index]!);
    page.counts[index]! -= count;
  }

  /** The series' newest chunk is full and stays as it is, unless something comes late: in less room where that is possible.
   *  Cost: decoding and encoding 120 samples. */
  #pack(slot: number): void {
    const { table, chunks } = this;
    const chunk = table.chunk[slot]!;
    const count = decodeFloats(chunks, this.reader, chunk, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, full, 0);
    const stream = this.#packer.pack(full, count);
    if (stream === undefined || stream.length >= chunks.streamBytes(chunk)) return;
    const [firstMs, lastMs, startMs] = [chunks.firstMs(chunk), chunks.lastMs(chunk), chunks.startMs(chunk)];
    const older = chunks.olderThan(chunk);
    table.chunk[slot] = chunks.add(older, { encoding: PACKED, count, firstMs, lastMs, startMs }, stream);
    chunks.free(chunk);
  }

  /** The encoder has just written the series' newest chunk: the next samples go on there. */
  keepOpen(page: HotPage, index: number, bits: number): void {
    const { encoder } = this;
    page.openBits[index] = encoder.count < SAMPLES_PER_CHUNK ? bits : 0;
    page.openValues[index] = encoder.lastValue;
    page.openDeltasMs[index] = encoder.deltaMs;
    page.openLeading[index] = encoder.leading;
    page.openTrailing[index] = encoder.trailing;
  }
}

const one = new SampleColumns();
const full = new SampleColumns();
full.reserve(SAMPLES_PER_CHUNK);
const pair = new Float64Array(2);
const pairWords = new Uint32Array(pair.buffer);

/** Equal as bits: NaN of the same payload are, 0 and -0 are not. */
export function sameBits(a: number, b: number): boolean {
  pair[0] = a;
  pair[1] = b;
  return pairWords[0] === pairWords[2] && pairWords[1] === pairWords[3];
}

function insertHot(page: HotPage, index: number, timestampMs: number, value: number): number {
  const base = index * HOT_SAMPLES;
  const end = base + page.counts[index]!;
  let at = end;
  const behindMs = timestampMs - page.basesMs[index]!;
  while (at > base && page.behindMs[at - 1]! >= behindMs) at--;
  if (at < end && page.behindMs[at] === behindMs) return sameBits(page.values[at]!, value) ? KNOWN : DUPLICATE;
  page.behindMs.copyWithin(at + 1, at, end);
  page.values.copyWithin(at + 1, at, end);
  page.behindMs[at] = behindMs;
  page.values[at] = value;
  page.counts[index]!++;
  return ACCEPTED;
}

function readHot(page: HotPage, index: number, fromMs: number, toMs: number, into: SampleColumns): void {
  const base = index * HOT_SAMPLES;
  const end = base + page.counts[index]!;
  const from = into.length;
  const baseMs = page.basesMs[index]!;
  for (let at = base; at < end; at++) {
    const timestampMs = baseMs + page.behindMs[at]!;
    if (timestampMs < fromMs) continue;
    if (timestampMs > toMs) break;
    into.timestampsMs[into.length] = timestampMs;
    into.values[into.length] = page.values[at]!;
    into.length++;
  }
  markStart(into, from, page.startsMs[index]!);
}

export function markStart(into: SampleColumns, from: number, startMs: number): void {
  if (startMs === 0 || into.length === from) return;
  into.startTimestampsMs ??= new Float64Array(into.timestampsMs.length);
  into.startTimestampsMs.fill(startMs, from, into.length);
}
