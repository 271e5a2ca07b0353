/** Samples that come late enough for their place to be compressed already: their chunk is decoded, and made anew with them.
 *  So there is one order of samples, and queries have nothing to merge; what comes late pays, not what is read. */
import { SampleColumns } from '@vigie/promql/storage/sample-columns';
import type { BlockRef } from '../arena.ts';
import { FLOATS } from '../chunk/chunks.ts';
import { decodeFloats } from '../chunk/decode-floats.ts';
import { decodeHistograms, sameHistogram } from '../chunk/histogram-stream.ts';
import { SAMPLES_PER_CHUNK } from '../chunk/xor.ts';
import { type StartedHistogram, toChunks } from './histogram-tails.ts';
import { ACCEPTED, DUPLICATE, KNOWN } from './outcome.ts';
import { withoutHint } from './reset-hint.ts';
import type { SampleStore } from './sample-store.ts';
import { sameBits } from './sample-store.ts';
import { NO_BLOCK } from './series-table.ts';

const columns = new SampleColumns();
columns.reserve(SAMPLES_PER_CHUNK + 1);

/** @returns ACCEPTED, KNOWN or DUPLICATE
 *  Cost: decoding and encoding at most 120 samples. */
export function insertFloat(store: SampleStore, slot: number, timestampMs: number, value: number): number {
  const { chunks } = store;
  let { chunk, newer } = placeOf(store, slot, timestampMs);
  // Before all others: into the oldest chunk, if that is one of floats.
  if (chunk === 0 && holdsFloats(store, newer)) {
    chunk = newer;
    newer = newerThan(store, slot, chunk);
  }
  if (chunk === 0 || (holdsHistograms(store, chunk) && timestampMs > chunks.lastMs(chunk))) {
    linkFloats(store, slot, newer, encode(store, chunk, 0, place(0, 0, timestampMs, value), 0));
    return ACCEPTED;
  }
  if (holdsHistograms(store, chunk)) {
    const samples = histogramsIn(store, chunk);
    const at = samples.findIndex((sample) => sample.timestampMs >= timestampMs);
    if (samples[at]?.timestampMs === timestampMs) return DUPLICATE;
    const before = addHistograms(store, chunks.olderThan(chunk), samples.slice(0, at));
    const made = encode(store, before, 0, place(0, 0, timestampMs, value), 0);
    link(store, slot, newer, addHistograms(store, made, samples.slice(at)));
    chunks.free(chunk);
    return ACCEPTED;
  }
  const count = readFloats(store, chunk);
  const at = positionOf(count, timestampMs);
  if (at < count && columns.timestampsMs[at] === timestampMs)
    return sameBits(columns.values[at]!, value) ? KNOWN : DUPLICATE;
  const total = place(at, count, timestampMs, value);
  const startMs = chunks.startMs(chunk);
  const half = total > SAMPLES_PER_CHUNK ? total >>> 1 : 0;
  let older = chunks.olderThan(chunk);
  if (half > 0) older = encode(store, older, 0, half, startMs);
  const made = encode(store, older, half, total, startMs);
  chunks.free(chunk);
  linkFloats(store, slot, newer, made);
  return ACCEPTED;
}

/** The same of a histogram. The one behind it does not go on from the one before it any more.
 *  Cost: decoding and encoding the chunk, and sometimes the next one. */
export function insertHistogram(store: SampleStore, slot: number, sample: StartedHistogram): number {
  const { chunks } = store;
  const { timestampMs } = sample;
  let { chunk, newer } = placeOf(store, slot, timestampMs);
  const isWithin = chunk !== 0 && timestampMs <= chunks.lastMs(chunk);
  if (isWithin && holdsFloats(store, chunk)) return insertAmidFloats(store, slot, chunk, newer, sample);
  // Behind the one chunk or before the other, if there is one of histograms.
  if (!holdsHistograms(store, chunk) && holdsHistograms(store, newer)) {
    chunk = newer;
    newer = newerThan(store, slot, chunk);
  }
  if (!holdsHistograms(store, chunk)) {
    link(store, slot, newer, addHistograms(store, chunk, [sample]));
    forgetHint(store, slot, newer);
    return ACCEPTED;
  }
  const samples = histogramsIn(store, chunk);
  const found = samples.findIndex((other) => other.timestampMs >= timestampMs);
  const at = found < 0 ? samples.length : found;
  const there = samples[at];
  if (there?.timestampMs === timestampMs) return sameHistogram(there.histogram, sample.histogram) ? KNOWN : DUPLICATE;
  const behind = samples.slice(at);
  if (there !== undefined) behind[0] = { ...there, histogram: withoutHint(there.histogram) };
  link(store, slot, newer, addHistograms(store, chunks.olderThan(chunk), [...samples.slice(0, at), sample, ...behind]));
  chunks.free(chunk);
  if (there === undefined) forgetHint(store, slot, newer);
  return ACCEPTED;
}

function insertAmidFloats(
  store: SampleStore,
  slot: number,
  chunk: BlockRef,
  newer: BlockRef,
  sample: StartedHistogram,
): number {
  const { chunks } = store;
  const count = readFloats(store, chunk);
  const at = positionOf(count, sample.timestampMs);
  if (columns.timestampsMs[at] === sample.timestampMs) return DUPLICATE;
  const startMs = chunks.startMs(chunk);
  const before = encode(store, chunks.olderThan(chunk), 0, at, startMs);
  const made = addHistograms(store, before, [sample]);
  linkFloats(store, slot, newer, encode(store, made, at, count, startMs));
  chunks.free(chunk);
  return ACCEPTED;
}

/** @returns the chunk whose first sample is not after the time, and the next newer one; 0 for none */
function placeOf({ chunks, table }: SampleStore, slot: number, timestampMs: number) {
  let newer: BlockRef = 0;
  let chunk = table.chunk[slot]!;
  while (chunk !== 0 && chunks.firstMs(chunk) > timestampMs) {
    newer = chunk;
    chunk = chunks.olderThan(chunk);
  }
  return { chunk, newer };
}

function holdsHistograms({ chunks }: SampleStore, chunk: BlockRef): boolean {
  return chunk !== 0 && chunks.holdsHistograms(chunk);
}

function holdsFloats({ chunks }: SampleStore, chunk: BlockRef): boolean {
  return chunk !== 0 && !chunks.holdsHistograms(chunk);
}

/** @returns how many there are */
function readFloats({ chunks, reader }: SampleStore, chunk: BlockRef): number {
  return decodeFloats(chunks, reader, chunk, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, columns, 0);
}

/** @returns where in the columns the first sample is that is not before the time */
function positionOf(count: number, timestampMs: number): number {
  let at = count;
  while (at > 0 && columns.timestampsMs[at - 1]! >= timestampMs) at--;
  return at;
}

/** @returns samples in the columns now */
function place(at: number, count: number, timestampMs: number, value: number): number {
  columns.timestampsMs.copyWithin(at + 1, at, count);
  columns.values.copyWithin(at + 1, at, count);
  columns.timestampsMs[at] = timestampMs;
  columns.values[at] = value;
  return count + 1;
}

/** Leaves the bits written in the encoder's writer. */
function encode(store: SampleStore, older: BlockRef, from: number, to: number, startMs: number): BlockRef {
  const { encoder, chunks } = store;
  const { writer } = encoder;
  encoder.restart();
  writer.at = 0;
  for (let index = from; index < to; index++) encoder.append(columns.timestampsMs[index]!, columns.values[index]!);
  const stream = writer.bytes.subarray(0, (writer.at + 7) >>> 3);
  const firstMs = columns.timestampsMs[from]!;
  const chunk = chunks.add(
    older,
    { encoding: FLOATS, count: to - from, firstMs, lastMs: encoder.lastMs, startMs },
    stream,
  );
  stream.fill(0);
  return chunk;
}

function histogramsIn({ chunks }: SampleStore, chunk: BlockRef): StartedHistogram[] {
  const startMs = chunks.startMs(chunk);
  return decodeHistograms(chunks.stream(chunk), chunks.samplesOf(chunk)).map((sample) => ({ ...sample, startMs }));
}

/** @returns the newest of the chunks that they take */
function addHistograms({ chunks }: SampleStore, older: BlockRef, samples: readonly StartedHistogram[]): BlockRef {
  let newest = older;
  toChunks(samples, (head, stream) => {
    newest = chunks.add(newest, head, stream);
  });
  return newest;
}

/** Of the first histogram of a chunk, or of the tail where there is no newer chunk. */
function forgetHint(store: SampleStore, slot: number, chunk: BlockRef): void {
  if (chunk === 0) {
    store.tails.forgetFirstHint(slot);
    return;
  }
  if (!holdsHistograms(store, chunk)) return;
  const [first, ...others] = histogramsIn(store, chunk);
  if (first === undefined || first.histogram === withoutHint(first.histogram)) return;
  const anew = [{ ...first, histogram: withoutHint(first.histogram) }, ...others];
  link(store, slot, newerThan(store, slot, chunk), addHistograms(store, store.chunks.olderThan(chunk), anew));
  store.chunks.free(chunk);
}

function link({ table, chunks, hot }: SampleStore, slot: number, newer: BlockRef, made: BlockRef): void {
  if (newer !== 0) {
    chunks.setOlder(newer, made);
    return;
  }
  table.chunk[slot] = made;
  const block = table.hot[slot]!;
  if (block !== NO_BLOCK) hot.page(block).openBits[hot.index(block)] = 0;
}

/** A chunk that the encoder has just written: the hot block's samples may go on in it. */
function linkFloats(store: SampleStore, slot: number, newer: BlockRef, made: BlockRef): void {
  link(store, slot, newer, made);
  const block = store.table.hot[slot]!;
  if (newer !== 0 || block === NO_BLOCK) return;
  const page = store.hot.page(block);
  const index = store.hot.index(block);
  if (store.chunks.startMs(made) === page.startsMs[index]) store.keepOpen(page, index, store.encoder.writer.at);
}

function newerThan(store: SampleStore, slot: number, chunk: BlockRef): BlockRef {
  let newer = 0;
  for (let at = store.table.chunk[slot]!; at !== chunk; at = store.chunks.olderThan(at)) newer = at;
  return newer;
}
