/** The newest native histograms of each series that has some, as they came: objects, for a series of them is one among a
 *  hundred, and PromQL wants objects. Older ones go into chunks, those of one layout and start together. */
import type { Histogram } from '@vigie/promql/histogram/histogram';
import type { SampleColumns } from '@vigie/promql/storage/sample-columns';
import { MAX_BLOCK_BYTES } from '../arena.ts';
import { CHUNK_HEAD_BYTES, type ChunkHead, type Chunks, HISTOGRAMS } from '../chunk/chunks.ts';
import { encodeHistograms, sameHistogram, sameLayout, type TimedHistogram } from '../chunk/histogram-stream.ts';
import { SAMPLES_PER_CHUNK } from '../chunk/xor.ts';
import { ACCEPTED, DUPLICATE, KNOWN } from './outcome.ts';
import { withoutHint } from './reset-hint.ts';
import type { SeriesTable } from './series-table.ts';

const TAIL_SAMPLES = 48;
const COMPRESSED_AT_ONCE = 32;
/** Two objects with their fields, and five arrays; then each number in them, and each span. */
const BYTES_PER_HISTOGRAM = 320;
const BYTES_PER_NUMBER = 8;
const BYTES_PER_SPAN = 40;

export interface StartedHistogram extends TimedHistogram {
  /** 0 where unknown. */
  readonly startMs: number;
}

export class HistogramTails {
  readonly #table: SeriesTable;
  readonly #chunks: Chunks;
  readonly #bySlot = new Map<number, StartedHistogram[]>();
  #samples = 0;
  #bytes = 0;

  constructor(table: SeriesTable, chunks: Chunks) {
    this.#table = table;
    this.#chunks = chunks;
  }

  get samples(): number {
    return this.#samples;
  }

  get estimatedBytes(): number {
    return this.#bytes;
  }

  has(slot: number): boolean {
    return this.#bySlot.has(slot);
  }

  append(slot: number, timestampMs: number, histogram: Histogram, startMs: number): void {
    let tail = this.#bySlot.get(slot);
    if (tail === undefined) {
      tail = [];
      this.#bySlot.set(slot, tail);
    }
    if (tail.length === TAIL_SAMPLES) this.#compress(slot, tail.splice(0, COMPRESSED_AT_ONCE));
    tail.push({ timestampMs, histogram, startMs });
    this.#samples++;
    this.#bytes += bytesOf(histogram);
  }

  /** A histogram that is not before the first of the tail. @returns ACCEPTED, KNOWN or DUPLICATE */
  insert(slot: number, sample: StartedHistogram): number {
    const tail = this.#bySlot.get(slot) ?? [];
    let at = tail.length;
    while (at > 0 && tail[at - 1]!.timestampMs >= sample.timestampMs) at--;
    const there = tail[at];
    if (there?.timestampMs === sample.timestampMs)
      return sameHistogram(there.histogram, sample.histogram) ? KNOWN : DUPLICATE;
    if (there !== undefined) tail[at] = { ...there, histogram: withoutHint(there.histogram) };
    tail.splice(at, 0, sample);
    this.#samples++;
    this.#bytes += bytesOf(sample.histogram);
    if (tail.length > TAIL_SAMPLES) this.#compress(slot, tail.splice(0, COMPRESSED_AT_ONCE));
    return ACCEPTED;
  }

  /** Another sample has come in before the first. */
  forgetFirstHint(slot: number): void {
    const tail = this.#bySlot.get(slot);
    const first = tail?.[0];
    if (tail !== undefined && first !== undefined) tail[0] = { ...first, histogram: withoutHint(first.histogram) };
  }

  newest(slot: number): Histogram | undefined {
    return this.#bySlot.get(slot)?.at(-1)?.histogram;
  }

  /** The newest sample's time again, which is in the tail or in no histogram that is remembered. */
  compareLast(slot: number, histogram: Histogram): number {
    const last = this.#bySlot.get(slot)?.at(-1);
    return last !== undefined && sameHistogram(last.histogram, histogram) ? KNOWN : DUPLICATE;
  }

  /** All into chunks. */
  flush(slot: number): void {
    const tail = this.#bySlot.get(slot);
    if (tail === undefined) return;
    this.#bySlot.delete(slot);
    this.#compress(slot, tail);
  }

  /** @returns how many there were */
  drop(slot: number): number {
    const dropped = this.#bySlot.get(slot) ?? [];
    this.#letGo(dropped);
    this.#bySlot.delete(slot);
    return dropped.length;
  }

  firstMs(slot: number): number {
    return this.#bySlot.get(slot)?.[0]?.timestampMs ?? Number.POSITIVE_INFINITY;
  }

  read(slot: number, fromMs: number, toMs: number, into: SampleColumns): void {
    for (const { timestampMs, histogram, startMs } of this.#bySlot.get(slot) ?? [])
      if (timestampMs >= fromMs && timestampMs <= toMs) into.addHistogram(timestampMs, histogram, startMs);
  }

  /** What is in the tail, as chunks. */
  chunksOf(slot: number, take: TakeChunk): void {
    toChunks(this.#bySlot.get(slot) ?? [], take);
  }

  #letGo(samples: readonly StartedHistogram[]): void {
    this.#samples -= samples.length;
    for (const { histogram } of samples) this.#bytes -= bytesOf(histogram);
  }

  #compress(slot: number, samples: readonly StartedHistogram[]): void {
    this.#letGo(samples);
    toChunks(samples, (head, stream) => {
      this.#table.chunk[slot] = this.#chunks.add(this.#table.chunk[slot]!, head, stream);
    });
  }
}

type TakeChunk = (head: ChunkHead, stream: Uint8Array) => void;

function bytesOf(histogram: Histogram): number {
  const { positiveBuckets, negativeBuckets, customValues, positiveSpans, negativeSpans } = histogram;
  const numbers = positiveBuckets.length + negativeBuckets.length + customValues.length;
  const spans = positiveSpans.length + negativeSpans.length;
  return BYTES_PER_HISTOGRAM + BYTES_PER_NUMBER * numbers + BYTES_PER_SPAN * spans;
}

/** A chunk for those in a row that have one layout and one start. */
export function toChunks(samples: readonly StartedHistogram[], take: TakeChunk): void {
  let run: StartedHistogram[] = [];
  for (const sample of samples) {
    const [first] = run;
    const goesOn = first?.startMs === sample.startMs && sameLayout(first.histogram, sample.histogram);
    if (!goesOn || run.length === SAMPLES_PER_CHUNK) {
      toChunk(run, take);
      run = [];
    }
    run.push(sample);
  }
  toChunk(run, take);
}

function toChunk(run: readonly StartedHistogram[], take: TakeChunk): void {
  const [first] = run;
  const last = run.at(-1);
  if (first === undefined || last === undefined) return;
  const stream = encodeHistograms(run, MAX_BLOCK_BYTES - CHUNK_HEAD_BYTES);
  if (stream === undefined) {
    // MAX_BUCKETS is such that one alone fits.
    toChunk(run.slice(0, run.length >>> 1), take);
    toChunk(run.slice(run.length >>> 1), take);
    return;
  }
  const { timestampMs: firstMs, startMs } = first;
  take({ encoding: HISTOGRAMS, count: run.length, firstMs, lastMs: last.timestampMs, startMs }, stream);
}
