/** Samples that come late enough for their place to be compressed already: their chunk is decoded, and made anew with them.
 *  So there is one order of samples, and queries have nothing to merge; what comes late pays, not what is read. */
import type { BlockRef } from '../arena.ts';
import { FLOATS } from '../chunk/chunks.ts';
import { decodeXor, SAMPLES_PER_CHUNK } from '../chunk/xor.ts';
import { ACCEPTED, DUPLICATE, KNOWN, OUT_OF_ORDER } from './outcome.ts';
import type { SampleStore } from './sample-store.ts';
import { sameBits } from './sample-store.ts';
import { NO_BLOCK } from './series-table.ts';

const columns = {
  timestampsMs: new Float64Array(SAMPLES_PER_CHUNK + 1),
  values: new Float64Array(SAMPLES_PER_CHUNK + 1),
};

/** @returns ACCEPTED, KNOWN, DUPLICATE, or OUT_OF_ORDER where the place is amid histograms
 *  Cost: decoding and encoding at most 120 samples. */
export function insertIntoChunks(store: SampleStore, slot: number, timestampMs: number, value: number): number {
  const { chunks, table } = store;
  if (timestampMs >= store.tails.firstMs(slot)) return OUT_OF_ORDER;
  let newer = 0;
  let chunk = table.chunk[slot]!;
  while (chunk !== 0 && chunks.firstMs(chunk) > timestampMs) {
    newer = chunk;
    chunk = chunks.olderThan(chunk);
  }
  // Before all others: into the oldest chunk, if that is one of floats.
  if (chunk === 0 && newer !== 0 && chunks.encodingOf(newer) === FLOATS) {
    chunk = newer;
    newer = newerThan(store, slot, chunk);
  }
  if (chunk !== 0 && chunks.encodingOf(chunk) !== FLOATS) {
    if (timestampMs <= chunks.lastMs(chunk)) return OUT_OF_ORDER;
    link(store, slot, newer, encode(store, chunk, 0, place(0, 0, timestampMs, value), 0));
    return ACCEPTED;
  }
  if (chunk === 0) {
    link(store, slot, newer, encode(store, 0, 0, place(0, 0, timestampMs, value), 0));
    return ACCEPTED;
  }
  const count = chunks.samplesOf(chunk);
  store.reader.bytes = chunks.arena.bytes(chunk);
  store.reader.at = chunks.streamOffset(chunk) * 8;
  decodeXor(store.reader, count, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, columns, 0);
  let at = count;
  while (at > 0 && columns.timestampsMs[at - 1]! >= timestampMs) at--;
  if (at < count && columns.timestampsMs[at] === timestampMs)
    return sameBits(columns.values[at]!, value) ? KNOWN : DUPLICATE;
  const total = place(at, count, timestampMs, value);
  const startMs = chunks.startMs(chunk);
  const half = total > SAMPLES_PER_CHUNK ? total >>> 1 : 0;
  let older = chunks.olderThan(chunk);
  if (half > 0) older = encode(store, older, 0, half, startMs);
  const made = encode(store, older, half, total, startMs);
  chunks.free(chunk);
  link(store, slot, newer, made);
  return ACCEPTED;
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

function link(store: SampleStore, slot: number, newer: BlockRef, made: BlockRef): void {
  const { table, chunks, hot } = store;
  if (newer !== 0) {
    chunks.setOlder(newer, made);
    return;
  }
  table.chunk[slot] = made;
  const block = table.hot[slot]!;
  if (block === NO_BLOCK) return;
  const page = hot.page(block);
  const index = hot.index(block);
  if (chunks.startMs(made) === page.startsMs[index]) store.keepOpen(page, index, store.encoder.writer.at);
  else page.openBits[index] = 0;
}

function newerThan(store: SampleStore, slot: number, chunk: BlockRef): BlockRef {
  let newer = 0;
  for (let at = store.table.chunk[slot]!; at !== chunk; at = store.chunks.olderThan(at)) newer = at;
  return newer;
}
