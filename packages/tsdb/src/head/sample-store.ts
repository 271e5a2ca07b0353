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
import { HotBlocks, type HotPage } from './hot-blocks.ts';
import type { HistogramSample } from './journal.ts';
import { insertFloat, insertHistogram } from './out-of-order.ts';
import { ACCEPTED, DUPLICATE, KNOWN } from './outcome.ts';
import { NO_BLOCK, type SeriesTable } from './series-table.ts';
import { COMPRESSED_AT_ONCE, HOT_SAMPLES } from './time-lists.ts';

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
    if (page.startsMs[index] !== startMs) {
      this.#compressAll(slot, page, index);
      page.openBits[index] = 0;
      page.startsMs[index] = startMs;
    }
    let count = hot.countOf(page, index);
    if (count === HOT_SAMPLES) {
      this.#compress(slot, page, index, COMPRESSED_AT_ONCE);
      count -= COMPRESSED_AT_ONCE;
    }
    page.values[index * HOT_SAMPLES + count] = value;
    page.lists[index] = hot.lists.append(page.lists[index]!, timestampMs);
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
      const count = this.hot.countOf(page, index);
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
      if (this.hot.countOf(page, index) < HOT_SAMPLES) return insertHot(this.hot, page, index, timestampMs, value);
      this.#compress(slot, page, index, COMPRESSED_AT_ONCE);
      page.lists[index] = this.hot.lists.shorten(page.lists[index]!);
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
    if (block !== NO_BLOCK) readHot(this.hot, block, fromMs, toMs, into);
    else this.tails.read(slot, fromMs, toMs, into);
  }

  /** Appends the newest of them alone, if there is one. */
  readNewest(slot: number, fromMs: number, toMs: number, into: SampleColumns): void {
    const block = this.table.hot[slot]!;
    if (block !== NO_BLOCK) {
      const page = this.hot.page(block);
      const index = this.hot.index(block);
      const { timesMs } = this.hot.lists;
      const first = page.lists[index]! * HOT_SAMPLES;
      for (let at = this.hot.countOf(page, index) - 1; at >= 0; at--) {
        const timestampMs = timesMs[first + at]!;
        if (timestampMs > toMs) continue;
        if (timestampMs < fromMs) return;
        const word = 2 * (index * HOT_SAMPLES + at);
        into.addFloat(timestampMs, 0, page.startsMs[index]);
        into.valueWords[2 * into.length - 2] = page.valueWords[word]!;
        into.valueWords[2 * into.length - 1] = page.valueWords[word + 1]!;
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
    const { timesMs } = this.hot.lists;
    return this.hot.countOf(page, index) > 0 ? timesMs[page.lists[index]! * HOT_SAMPLES]! : Number.POSITIVE_INFINITY;
  }

  /** All its samples into chunks: a series that is not written to takes no hot block. */
  cool(slot: number): void {
    this.tails.flush(slot);
    const block = this.table.hot[slot]!;
    if (block === NO_BLOCK) return;
    const page = this.hot.page(block);
    const index = this.hot.index(block);
    this.#compress(slot, page, index, this.hot.countOf(page, index));
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
    const count = this.hot.countOf(page, index);
    if (count === 0) return;
    const { encoder } = this;
    const { timesMs } = this.hot.lists;
    const first = page.lists[index]! * HOT_SAMPLES;
    const base = index * HOT_SAMPLES;
    encoder.restart();
    encoder.writer.at = 0;
    for (let at = 0; at < count; at++) encoder.append(timesMs[first + at]!, page.values[base + at]!);
    const stream = encoder.writer.bytes.subarray(0, (encoder.writer.at + 7) >>> 3);
    const firstMs = timesMs[first]!;
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
    this.droppedSamples += this.hot.countOf(this.hot.page(block), this.hot.index(block));
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

  #compressAll(slot: number, page: HotPage, index: number): void {
    this.#compress(slot, page, index, this.hot.countOf(page, index));
    this.hot.empty(page, index);
  }

  /** The oldest `count` values of the hot block go into the series' newest chunk, or a new one. Their times are the caller's to let
   *  go of. */
  #compress(slot: number, page: HotPage, index: number, count: number): void {
    const { table, chunks, encoder } = this;
    const { writer } = encoder;
    const { timesMs } = this.hot.lists;
    const first = page.lists[index]! * HOT_SAMPLES;
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
      const firstMs = timesMs[first + done]!;
      for (; done < count && encoder.count < SAMPLES_PER_CHUNK; done++)
        encoder.append(timesMs[first + done]!, page.values[base + done]!);
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
    page.values.copyWithin(base, base + count, base + this.hot.countOf(page, index));
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

function insertHot(hot: HotBlocks, page: HotPage, index: number, timestampMs: number, value: number): number {
  const { timesMs } = hot.lists;
  const first = page.lists[index]! * HOT_SAMPLES;
  const base = index * HOT_SAMPLES;
  const count = hot.countOf(page, index);
  let at = count;
  while (at > 0 && timesMs[first + at - 1]! >= timestampMs) at--;
  if (at < count && timesMs[first + at] === timestampMs)
    return sameBits(page.values[base + at]!, value) ? KNOWN : DUPLICATE;
  page.values.copyWithin(base + at + 1, base + at, base + count);
  page.values[base + at] = value;
  page.lists[index] = hot.lists.insert(page.lists[index]!, at, timestampMs);
  return ACCEPTED;
}

function readHot(hot: HotBlocks, block: number, fromMs: number, toMs: number, into: SampleColumns): void {
  const page = hot.page(block);
  const index = hot.index(block);
  const { timesMs } = hot.lists;
  const first = page.lists[index]! * HOT_SAMPLES;
  const base = index * HOT_SAMPLES;
  const count = hot.countOf(page, index);
  const from = into.length;
  for (let at = 0; at < count; at++) {
    const timestampMs = timesMs[first + at]!;
    if (timestampMs < fromMs) continue;
    if (timestampMs > toMs) break;
    into.timestampsMs[into.length] = timestampMs;
    into.values[into.length] = page.values[base + at]!;
    into.length++;
  }
  markStart(into, from, page.startsMs[index]!);
}

export function markStart(into: SampleColumns, from: number, startMs: number): void {
  if (startMs === 0 || into.length === from) return;
  into.startTimestampsMs ??= new Float64Array(into.timestampsMs.length);
  into.startTimestampsMs.fill(startMs, from, into.length);
}
